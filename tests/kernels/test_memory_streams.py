"""A stream may be cut anywhere: the state carries all that the rest depends on."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import MemoryOutput
from tests.kernels.memory_cases import Case, assert_same, draw, numbers

steady = settings(max_examples=40, derandomize=True)


def in_pieces(case: Case, cuts: list[int], **options) -> dict[str, torch.Tensor]:
    """The numbers of the case fed piece by piece, pieces of no tokens included."""
    outs: list[MemoryOutput] = []
    carried = case
    edges = [0, *sorted(cuts), case.q.shape[1]]
    for start, stop in zip(edges, edges[1:], strict=False):
        outs.append(carried.tokens(start, stop).run(**options))
        carried = carried.after(outs[-1])
    parts = [numbers(out) for out in outs]
    states = ("weights", "momentum", "block_start", "block_keys")
    end = {name: x for name, x in parts[-1].items() if name.startswith(states)}
    per_token = [name for name in parts[0] if not name.startswith(states)]
    return {name: torch.cat([part[name] for part in parts], 1) for name in per_token} | end


def check(data, hidden, chunk, block, tolerance=1e-9, dtype=torch.float64):
    length = data.draw(st.integers(0, 40), "tokens")
    cuts = data.draw(st.lists(st.integers(0, length), max_size=12), "cuts")
    offset = data.draw(st.integers(0, block - 1), "offset")
    read = data.draw(st.sampled_from(["after", "before"]), "read")
    initial = data.draw(st.booleans(), "initial")
    seed = data.draw(st.integers(0, 2**16), "seed")
    case = draw(seed, length, hidden, initial=initial, offset=offset, dtype=dtype)
    options = {"chunk_size": chunk, "block_size": block, "read": read}
    assert_same(in_pieces(case, cuts, **options), numbers(case.run(**options)), tolerance)


@pytest.mark.parametrize("block", [1, 2, 4, 16])
@steady
@given(data=st.data())
def test_linear_memory_may_be_cut_anywhere(block, data):
    check(data, (), 16, block)


@pytest.mark.parametrize("block", [1, 16])
@steady
@given(data=st.data())
def test_deep_memory_may_be_cut_anywhere(block, data):
    check(data, (6,), 16, block)


@pytest.mark.parametrize("hidden", [(), (6,)], ids=["linear", "deep"])
@settings(steady, max_examples=15)
@given(data=st.data())
def test_float32_may_be_cut_anywhere(hidden, data):
    check(data, hidden, 16, 16, 1e-4, torch.float32)


@pytest.mark.parametrize("hidden", [(), (6,)], ids=["linear", "deep"])
@pytest.mark.parametrize("block", [1, 8])
def test_one_token_at_a_time_is_the_definition_at_once(hidden, block):
    case = draw(7, 21, hidden, initial=bool(hidden))
    options = {"chunk_size": 8, "block_size": block}
    singly = in_pieces(case, list(range(1, 21)), **options)
    assert_same(singly, numbers(case.run(backend="reference", **options)))


def test_forgetting_the_open_block_changes_the_numbers():
    case = draw(7, 21)
    whole = case.run(chunk_size=8, block_size=8)
    first = case.tokens(0, 5).run(chunk_size=8, block_size=8)
    reset = case.tokens(5, 21).after(first._replace(offset=0, block_start=None))
    assert (reset.run(chunk_size=8, block_size=8).y - whole.y[:, 5:]).abs().max() > 1e-2


@pytest.mark.parametrize("hidden", [(), (6,)], ids=["linear", "deep"])
@pytest.mark.parametrize("backend", ["torch", "reference"])
def test_no_tokens_read_nothing_and_leave_the_state(hidden, backend):
    case = draw(8, 0, hidden, offset=3)
    out = case.run(chunk_size=8, block_size=8, backend=backend)
    assert out.y.shape == case.v.shape and out.offset == 3
    for found, given_ in (
        (out.weights, case.weights),
        (out.momentum, case.momentum),
        (out.block_start, case.block_start),
    ):
        assert all(torch.equal(a, b) for a, b in zip(found, given_, strict=True))
    assert all(x.shape == (2, 0, 2) for x in out.telemetry.values()) and len(out.telemetry) == 5
    widths = [(inputs.shape[-1], deltas.shape[-1]) for inputs, deltas in out.factors]
    assert widths == [tuple(w.shape[2:]) for w in case.weights]


def test_the_start_of_the_open_block_is_handed_on_bit_for_bit():
    for hidden in ((), (6,)):
        case = draw(9, 3, hidden, initial=True, offset=3)
        handed_on = case.run(chunk_size=8, block_size=8).block_start
        assert all(torch.equal(a, b) for a, b in zip(handed_on, case.block_start, strict=True))


def test_the_open_block_closes_when_it_is_full():
    case = draw(9, 8)
    for length, offset in ((1, 1), (3, 3), (4, 0), (5, 1), (8, 0)):
        out = case.tokens(0, length).run(chunk_size=8, block_size=4)
        assert out.offset == offset and (out.block_start is None) == (offset == 0)


@pytest.mark.parametrize("hidden", [(), (6,)], ids=["linear", "deep"])
@pytest.mark.parametrize("block", [1, 8])
def test_telemetry_changes_no_other_number(hidden, block):
    case = draw(10, 21, hidden)
    with_, without = (case.run(chunk_size=8, block_size=block, telemetry=t) for t in (True, False))
    assert without.telemetry == {} and without.factors == ()
    assert_same(numbers(without), {k: x for k, x in numbers(with_).items() if k in numbers(without)}, 0)


@pytest.mark.parametrize("block", [1, 8])
def test_factors_and_gates_rebuild_the_memory(block):
    """Outer products of the factors are the gradients: (10) and (13) run on them give the end state."""
    case = draw(11, 21, (6,))
    out = case.run(chunk_size=8, block_size=block)
    for layer, (inputs, deltas) in enumerate(out.factors):
        weights, momentum = case.weights[layer], case.momentum[layer]
        for t in range(21):
            eta, theta, alpha = (g[:, t, :, None, None] for g in (case.eta, case.theta, case.alpha))
            momentum = eta * momentum - theta * inputs[:, t, :, :, None] * deltas[:, t, :, None, :]
            weights = (1 - alpha) * weights + momentum
        torch.testing.assert_close(out.weights[layer], weights)
        torch.testing.assert_close(out.momentum[layer], momentum)
