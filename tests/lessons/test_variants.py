"""Claims of lesson 9: the masks that are drawn are those of the models, and reach betrays the variant."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import titans_core as tc
from lessons.exhibits import variants
from lessons.exhibits.variants import STARTS, STRIPS, VARIANTS, Shown
from titans_core.attention import Cache, SegmentCache

PLACES = 75  # two segments and a part of a third


@cache
def load(name: str) -> tc.TitansLM:
    return tc.load(name, device="cpu")


@pytest.fixture(scope="module")
def found() -> variants.Variants:
    return Shown().run(load)


def seen(y: torch.Tensor, source: torch.Tensor) -> NDArray[np.bool_]:
    """Which rows of ``source`` [1, n, width] each row of ``y`` [1, T, width] depends on, [T, n]."""
    rows = [
        torch.autograd.grad(y[0, place].sum(), source, retain_graph=True, allow_unused=True)[0]
        for place in range(y.shape[1])
    ]
    return np.stack([(row[0].abs().sum(-1) > 0).numpy() for row in rows])


def leaf(model: tc.TitansLM, rows: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(rows)
    return torch.randn(1, rows, model.config.width, generator=generator).requires_grad_()


@pytest.mark.parametrize("name", ["mag", "mal"])
def test_the_window_that_is_drawn_is_the_models(name: str) -> None:
    model = load(name)
    attention = model.mixers[0].attention
    x, persistent = leaf(model, PLACES), leaf(model, model.config.persistent)
    y, _ = attention(x, persistent[0] if name == "mag" else None, attention.empty(1))
    masks = variants.masks(model.config, PLACES)
    assert (seen(y, x) == masks["attended"]).all()
    assert not masks["retrieved"].any()
    if name == "mag":
        assert (seen(y, persistent) == masks["persistent"]).all()
    else:
        assert not masks["persistent"].any()


def test_the_segments_that_are_drawn_are_the_models() -> None:
    model = load("mac")
    mixer = model.mixers[0]
    x, h, persistent = leaf(model, PLACES), leaf(model, PLACES), leaf(model, model.config.persistent)
    held: Cache = mixer.attention.held(persistent)
    state = SegmentCache(mixer.attention.empty(1), mixer.attention.empty(1))
    borders = np.cumsum([0, *mixer.cuts(PLACES, 0)]).tolist()
    parts = []
    for begin, end in pairwise(borders):
        own = mixer.attention.project(x[:, begin:end])
        y, state = mixer.attention(own, h[:, begin:end], held, state)
        parts.append(y)
    masks = variants.masks(model.config, PLACES)
    y = torch.cat(parts, 1)
    assert (seen(y, x) == masks["attended"]).all()
    assert (seen(y, h) == masks["retrieved"]).all()
    assert (seen(y, persistent) == masks["persistent"]).all()


def test_what_is_retrieved_in_mac_was_written_before_the_segment() -> None:
    config = load("mac").config
    for place in (0, 31, 32, 50, 64):
        sight = variants.sight(config, place)
        assert sight.remembered == range(sight.attended.start)


def test_it_finds_what_it_promises(found: variants.Variants) -> None:
    assert {*found.claims} == {*Shown.promises}
    assert {*STRIPS.values()} == {*VARIANTS}


@pytest.mark.parametrize("name", VARIANTS)
def test_without_writing_a_word_is_felt_exactly_as_far_as_the_architecture_lets_it(
    found: variants.Variants, name: str
) -> None:
    for start in STARTS:
        felt = found.silent[name][start]
        assert felt.last == variants.bound(load(name).config, felt.place)


def test_moving_the_word_moves_the_end_of_its_reach_in_all_but_mac(found: variants.Variants) -> None:
    first, last = STARTS[0], STARTS[-1]
    by_name = {name: (felt[first], felt[last]) for name, felt in found.silent.items()}
    for name in ("mag", "mal"):
        assert by_name[name][0].last == by_name[name][1].last
    before, after = by_name["mac"]
    assert before.place + before.last == after.place + after.last, "it ends at the same place"


def test_with_writing_a_word_is_felt_to_the_end(found: variants.Variants) -> None:
    for felt in (one for by_start in found.writing.values() for one in by_start.values()):
        assert felt.last == len(felt.moved) - 1


def test_only_mac_hands_over_more_from_the_second_segment_on(found: variants.Variants) -> None:
    window = load("mac").config.window
    jumps = {name: variants.jump(found.retrieval[name], window) for name in VARIANTS}
    assert jumps["mac"] > 3 > 2 > max(jumps["mag"], jumps["mal"])


def test_no_mask_is_drawn_of_what_has_no_attention() -> None:
    with pytest.raises(ValueError, match="no mask is drawn of lmm"):
        variants.sight(load("lmm").config, 3)
