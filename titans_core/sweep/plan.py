"""What a sweep asks: which haystacks, how long, how deep in them the fact stands, and which fact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple

from titans_core.tasks import Example
from titans_core.tasks.hidden import Needle, asked, drawn, generated, hide, of_text

LENGTHS: Final[tuple[int, ...]] = (256, 512, 1024, 2048, 4096)
DEPTHS: Final[tuple[float, ...]] = (0.0, 0.25, 0.5, 0.75, 1.0)
SHORTEST: Final[int] = 64  # tokens of a haystack
LONGEST: Final[int] = 1 << 20
ASKED: Final[int] = 10


@dataclass(frozen=True)
class Haystack:
    """Filler of a style, or, where there is one, a text of one's own: so much of it as a length takes, over
    and over where it is too short."""

    style: str = "mixed"
    text: str = ""

    def pieces(self, rng: Random, number: int) -> Iterator[str]:
        """The sentences of the haystack of this number, without end. Raises ValueError as ``generated`` and
        ``of_text`` do."""
        return of_text(self.text, number) if self.text else generated(rng, self.style)


class Cell(NamedTuple):
    """One place of the map: tokens of haystack, and after which share of them the fact stands."""

    length: int
    depth: float


@dataclass(frozen=True)
class Plan:
    """A sweep: in every cell ``asked`` questions, each of a fact (``needle``, or one made up for it) in a
    haystack of its own. Every cell asks the same facts. Raises ValueError where that cannot be asked."""

    lengths: tuple[int, ...] = LENGTHS
    depths: tuple[float, ...] = DEPTHS
    asked: int = ASKED
    seed: int = 1
    haystack: Haystack = Haystack()
    needle: Needle | None = None

    def __post_init__(self) -> None:
        if not self.lengths or not self.depths or self.asked < 1:
            raise ValueError("a sweep needs at least one length, one depth and one question")
        if wrong := [n for n in self.lengths if not SHORTEST <= n <= LONGEST]:
            raise ValueError(
                f"a haystack of {wrong[0]:,} tokens cannot be swept: take {SHORTEST} to {LONGEST:,} tokens"
            )
        if wrong_depth := [depth for depth in self.depths if not 0 <= depth <= 1]:
            raise ValueError(
                f"a depth is a share from 0 (the beginning) to 1 (the end), not {wrong_depth[0]:g}"
            )
        self.example(Cell(SHORTEST, 0.0), 0)  # a haystack or needle that is none is told now

    @property
    def cells(self) -> list[Cell]:
        """All places of the map, the shortest haystacks first."""
        return [Cell(n, depth) for n in sorted({*self.lengths}) for depth in sorted({*self.depths})]

    @property
    def tokens(self) -> int:
        """About how many tokens all cells together take to read."""
        return self.asked * sum(cell.length for cell in self.cells)

    def example(self, cell: Cell, number: int) -> Example:
        """The question of this number in a cell."""
        rng = Random(f"sweep {self.seed} {number}")
        needle = self.needle or drawn(rng)
        if not needle.fact.strip() or not needle.question.strip() or not needle.value:
            raise ValueError("a needle needs a fact, a question and an answer")
        return asked(hide(needle.fact, self.haystack.pieces(rng, number), *cell), needle)
