"""Questions over one, two and three facts hidden among filler, in the manner of BABILong.

BABILong (Kuratov et al. 2024, arXiv 2406.10149) hides the sentences of bAbI's tasks (Weston et al. 2015,
arXiv 1502.05698) in a long text. Here are its first three, qa1 to qa3, in our words: where is Mara (told by
her last move), where is the lamp (who took it, and where they went), where was the lamp before the kitchen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from titans_core.tasks.document import VALUE_TAG, Document, Example, Tag
from titans_core.tasks.facts import Kind
from titans_core.tasks.haystack import HAYSTACKS
from titans_core.tasks.words import NAMES
from titans_core.tasks.world import MOST_FACTS, Asked, Deed, World
from titans_core.tokenizer import Tokenizer

FORMS = {"go": ("went to", "moved to"), "take": ("took", "got"), "leave": ("left",)}
DEEDS = (10, 16)  # of a story that is asked one question
LONGEST_DEED, LONGEST_QUESTION = 9, 16  # tokens, with the separator
LEAST_LENGTH = DEEDS[1] * LONGEST_DEED + LONGEST_QUESTION
MISSES = 8  # sentences of filler in a row that are too long, before the story goes on
MOST_FILLER = 0.6  # share of a training story's sentences; each story draws its own
STEPS = 1 / 3  # of the questions over several facts are for the first step: who has the thing
QUESTIONS = 0.65  # of its other sentences, where something can be asked


def babi(
    rng: Random,
    tokenizer: Tokenizer,
    length: int,
    facts: int,
    haystack: str = "mixed",
    carried_on: bool = False,
) -> Example:
    """A story with one question, at its end, that needs so many facts; ``carried_on``: about a thing that
    somebody carried on since it was taken.

    It has at most ``length`` tokens, and as many whole sentences of filler among what happens as there is
    room for. Raises ValueError for a length below LEAST_LENGTH, other numbers of facts than 1, 2 and 3, and
    where there is no such haystack.
    """
    if length < LEAST_LENGTH or not 1 <= facts <= MOST_FACTS:
        raise ValueError(f"a question needs 1 to {MOST_FACTS} facts and at least {LEAST_LENGTH} tokens")
    if haystack not in HAYSTACKS:
        raise ValueError(f"no haystack is called {haystack}: take one of {', '.join(HAYSTACKS)}")
    asked: Sequence[Asked] = ()
    while not asked:
        world = World(rng)
        deeds = [world.go_on() for _ in range(rng.randint(*DEEDS))]
        asked = [one for one in world.questions(facts) if world.carried_on(one) or not carried_on]
    tale = _Tale(Document(rng, tokenizer))
    room = length - LONGEST_QUESTION - LONGEST_DEED * len(deeds)
    for deed, filled in zip(deeds, sorted(rng.randint(0, room) for _ in deeds), strict=True):
        tale.fill_up(filled + LONGEST_DEED * len(tale.told), HAYSTACKS[haystack])
        tale.tell(deed)
    tale.fill_up(length - LONGEST_QUESTION, HAYSTACKS[haystack])
    tale.ask(rng.choice(asked))
    return tale.document.example()


def babi_story(
    rng: Random, tokenizer: Tokenizer, length: int, facts: Sequence[int], min_distance: int = 24
) -> Example:
    """A story to learn from, of ``length`` tokens: deeds, filler and questions, each of which needs one of
    these numbers of ``facts``.

    A question begins at least ``min_distance`` tokens after the word that answers it, and is not asked again
    before its answer was told anew. Some ask who has a thing: whoever is to find it learns that first.
    """
    world, tale = World(rng), _Tale(Document(rng, tokenizer))
    filler, known = rng.random() * MOST_FILLER, set[Asked]()
    while len(tale.document) < length:
        latest, needed = len(tale.document) - min_distance, rng.choice(facts)
        step = needed > 1 and rng.random() < STEPS
        due = world.holders() if step else world.questions(needed)
        due = [asked for asked in due if asked not in known and tale.told[asked.deed] < latest]
        if rng.random() < filler:
            tale.document.fill()
        elif due and rng.random() < QUESTIONS:
            known.add(asked := rng.choice(due))
            tale.ask(asked)
        else:
            tale.tell(world.go_on())
    return tale.document.example(length)


class _Tale:
    """A story on its way; ``told`` holds for each deed the position of its last word, a place or a thing, and
    ``doers`` that of its first, the name."""

    def __init__(self, document: Document) -> None:
        self.document, self.rng = document, document.rng
        self.told: list[int] = []
        self.doers: list[int] = []
        self.moved: set[str] = set()

    def tell(self, deed: Deed) -> None:
        """A deed's sentence. A person's first going is a fact, each later one an update."""
        tag, value = Tag.FACT, Tag.FACT
        if deed.verb == "go":
            tag = Tag.UPDATE if deed.who in self.moved else Tag.FACT
            value = VALUE_TAG[tag]
            self.moved.add(deed.who)
        document, words = self.document, f" {self.rng.choice(FORMS[deed.verb])} the"
        document.write(document.separator() + deed.who, tag)
        self.doers.append(len(document) - 1)
        document.write(words, tag)
        self.told.append(len(document))
        document.write(f" {deed.what}", value)
        document.write(".", tag)

    def ask(self, asked: Asked) -> None:
        """A question and its answer, with the full stop that belongs to it."""
        document, thing = self.document, f"the {asked.subject}"
        told = self.doers if asked.answer in NAMES else self.told
        if asked.answer in NAMES:
            words = f"Who has {thing}?"
        elif asked.before:
            words = f"Where was {thing} before the {asked.before}?"
        else:
            words = f"Where is {asked.subject if asked.subject in NAMES else thing}?"
        document.write(document.separator() + words, Tag.QUESTION)
        start = len(document)
        document.write(f" {asked.answer}", Tag.ANSWER)
        document.write(".", Tag.ANSWER)
        document.answers.append((start, len(document), start - told[asked.deed], Kind.PLACE))

    def fill_up(self, end: int, writer: Callable[[Random], str]) -> None:
        """Whole sentences of filler, none of which reaches beyond ``end``."""
        document, missed = self.document, 0
        while missed < MISSES:
            text = document.separator() + writer(self.rng)
            if len(document) + len(document.tokenizer.encode(text, opening=False)) > end:
                missed += 1
            else:
                document.write(text, Tag.FILLER)
