"""What a lesson is made of, and how one is read from its file.

The prose opens the lesson; then each ``## `` heading is a step, its text before a line of ``---`` shown first
and the rest once the learner has done what the step asks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lessons.head import Head, LessonError, split

FOLDER = Path(__file__).resolve().parent
EXHIBITS = ("stream",)
QUANTITIES = ("surprise", "write")


@dataclass(frozen=True)
class Exhibit:
    """What moves beside the prose: a text, and the model that reads it."""

    kind: str
    model: str
    text: str


@dataclass(frozen=True)
class Mention:
    """The ``telling``-th time (from 1) that ``word`` stands in the text; ``label`` says it in words."""

    word: str
    telling: int
    label: str

    def span(self, text: str) -> tuple[int, int] | None:
        """Where in ``text`` it stands, as (begin, end) in characters; None where it does not."""
        found = [m.span() for m in re.finditer(rf"\b{re.escape(self.word)}\b", text)]
        return found[self.telling - 1] if self.telling <= len(found) else None


@dataclass(frozen=True)
class Predict:
    """The learner says at which mention ``quantity`` will be greatest."""

    quantity: str
    question: str
    mentions: tuple[Mention, ...]


@dataclass(frozen=True)
class Estimate:
    """The learner says how many percent of ``quantity`` at ``before`` there will be at ``after``."""

    quantity: str
    question: str
    before: Mention
    after: Mention


@dataclass(frozen=True)
class Step:
    """One step: its prose on both sides of what the learner does."""

    title: str
    opening: str
    action: Predict | Estimate
    explanation: str


@dataclass(frozen=True)
class Choice:
    """An answer that can be chosen, and why it is right or wrong."""

    text: str
    why: str


@dataclass(frozen=True)
class Checkpoint:
    """A question on what was learned; ``answer`` counts the choices from 0."""

    question: str
    choices: tuple[Choice, ...]
    answer: int


@dataclass(frozen=True)
class Lesson:
    """A lesson, checked."""

    number: int
    name: str
    title: str
    minutes: int
    goal: str
    opening: str
    exhibit: Exhibit
    steps: tuple[Step, ...]
    checkpoints: tuple[Checkpoint, ...]


def load_all(folder: Path = FOLDER) -> list[Lesson]:
    """Every lesson of a folder, in order. Raises LessonError for the first that is not as it must be."""
    return [load(path) for path in sorted(folder.glob("[0-9]*.md"))]


def load(path: Path) -> Lesson:
    """The lesson in ``NUMBER-NAME.md``. Raises LessonError, naming file and field, where it is malformed."""
    named = re.fullmatch(r"(\d+)-([a-z-]+)", path.stem)
    if named is None:
        raise LessonError(f"{path.name}: a lesson's file is named like 01-surprise.md")
    head, prose = split(path.name, path.read_text(encoding="utf-8"))
    opening, sections = read_sections(path.name, prose)
    exhibit = read_exhibit(head.table("exhibit"))
    lesson = Lesson(
        number=int(named[1]),
        name=named[2],
        title=head.text("title"),
        minutes=head.count("minutes"),
        goal=head.text("goal"),
        opening=opening,
        exhibit=exhibit,
        steps=read_steps(head, sections, exhibit.text),
        checkpoints=tuple(read_checkpoint(table) for table in head.tables("checkpoints")),
    )
    head.finish()
    return lesson


def read_sections(file: str, prose: str) -> tuple[str, dict[str, tuple[str, str]]]:
    """The opening, and each ``## `` section as (before, after) its line of ``---``."""
    opening, *parts = re.split(r"^## +", prose, flags=re.MULTILINE)
    sections = {}
    for part in parts:
        title, _, body = part.partition("\n")
        before, line, after = body.partition("\n---\n")
        if not line:
            raise LessonError(
                f"{file}: the section {title.strip()!r} needs a line of --- before its explanation"
            )
        sections[title.strip()] = (before.strip(), after.strip())
    return opening.strip(), sections


def read_exhibit(head: Head) -> Exhibit:
    """The head's [exhibit]."""
    exhibit = Exhibit(head.one_of("kind", EXHIBITS), head.text("model"), head.text("text"))
    head.finish()
    return exhibit


def read_steps(head: Head, sections: dict[str, tuple[str, str]], text: str) -> tuple[Step, ...]:
    """The head's [[steps]], each with the section of its title, in the same order."""
    tables = head.tables("steps")
    steps = []
    for table in tables:
        title = table.text("title")
        if title not in sections:
            raise table.error("title", f"needs a section '## {title}' in the prose")
        before, after = sections[title]
        steps.append(Step(title, before, read_action(table, text), after))
        table.finish()
    if [step.title for step in steps] != list(sections):
        raise head.error("steps", f"must follow the prose's sections: {', '.join(sections)}")
    return tuple(steps)


def read_action(head: Head, text: str) -> Predict | Estimate:
    """What a step asks of the learner."""
    action = head.one_of("action", ("predict", "estimate"))
    quantity, question = head.one_of("quantity", QUANTITIES), head.text("question")
    if action == "predict":
        mentions = tuple(read_mention(table, text) for table in head.tables("mentions", at_least=2))
        return Predict(quantity, question, mentions)
    before, after = (read_mention(head.table(name), text) for name in ("before", "after"))
    return Estimate(quantity, question, before, after)


def read_mention(head: Head, text: str) -> Mention:
    """A word of the exhibit's text."""
    mention = Mention(head.text("word"), head.count("telling"), head.text("label"))
    if mention.span(text) is None:
        raise head.error(
            "word", f"{mention.word!r} does not stand {mention.telling} times in the exhibit's text"
        )
    head.finish()
    return mention


def read_checkpoint(head: Head) -> Checkpoint:
    """One of the head's [[checkpoints]]; its ``answer`` is the number of a choice, from 1."""
    question, answer = head.text("question"), head.count("answer")
    choices = []
    for table in head.tables("choices", at_least=2):
        choices.append(Choice(table.text("text"), table.text("why")))
        table.finish()
    if answer > len(choices):
        raise head.error("answer", f"must be the number of a choice, 1 to {len(choices)}, not {answer}")
    head.finish()
    return Checkpoint(question, tuple(choices), answer - 1)
