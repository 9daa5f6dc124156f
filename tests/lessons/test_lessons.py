"""Claims about the lessons: how they are read, what a mistake in one says, and that all can be run."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

import titans_core as tc
from lessons import (
    FOLDER,
    Claim,
    Estimate,
    Found,
    Lesson,
    LessonError,
    Rank,
    fill,
    load,
    load_all,
    percent,
    run,
    survey,
    words,
)
from lessons.claims import spoken_of
from lessons.exhibits import kinds

LESSON = """+++
title = "A title"
minutes = 5
goal = "A goal."

[exhibit]
kind = "stream"
model = "mac"
text = "one two one"
words = [
  { name = "one", word = "one" },
  { name = "again", word = "one", telling = 2 },
  { name = "two", word = "two" },
]
shares = [{ name = "left", quantity = "surprise", before = "one", after = "again" }]

[[steps]]
title = "Guess"
shows = "text"
action = "estimate"
question = "How much?"
claim = "left"
measure = "surprise"
least = 0
most = 100
step = 5

[[steps]]
title = "Order"
reveals = "player"
action = "rank"
question = "Which?"
measure = "surprise"
options = [
  { claim = "surprise_one", label = "one" },
  { claim = "surprise_again", label = "again" },
  { claim = "surprise_two", label = "two" },
]

[[checkpoints]]
question = "What?"
answer = 2
choices = [{ text = "This", why = "No." }, { text = "That", why = "Yes." }]

[[checkpoints]]
question = "How?"
answer = 1
choices = [{ text = "So", why = "Yes, {left}." }, { text = "Else", why = "No." }]

[teacher]
ask = ["Why?"]
wrong = ["All."]
time = "5 minutes."
+++

An opening.

## Guess

Before.

---

After, {left}.

## Order

Before.

---

After.
"""


def written(folder: Path, content: str, name: str = "07-try-it.md") -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


@cache
def model(name: str) -> tc.TitansLM:
    return tc.load(name, device="cpu")


@cache
def found(name: str) -> Found:
    """What a shipped lesson's exhibit finds."""
    return run(next(lesson for lesson in load_all() if lesson.name == name), model)


def test_a_lesson_is_read_whole(tmp_path: Path) -> None:
    lesson = load(written(tmp_path, LESSON))
    assert (lesson.number, lesson.name, lesson.minutes, lesson.opening) == (7, "try-it", 5, "An opening.")
    assert [(step.title, step.opening, step.shows, step.reveals) for step in lesson.steps] == [
        ("Guess", "Before.", "text", ""),
        ("Order", "Before.", "", "player"),
    ]
    assert [type(step.action) for step in lesson.steps] == [Estimate, Rank]
    assert lesson.checkpoints[0].choices[lesson.checkpoints[0].answer].text == "That"
    assert lesson.teacher.ask == ("Why?",)
    assert run(lesson, model).claims.keys() == {*lesson.exhibit.promises}


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('title = "A title"\n', "", "title is missing"),
        ("minutes = 5", 'minutes = "five"', "minutes must be a whole number"),
        ("minutes = 5", "minutes = true", "minutes must be a whole number"),
        ("minutes = 5", "minutes = 0", "minutes must be at least 1"),
        ('goal = "A goal."', 'goal = " "', "goal must not be empty"),
        ('goal = "A goal."', 'goal = "A goal."\ngaol = 1', "gaol is not a field"),
        ('kind = "stream"', 'kind = "strem"', f"exhibit.kind must be one of {', '.join(kinds())}"),
        ('model = "mac"', 'model = "mca"', "exhibit.model must be one of mac, mag"),
        ('name = "two"', 'name = "Two"', "exhibit.words[3].name must be small letters"),
        ("telling = 2", "telling = 3", "exhibit.words[2].word 'one' does not stand 3 times"),
        ('before = "one"', 'before = "three"', "exhibit.shares[1].before must be one of one, again, two"),
        ('claim = "left"', 'claim = "lift"', "steps[1].claim must be one of surprise_one"),
        ('action = "rank"', 'action = "guess"', "steps[2].action must be one of predict, rank, estimate"),
        ('action = "rank"', 'action = "do"', "steps[2].shows is missing"),
        ('reveals = "player"', 'reveals = "palyer"', "steps[2].reveals must be one of text, player"),
        ("most = 100", "most = 0", "steps[1].most must be more than 0"),
        ("step = 5", "step = 0", "steps[1].step must be more than 0"),
        ("step = 5", 'step = 5\nquantity = "suprise"', "steps[1].quantity must be one of"),
        ('label = "again"', 'label = "one"', "steps[2].options must differ"),
        ("answer = 2", "answer = 3", "checkpoints[1].answer must be the number of a choice, 1 to 2"),
        ("answer = 2", "answer = 0", "checkpoints[1].answer must be at least 1"),
        (', { text = "That", why = "Yes." }', "", "checkpoints[1].choices must have at least 2"),
        ("answer = 2", "answer = ", "the head is not TOML"),
        ('ask = ["Why?"]', "ask = [1]", "teacher.ask must be a list of at least 1 texts"),
        ("+++\n\nAn", "\n\nAn", "the head must stand first"),
        ("## Guess", "## Guest", "steps[1].title needs a section '## Guess'"),
        ("\n---\n\nAfter, {left}.", "\nAfter, {left}.", "'Guess' needs a line of ---"),
        ("After, {left}.", "", "steps[1].title has a section with nothing after"),
        ("After, {left}.", "After, {lift}.", "speaks of {lift}, which its exhibit does not find"),
        ("Yes, {left}.", "Yes, {lift}.", "speaks of {lift}, which its exhibit does not find"),
    ],
)  # fmt: skip
def test_an_authors_mistake_is_told_with_file_and_field(
    tmp_path: Path, old: str, new: str, field: str
) -> None:
    assert old in LESSON
    with pytest.raises(LessonError, match=re.escape(field)) as error:
        load(written(tmp_path, LESSON.replace(old, new, 1)))
    assert str(error.value).startswith("07-try-it.md: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("lesson", load_all(), ids=lambda lesson: lesson.name)
def test_whatever_an_exhibit_misses_is_told_or_not_needed(tmp_path: Path, lesson: Lesson) -> None:
    content = next(FOLDER.glob(f"*-{lesson.name}.md")).read_text(encoding="utf-8")
    exhibit = content[content.index("[exhibit]") : content.index("[[steps]]")]
    for field in re.finditer(r'\b\w+ = ("[^"\n]*"|\d+)(, )?', exhibit):
        less = exhibit[: field.start()] + exhibit[field.end() :]
        with suppress(LessonError):
            load(written(tmp_path, content.replace(exhibit, less)))


def test_prose_and_steps_stand_in_the_same_order(tmp_path: Path) -> None:
    extra = LESSON + "\n## Unasked\n\nBefore.\n\n---\n\nAfter.\n"
    with pytest.raises(LessonError, match="must follow the prose's sections: Guess, Order, Unasked"):
        load(written(tmp_path, extra))


def test_a_malformed_lesson_keeps_nobody_from_the_others(tmp_path: Path) -> None:
    written(tmp_path, LESSON)
    written(tmp_path, LESSON, "07-zebra.md")
    written(tmp_path, LESSON, "08-try-it.md")
    written(tmp_path, "no head", "09-bare.md")
    (tmp_path / "10-latin.md").write_bytes(b"\xe9")
    (tmp_path / "11-folder.md").mkdir()
    (tmp_path / "12-gone.md").symlink_to(tmp_path / "nowhere")
    (tmp_path / ".#07-zebra.md").symlink_to("an editor's mark")
    shelf = survey(tmp_path)
    assert len(shelf.lessons) == 1
    told = "\n".join(shelf.problems)
    for part in (
        "7 is taken by",
        "try-it is taken by",
        "09-bare.md: the head",
        "10-latin.md: the file is not",
        "11-folder.md: the file cannot be read",
        "12-gone.md: the file cannot be read",
    ):
        assert part in told
    assert len(shelf.problems) == 6


def test_an_exhibit_that_finds_something_else_is_told(tmp_path: Path) -> None:
    choose = (
        'action = "choose"\nquestion = "Which?"\nclaim = "left"\n'
        'options = [{ value = "much", label = "much" }, { value = "little", label = "little" }]\n'
    )
    start, end = LESSON.index('action = "estimate"'), LESSON.index('[[steps]]\ntitle = "Order"')
    lesson = load(written(tmp_path, LESSON[:start] + choose + LESSON[end:]))
    with pytest.raises(LessonError, match="step 1: left was found to be .* offer it among the options"):
        run(lesson, model)


def test_prose_is_filled_but_for_its_formulas() -> None:
    claims = {"left": percent(0.694), "sign": Claim("less"), "bias": Claim(-0.5)}
    assert spoken_of("{left} of $x_{left} {that}$ and {sign}") == {"left", "sign"}
    assert fill("{left}, $x_{left}$, {sign}, {bias}", claims) == "69\u00a0%, $x_{left}$, less, −0.50"


def test_a_missing_word_is_told_with_its_file() -> None:
    with pytest.raises(LessonError, match="page.toml: goodbye is missing"):
        words("page")("goodbye")
    with pytest.raises(LessonError, match="nowhere.toml: this file is missing"):
        words("nowhere")


def test_every_kind_of_exhibit_can_be_drawn_and_has_words() -> None:
    drawn = {path.stem for path in (FOLDER.parent.parent / "app" / "exhibits").glob("*.py")}
    for kind in kinds():
        assert kind in drawn and words(kind).texts


@pytest.mark.parametrize("lesson", load_all(), ids=lambda lesson: lesson.name)
def test_shipped_lessons_explain_every_answer(lesson: Lesson) -> None:
    assert 2 <= len(lesson.checkpoints) <= 4
    for checkpoint in lesson.checkpoints:
        assert len({choice.why for choice in checkpoint.choices}) == len(checkpoint.choices)


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.md")), ids=lambda path: path.stem)
def test_an_equation_stands_between_lines_of_its_own(path: Path) -> None:
    """On one line with its dollars it would be set within the text, and broken where a line ends."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "$$" in line]
    assert lines == ["$$"] * len(lines) and len(lines) % 2 == 0


@pytest.mark.parametrize("lesson", load_all(), ids=lambda lesson: lesson.name)
def test_the_prose_holds_no_number_about_a_model(lesson: Lesson) -> None:
    prose = " ".join(part for step in lesson.steps for part in (step.opening, step.explanation))
    bare = re.sub(r"\$[^$]*\$|`[^`]*`", "", prose)
    assert not re.findall(r"\d+(?:\.\d+)? ?%|\b0\.\d+\b", bare)


@pytest.mark.lessons
@pytest.mark.parametrize("lesson", load_all(), ids=lambda lesson: lesson.name)
def test_every_exhibit_runs_and_finds_what_it_promises(lesson: Lesson) -> None:
    assert found(lesson.name).claims.keys() == {*lesson.exhibit.promises}


def test_the_lesson_that_the_guide_writes_can_be_read_and_run(tmp_path: Path) -> None:
    guide = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```markdown\n(.*?)```", guide, re.DOTALL)
    lesson = load(written(tmp_path, example, "13-told-twice.md"))
    assert 0 < run(lesson, model).claims["left"].number < 100
    for kind in re.findall(r"^\| `([a-z]+)` \| [^|]* \| `model`", guide, re.MULTILINE):
        assert kind in kinds()
