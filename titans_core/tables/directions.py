"""Whether differences go the way that they go in the paper."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from titans_core.tables.asked import FACTS
from titans_core.tables.needles import LENGTHS, TRAINED_AT
from titans_core.tables.paper import ABLATION, NIAH
from titans_core.tables.run import Result
from titans_core.tables.summary import Place, Score, difference, scores

UNKNOWN: Final[str] = "not known from one training"

Told = Iterable[tuple[str, str, Place, float | None]]  # better, worse, where, and by how much


class Direction(NamedTuple):
    """A difference between two models at one place, ours beside the paper's: ``better`` − ``worse``. Shares
    are of one. ``paper`` is None where only a curve shows that it is above 0."""

    better: str
    worse: str
    place: Place
    paper: float | None
    ours: Score

    @property
    def verdict(self) -> str:
        """Whether ours goes the same way, if it can be told at all; and if not, whether it is smaller."""
        low, high = self.ours.low, self.ours.high
        if not self.ours.known:
            return UNKNOWN
        if low <= 0 <= high:
            smaller = self.paper is not None and abs(self.paper) > max(-low, high)
            return "smaller here" if smaller else "not told apart"
        return "the same way" if (low > 0) == (self.paper is None or self.paper > 0) else "the other way"


def niah() -> Told:
    """At the longest texts: Titans' memory beside its relatives, and its three variants beside it alone."""
    pairs = [("lmm", name) for name in ("ttt-linear", "mamba2", "deltanet")]
    pairs += [(name, "lmm") for name in ("mac", "mag", "mal")]
    for a, b in pairs:
        for task in ("passkey", "number", "word"):
            yield a, b, Place(task, LENGTHS[-1]), (NIAH[a][task][-1] - NIAH[b][task][-1]) / 100


def ablation() -> Told:
    """The whole memory beside one that lacks a part, by perplexity, which is better the lower it is, and by
    facts. Theirs is a deep one, ours a linear one, which trains better at our scale; that a deep one is
    better is a row of its own."""
    places = (
        (Place("perplexity"), 1),
        (Place("recall", TRAINED_AT), 100),
        (Place("long recall", LENGTHS[-1]), 100),
    )
    parts = [name for name in ABLATION if name.startswith("no-")]
    for a, b in [("lmm-2", "lmm"), *(("lmm", name) for name in parts)]:
        for column, (place, of) in enumerate(places):
            yield a, b, place, (ABLATION["lmm-2"][column] - ABLATION[b][column]) / of


def depth() -> Told:
    """Figures 7 and 8: the deeper a memory, the better it is at long texts, and the longer it takes. All of
    these take their gradients for as many tokens."""
    for task in ("recall", "time"):
        for a, b in (("lmm-2", "lmm-blocks"), ("lmm-3", "lmm-2"), ("lmm-4", "lmm-3")):
            yield a, b, Place(task, LENGTHS[-1]), None


def babilong() -> Told:
    """Figure 6: MAC is above recurrent models, there Mamba and RWKV, here the two that are trained."""
    for worse in ("deltanet-babi", "gated-deltanet-babi"):
        for task in FACTS:
            yield "mac-babi", worse, Place(task, 2048), None


def mqar() -> Told:
    """Figure 2 of Yang et al. 2024, arXiv 2406.06484, in which the delta rule is above what only decays."""
    for pairs in (32, 64):
        yield "deltanet-mqar", "mamba2-mqar", Place("recall", pairs, "pairs"), None


DIRECTIONS: Final[dict[str, Callable[[], Told]]] = {
    told.__name__: told for told in (niah, ablation, depth, babilong, mqar)
}


def directions(results: Sequence[Result], told: Told) -> list[Direction]:
    """Of what the paper tells, what was measured."""
    found = scores(results)
    return [
        Direction(a, b, where, paper, ours)
        for a, b, where, paper in told
        if (ours := difference(found, a, b, where)) is not None
    ]
