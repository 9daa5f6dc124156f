"""What the story world promises: every answer was told, and everything is tagged as what it is."""

import re
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
import pytest

from titans_core.tasks import (
    ALL_KINDS,
    MAIN_KINDS,
    Example,
    Fact,
    Kind,
    Tag,
    batch,
    corpus,
    filler,
    story,
)
from titans_core.tasks.document import Document
from titans_core.tasks.facts import TELLINGS, statement
from titans_core.tasks.haystack import SENTENCES, UNSEEN
from titans_core.tasks.needle import LONGEST_FACT
from titans_core.tasks.words import ANIMALS, COLOURS, FOODS, NAMES, OBJECTS, PLACES
from titans_core.tokenizer import Tokenizer

TOKENIZER = Tokenizer.load()
TEXTS = Path(__file__).parents[2] / "assets" / "texts"

VALUE = {Kind.CODE: r"\d \d \d \d", Kind.PASSKEY: r"\d(?: \d){4}", Kind.SONG: r"\w+(?: \w+){2,4}"}
TWO_WORDS = (Kind.PLACE, Kind.CODE, Kind.PASSKEY, Kind.STATUS)
TOLD = (Tag.VALUE, Tag.REPEAT_VALUE, Tag.UPDATE_VALUE, Tag.ANSWER)


def form_pattern(kind: Kind, form: str, end: str) -> re.Pattern[str]:
    """A form as an expression, written apart from the generator, to read its documents with."""
    subject = r"(?P<subject>\w+ \w+)" if kind in TWO_WORDS else r"(?P<subject>\w+)"
    escaped = re.escape(form).replace(r"\{subject\}", subject).replace(r"\{who\}", r"\w+")
    escaped = escaped.replace(r"\{n\}", r"\d+")
    return re.compile(rf"(?<!\w){escaped}{end}".replace("VALUE", VALUE.get(kind, r"\w+")))


STATEMENTS = [
    (
        kind,
        form_pattern(kind, form, r" (?P<value>VALUE)" + (r"(?:[.,\n]|$)" if kind is Kind.ENTRY else "[.,]")),
    )
    for kind, telling in TELLINGS.items()
    for form in telling.statements + telling.updates
]
QUESTIONS = [
    (kind, form_pattern(kind, form, r"(?: (?P<value>VALUE|unknown)\.)?(?=\s|$)"))
    for kind, telling in TELLINGS.items()
    for form in telling.questions
]


def read(text: str) -> tuple[dict[tuple[Kind, str], str], list[tuple[str, str]]]:
    """Reads a document as a person would: what is known at the end, and every (answer, truth at its time)."""
    events = [(m.start(), "over", Kind.NONE, m) for m in re.finditer(r"Chapter \d+\.", text)]
    events += [(m.start("value"), "told", kind, m) for kind, p in STATEMENTS for m in p.finditer(text)]
    events += [
        (m.start("value"), "asked", kind, m) for kind, p in QUESTIONS for m in p.finditer(text) if m["value"]
    ]
    known: dict[tuple[Kind, str], str] = {}
    answers = []
    for _, what, kind, match in sorted(events, key=lambda event: event[0]):
        if what == "over":
            known.clear()
        elif what == "told":
            known[kind, match["subject"]] = match["value"]
        else:
            answers.append((match["value"], known.get((kind, match["subject"]), "unknown")))
    return known, answers


def runs(example: Example, *tags: Tag) -> int:
    """How many stretches of these tags there are."""
    inside = np.isin(example.tags, tags).astype(int)
    return int((np.diff(inside, prepend=0) == 1).sum())


def test_the_same_seed_tells_the_same_stories() -> None:
    one, same, other = (batch(Random(seed), TOKENIZER, 3, 128, (2, 4)) for seed in (5, 5, 6))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one.ids, other.ids)
    assert not np.array_equal(one.ids[0], one.ids[1])


@pytest.mark.parametrize(("length", "facts"), [(1, 1), (37, 4), (128, 1), (300, 4), (1024, 24)])
def test_a_story_has_exactly_the_length_asked_and_the_tokens_of_its_text(length: int, facts: int) -> None:
    for seed in range(10):
        example = story(Random(seed), TOKENIZER, length, facts)
        assert example.ids.tolist() == [TOKENIZER.begin, *TOKENIZER.encode(example.text)][:length]
        assert {len(a) for a in (example.ids, example.tags, example.distance, example.kind)} == {length}


def test_a_batch_is_stories_side_by_side_with_one_token_more_for_the_targets() -> None:
    made = batch(Random(0), TOKENIZER, 4, 100, (2,))
    assert {array.shape for array in made} == {(4, 101)}
    assert [a.dtype for a in made] == [np.int64, np.int8, np.int32, np.int8]
    assert (made.ids[:, 0] == TOKENIZER.begin).all()


def test_every_answer_is_what_was_told_last() -> None:
    count = 0
    for seed in range(60):
        example = story(Random(seed), TOKENIZER, 600, 8)
        _, answers = read(example.text)
        assert all(given == truth for given, truth in answers), example.text
        count += len(answers)
    assert count > 500


def test_an_answer_repeats_the_tokens_that_stand_its_distance_before() -> None:
    made = batch(Random(1), TOKENIZER, 40, 512, (4, 16))
    rows, at = np.nonzero(made.distance)
    assert (made.tags[rows, at] == Tag.ANSWER).all() and (made.tags == Tag.ANSWER).sum() == len(rows)
    stop = made.ids[rows, at] == TOKENIZER.encode(".", opening=False)[0]  # ends the answer, told or not
    before = (at - made.distance[rows, at])[~stop]
    assert (made.ids[rows[~stop], before] == made.ids[rows[~stop], at[~stop]]).all()
    assert np.isin(made.tags[rows[~stop], before], TOLD).all()
    assert ((made.kind > 0) == (made.tags == Tag.ANSWER)).all()


@pytest.mark.parametrize("least", [0, 24, 100])
def test_no_question_comes_before_its_least_distance(least: int) -> None:
    made = batch(Random(2), TOKENIZER, 30, 384, (3,), min_distance=least)
    distances = made.distance[made.distance > 0]
    assert distances.min() > least
    assert distances.min() < least + 20


def test_long_distances_occur() -> None:
    made = batch(Random(3), TOKENIZER, 64, 512, (6, 16))
    share = (made.distance > 256).sum() / (made.distance > 0).sum()
    assert share > 0.1 and made.distance.max() > 400


def test_stories_hold_every_tag_every_kind_and_questions_without_an_answer() -> None:
    stories = [story(Random(seed), TOKENIZER, 512, 6, chapters=True) for seed in range(200)]
    tags = Counter(tag for example in stories for tag in example.tags.tolist())
    assert set(tags) == set(Tag) - {Tag.TEXT}  # of one's own texts
    assert {kind for example in stories for kind in example.kind.tolist()} == set(Kind)
    asked = sum(len(p.findall(example.text)) for example in stories for _, p in QUESTIONS)
    answered = sum(len(read(example.text)[1]) for example in stories)
    assert 0.02 < 1 - answered / asked < 0.12


def test_a_story_of_one_kind_tells_no_other() -> None:
    for kind in ALL_KINDS:
        known, _ = read(story(Random(kind), TOKENIZER, 300, 5, kinds=(kind,)).text)
        assert {k for k, _ in known} == {kind}


def test_after_a_chapter_opens_what_was_told_before_is_unknown() -> None:
    given = []
    for seed in range(60):
        example = story(Random(seed), TOKENIZER, 768, 6, chapters=True)
        _, answers = read(example.text)
        assert all(answer == truth for answer, truth in answers), example.text
        given += [answer for answer, _ in answers]
        assert (example.distance[example.kind == Kind.UNKNOWN] == 0).all()
    assert 0.05 < given.count("unknown") / len(given) < 0.3


def test_a_story_whose_subjects_are_used_up_goes_on() -> None:
    for seed in range(40):
        kind = ALL_KINDS[seed % len(ALL_KINDS)]
        example = story(Random(seed), TOKENIZER, 4096, 24, kinds=(kind,), chapters=True)
        assert len(example.ids) == 4096


def test_a_story_without_chapters_knows_everything() -> None:
    made = batch(Random(5), TOKENIZER, 60, 512, (6,))
    assert not np.isin(made.tags, Tag.CHAPTER).any() and not np.isin(made.kind, Kind.UNKNOWN).any()
    assert np.isin(batch(Random(5), TOKENIZER, 60, 512, (6,), chapters=0.5).tags, Tag.CHAPTER).any()


def people(text: str) -> set[str]:
    """The names that a document's facts are about."""
    return {subject for kind, subject in read(text)[0] if kind not in (*TWO_WORDS, Kind.ENTRY)}


def test_a_crowded_story_tells_several_things_of_the_same_people() -> None:
    def told(crowded: bool) -> list[int]:
        return [
            len(people(story(Random(seed), TOKENIZER, 400, 12, kinds=MAIN_KINDS, crowded=crowded).text))
            for seed in range(30)
        ]

    assert np.mean(told(True)) < 0.8 * np.mean(told(False))
    assert max(told(True)) <= 8


@pytest.mark.parametrize("facts", [1, 2, 6, 24])
def test_a_crowded_story_has_room_for_its_facts_and_truly_answers(facts: int) -> None:
    for seed in range(40):
        example = story(Random(seed), TOKENIZER, 768, facts, chapters=seed % 4 == 0, crowded=True)
        assert all(answer == truth for answer, truth in read(example.text)[1]), example.text


def test_a_share_of_a_batch_is_crowded() -> None:
    def told(crowded: float) -> int:
        made = batch(Random(5), TOKENIZER, 40, 512, (16,), crowded=crowded)
        return sum(len(people(TOKENIZER.decode(ids.tolist()[1:]))) for ids in made.ids)

    assert told(1.0) < told(0.5) < told(0.0)


def test_an_insistent_story_tells_a_few_facts_again_and_again() -> None:
    def retold(insistent: bool) -> list[int]:
        found = []
        for seed in range(20):
            example = story(Random(seed), TOKENIZER, 900, 8, updates=0.08, insistent=insistent)
            known, answers = read(example.text)
            assert all(answer == truth for answer, truth in answers), example.text
            told = Counter((kind, m["subject"]) for kind, p in STATEMENTS for m in p.finditer(example.text))
            assert set(told) >= set(known)
            found.append(sum(times > 3 for times in told.values()))
        return found

    assert np.mean(retold(True)) > 1 > np.mean(retold(False)) + 0.5


def test_as_many_facts_are_tagged_as_are_told() -> None:
    for seed in range(30):
        example = story(Random(seed), TOKENIZER, 400, 7)
        told = len({m.start("value") for _, p in STATEMENTS for m in p.finditer(example.text)})
        tagged = runs(example, Tag.VALUE, Tag.REPEAT_VALUE, Tag.UPDATE_VALUE)
        assert told - 1 <= tagged <= told  # the last sentence may reach beyond the last token
        assert runs(example, Tag.VALUE) == 7


def test_filler_never_states_or_asks_a_fact() -> None:
    for seed in range(600):
        text = filler(seed)
        assert not any(p.search(text) for _, p in STATEMENTS + QUESTIONS), text


def test_filler_is_the_seeds_own_and_varied() -> None:
    paragraphs = [filler(seed) for seed in range(200)]
    assert paragraphs[7] == filler(7)
    assert len(set(paragraphs)) == 200
    assert len({word for text in paragraphs for word in text.split()}) > 1000


@pytest.mark.parametrize(
    ("fact", "who", "told", "changed", "asked"),
    [
        (
            Fact(Kind.PLACE, "red key", "attic"),
            "Mara",
            "Mara put the red key in the attic.",
            "Mara moved the red key to the attic.",
            "Where is the red key?",
        ),
        (Fact(Kind.FOOD, "Tom", "soup"), "", "Tom likes soup.", "Now Tom likes soup.", "What does Tom like?"),
        (
            Fact(Kind.PET, "Ivy", "owl"),
            "",
            "Ivy has a pet owl.",
            "Now Ivy has a pet owl.",
            "What pet has Ivy?",
        ),
        (
            Fact(Kind.CODE, "blue box", "4 0 7 1"),
            "",
            "The code for the blue box is 4 0 7 1.",
            "The code for the blue box is now 4 0 7 1.",
            "What is the code for the blue box?",
        ),
        (
            Fact(Kind.PASSWORD, "Leo", "zimorka"),
            "",
            "The password of Leo is zimorka.",
            "The password of Leo is now zimorka.",
            "What is the password of Leo?",
        ),
    ],
)
def test_the_first_form_of_each_kind_is_the_plain_one(
    fact: Fact, who: str, told: str, changed: str, asked: str
) -> None:
    telling = TELLINGS[fact.kind]
    forms = (telling.statements[0], telling.updates[0], telling.questions[0])
    state, update, question = (form.format(subject=fact.subject, who=who) for form in forms)
    assert (f"{state} {fact.value}.", f"{update} {fact.value}.", question) == (told, changed, asked)


def test_the_words_that_lessons_speak_of_are_in_the_world() -> None:
    assert {*"Mara Tom Ivy Leo Nina Omar Ruth Sam Tess Hugo".split()} <= {*NAMES}
    assert {*"red blue green black white grey brown silver".split()} <= {*COLOURS}
    assert {*"key book lamp coin ring map cup drum box clock".split()} <= {*OBJECTS}
    assert {*"attic cellar kitchen garden garage library stable tower chapel harbour".split()} <= {*PLACES}
    assert {*"bread soup rice pears beans cake honey fish".split()} <= {*FOODS}
    assert {*"cat dog fox owl goat crow toad duck".split()} <= {*ANIMALS}


def test_no_word_of_the_world_is_in_two_lists_of_values() -> None:
    values = PLACES + FOODS + ANIMALS
    assert len(values) == len(set(values))


def test_a_statement_is_never_longer_than_a_needle_reckons_with() -> None:
    lengths = []
    for seed in range(1500):
        document = Document(Random(seed), TOKENIZER)
        document.fill()
        before = len(document)
        fact = document.new_fact(MAIN_KINDS)
        document.tell(fact, statement(document.rng, fact), Tag.FACT)
        lengths.append(len(document) - before)
    assert max(lengths) <= LONGEST_FACT


def test_a_password_is_mostly_several_tokens_that_no_vocabulary_knows() -> None:
    stories = [story(Random(seed), TOKENIZER, 200, 6, kinds=(Kind.PASSWORD,)) for seed in range(50)]
    words = [value for example in stories for value in read(example.text)[0].values()]
    sizes = Counter(len(TOKENIZER.encode(word)) for word in words)
    assert (sizes[2] + sizes[3]) / len(words) > 0.8 and sizes[1] / len(words) < 0.02
    assert len(set(words)) > 0.9 * len(words)


def test_unseen_prose_is_in_no_training_text() -> None:
    assert not set(UNSEEN) & set(SENTENCES)
    assert not any(p.search(sentence) for sentence in UNSEEN + SENTENCES for _, p in STATEMENTS + QUESTIONS)


def test_a_document_that_answers_nothing_has_no_answer_position() -> None:
    with pytest.raises(ValueError, match="answers no question"):
        _ = story(Random(0), TOKENIZER, 20, 4).answer_start


def test_the_corpus_is_its_seeds_own() -> None:
    assert list(corpus(3)) == list(corpus(3)) != list(corpus(4))


@pytest.mark.parametrize(
    ("name", "facts"), [("the-red-key", 5), ("tom-moves-the-lamp", 4), ("the-lighthouse", 0)]
)
def test_a_sample_text_is_short_and_answers_its_questions_truly(name: str, facts: int) -> None:
    text = (TEXTS / f"{name}.txt").read_text(encoding="utf-8")
    assert 150 <= len(TOKENIZER.encode(text)) <= 500
    known, answers = read(text)
    assert len(known) == facts
    assert len(answers) >= facts - 1 and all(given == truth for given, truth in answers)


def test_one_sample_text_repeats_a_fact_and_changes_it() -> None:
    text = (TEXTS / "tom-moves-the-lamp.txt").read_text(encoding="utf-8")
    assert text.count("Nina put the silver lamp in the library.") == 2
    assert read(text)[0][Kind.PLACE, "silver lamp"] == "cellar"
