"""The bounded step of deep memories: the same numbers in every form and cut, and no overshoot."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import retrieve
from tests.kernels.memory_cases import Case, assert_same, draw, gradients, numbers
from tests.kernels.test_memory_streams import in_pieces, steady

BLOCKS = pytest.mark.parametrize("chunk,block", [(8, 1), (8, 8), (4, 4)])


def large(seed: int, length: int, hidden: tuple[int, ...] = (6,), **options) -> Case:
    """A case whose steps are so large that the bound matters."""
    case = draw(seed, length, hidden, bounded=True, **options)
    return replace(case, theta=5 * case.theta)


@pytest.mark.parametrize("initial", [False, True], ids=["to zero", "to initial"])
@pytest.mark.parametrize("hidden", [(6,), (6, 3)])
@BLOCKS
def test_it_is_the_definition(chunk, block, hidden, initial):
    for seed, length in enumerate((1, 3, 21)):
        case = large(seed, length, hidden, initial=initial, offset=block // 2 if seed % 2 else 0)
        options = {"chunk_size": chunk, "block_size": block, "step": "bounded"}
        out, definition = case.run(**options), case.run(backend="reference", **options)
        assert_same(numbers(out), numbers(definition))
        assert_same(gradients(case, **options), gradients(case, backend="reference", **options))


def test_every_tensor_gets_an_outer_gradient():
    case = draw(6, 12, (6,), initial=True, offset=3, saturated=False, bounded=True)
    for name, gradient in gradients(case, chunk_size=8, block_size=8, step="bounded").items():
        assert gradient.abs().max() > 1e-4, name


def test_the_definition_has_the_outer_gradients_of_finite_differences():
    case = large(5, 3, (5,), batch=1, heads=1, dk=2, dv=2, initial=True, saturated=False)
    leaves = case.map(lambda x: x.requires_grad_()).leaves()

    def run(*tensors):
        q, k, v, eta, theta, alpha, *rest = tensors
        state = [tuple(rest[i : i + 2]) for i in range(0, len(rest), 2)]
        out = Case(q, k, v, eta, theta, alpha, *state).run(
            chunk_size=2, block_size=2, backend="reference", telemetry=False, step="bounded"
        )
        return (out.y, *out.weights, *out.momentum, out.block_keys)

    assert torch.autograd.gradcheck(run, tuple(leaves.values()))


@pytest.mark.parametrize("block", [1, 16])
@settings(steady, max_examples=25)
@given(data=st.data())
def test_a_stream_may_be_cut_anywhere(block, data):
    length = data.draw(st.integers(0, 40), "tokens")
    cuts = data.draw(st.lists(st.integers(0, length), max_size=12), "cuts")
    offset = data.draw(st.integers(0, block - 1), "offset")
    case = large(data.draw(st.integers(0, 2**16), "seed"), length, initial=True, offset=offset)
    options = {"chunk_size": 16, "block_size": block, "step": "bounded"}
    assert_same(in_pieces(case, cuts, **options), numbers(case.run(**options)))


def test_the_keys_met_count_and_are_needed():
    case = large(1, 4, offset=3)
    options = {"chunk_size": 8, "block_size": 8, "step": "bounded"}
    forgotten = replace(case, block_keys=torch.zeros_like(case.block_keys))
    assert (case.run(**options).y - forgotten.run(**options).y).abs().max() > 1e-3
    with pytest.raises(ValueError, match="block_keys must be given"):
        replace(case, block_keys=None).run(**options)
    with pytest.raises(ValueError, match="block_keys must be"):
        replace(case, block_keys=case.block_keys[..., :2]).run(**options)


@BLOCKS
def test_it_is_the_step_of_its_equation(chunk, block):
    """The step told is the one taken, and what the equation says of the factors told."""
    case = large(2, 19, saturated=False)
    out = case.run(chunk_size=chunk, block_size=block, step="bounded")
    residual = (out.factors[-1][1] / 2).square().sum(-1)
    writes = sum(x.square().sum(-1) * (d / 2).square().sum(-1) for x, d in out.factors)
    met = torch.zeros_like(case.theta)
    for t in range(19):
        for j in range(t - t % block, t):
            met[:, t] += 2 * case.theta[:, j] * (case.k[:, t] * case.k[:, j]).sum(-1) ** 2
    bound = (writes / (residual + 1e-3)).clamp_min(1) * (1 + met) ** 2
    torch.testing.assert_close(out.telemetry["theta"], case.theta * (1 - case.eta) / bound)
    again = replace(case, theta=out.telemetry["theta"]).run(chunk_size=chunk, block_size=block)
    assert_same(numbers(again), {n: x for n, x in numbers(out).items() if n != "block_keys"})


def test_a_small_step_among_small_gradients_is_taken_as_given():
    case = draw(3, 1, (6,), saturated=False)
    tame = tuple(0.3 * w for w in case.weights)
    case = replace(case, weights=tame, eta=0 * case.eta)
    options = {"chunk_size": 8, "block_size": 8}
    bounded = numbers(case.run(step="bounded", **options))
    bounded.pop("block_keys")
    assert_same(bounded, numbers(case.run(**options)))


@pytest.mark.parametrize("seed", range(5))
def test_one_write_never_carries_a_token_past_its_value(seed):
    """Along its residual, to first order: the answer's derivative by the step, times the largest step."""
    case = draw(seed, 1, (6, 3), saturated=False)
    wild = tuple(3 * w for w in case.weights)
    still = tuple(0 * s for s in case.momentum)
    case = replace(case, weights=wild, momentum=still, theta=0 * case.theta + 0.5, alpha=0 * case.alpha)
    out = case.run(chunk_size=8, block_size=8, step="bounded")
    change = tuple(new - old for new, old in zip(out.weights, wild, strict=True))
    before, moved = torch.func.jvp(lambda *w: retrieve(case.k, w), wild, change)
    residual = case.v - before
    share = (moved * residual).sum(-1) / residual.square().sum(-1)
    assert (share > 0).all() and (share <= 1 + 1e-9).all()


def norms(keys: torch.Tensor, eta: float, **options) -> torch.Tensor:
    """Memory norms of keys [T, D] whose values are random, at the largest step allowed, nothing forgotten."""
    length, width = keys.shape
    random = torch.Generator().manual_seed(1)
    values = torch.randn(length, width, generator=random, dtype=torch.float64)
    gate = torch.ones(1, length, 1, dtype=torch.float64)
    weights = (
        torch.randn(1, 1, width, 4 * width, generator=random, dtype=torch.float64),
        torch.randn(1, 1, 4 * width, width, generator=random, dtype=torch.float64) / (8 * width),
    )
    case = Case(
        keys[None, :, None],
        keys[None, :, None],
        values[None, :, None],
        eta * gate,
        0.5 * gate,
        0 * gate,
        weights,
        tuple(torch.zeros_like(w) for w in weights),
    )
    return case.run(chunk_size=32, block_size=32, **options).telemetry["memory_norm"].flatten()


@pytest.mark.parametrize("eta", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("different", [1, 2, 12, 200])
def test_revisited_keys_stay_bounded(different, eta):
    random = torch.Generator().manual_seed(0)
    keys = torch.randn(different, 8, generator=random, dtype=torch.float64)
    keys = torch.nn.functional.normalize(keys, dim=-1)
    shown = keys[torch.randint(different, (4000,), generator=random)]
    assert norms(shown, eta, step="bounded").max() < 1000


def test_without_the_bound_one_repeated_key_blows_up():
    keys = torch.eye(8, dtype=torch.float64)[:1].expand(600, 8)
    assert not norms(keys, 0.0).max() < 1e6
