"""What the memory does, said one claim at a time."""

from dataclasses import replace

import pytest
import torch

from kernels import retrieve
from tests.kernels.memory_cases import Case, assert_same, draw, numbers

forms = pytest.mark.parametrize(
    "hidden,block", [((), 1), ((), 4), ((), 16), ((6,), 1), ((6,), 16)],
    ids=["exact", "blocks of 4", "chunk-wise", "deep exact", "deep chunk-wise"],
)  # fmt: skip
TOKENWISE = ("q", "k", "v", "eta", "theta", "alpha")


def per_token(case: Case, **options) -> dict[str, torch.Tensor]:
    states = ("weights", "momentum", "block_start", "block_keys")
    return {n: x for n, x in numbers(case.run(**options)).items() if not n.startswith(states)}


def nudged(case: Case, index: tuple) -> Case:
    """The case with every token-wise tensor changed at `index`."""
    changed = {}
    for name in TOKENWISE:
        changed[name] = getattr(case, name).clone()
        changed[name][index] = 0.5 * changed[name][index] + 0.2
    return replace(case, **changed)


@forms
@pytest.mark.parametrize("backend", ["torch", "numba"])
def test_gates_out_of_their_range_are_computed_as_they_stand(hidden, block, backend):
    if backend == "numba":
        pytest.importorskip("numba")
    case = draw(5, 8 if hidden else 20, hidden, initial=True)  # a deep one soon overflows
    wild = {"eta": 1.6 * case.eta - 0.3, "theta": 1.5 * case.theta - 0.1, "alpha": 6 * case.alpha - 0.4}
    case, options = replace(case, **wild), {"chunk_size": 16, "block_size": block}
    assert_same(numbers(case.run(backend, **options)), numbers(case.run("reference", **options)))


@forms
@pytest.mark.parametrize("read", ["after", "before"])
def test_changing_a_token_changes_nothing_before_it(hidden, block, read):
    case = draw(0, 40, hidden, initial=True)
    options = {"chunk_size": 16, "block_size": block, "read": read}
    was = per_token(case, **options)
    for t in (0, 1, 15, 16, 17, 31, 36, 39):
        now = per_token(nudged(case, (slice(None), t)), **options)
        for name, x in now.items():
            torch.testing.assert_close(x[:, :t], was[name][:, :t], rtol=0, atol=1e-12)
        assert (now["y"][:, t:] - was["y"][:, t:]).abs().max() > 1e-3


@forms
def test_reading_before_the_write_does_not_see_the_token(hidden, block):
    case = draw(1, 20, hidden, initial=True)
    changed = replace(case, k=case.k.clone(), v=case.v.clone())
    changed.k[:, 10], changed.v[:, 10] = case.q[:, 10], 3.0
    differ = {}
    for read in ("after", "before"):
        a, b = (c.run(chunk_size=16, block_size=block, read=read).y[:, 10] for c in (case, changed))
        differ[read] = (a - b).abs().max()
    assert differ["before"] < 1e-12 and differ["after"] > 1e-3


@forms
def test_batch_rows_and_heads_never_mix(hidden, block):
    case = draw(2, 40, hidden, batch=3, heads=3, initial=True)
    options = {"chunk_size": 16, "block_size": block}
    was = numbers(case.run(**options))
    other = nudged(case, (1,)).map(lambda x: x.clone())
    for layers in (other.weights, other.momentum, other.initial):
        for layer in layers:
            layer[1] += 1
    now = numbers(other.run(**options))
    for name, x in now.items():
        torch.testing.assert_close(x[[0, 2]], was[name][[0, 2]], rtol=0, atol=1e-12)
    assert (now["y"][1] - was["y"][1]).abs().max() > 1e-2

    now = per_token(nudged(case, (slice(None), slice(None), 1)), **options)
    for name, x in now.items():
        torch.testing.assert_close(x[:, :, [0, 2]], was[name][:, :, [0, 2]], rtol=0, atol=1e-12)


@forms
def test_alpha_one_clears_all_but_the_last_momentum(hidden, block):
    case = draw(3, 20, hidden)
    case = replace(case, alpha=torch.ones_like(case.alpha))
    out = case.run(chunk_size=16, block_size=block)
    for weight, momentum in zip(out.weights, out.momentum, strict=True):
        torch.testing.assert_close(weight, momentum, rtol=0, atol=1e-12)
    torch.testing.assert_close(out.telemetry["memory_norm"], out.telemetry["momentum"])


@forms
def test_alpha_one_returns_to_the_initial_weights(hidden, block):
    case = draw(3, 20, hidden, initial=True)
    case = replace(case, alpha=torch.ones_like(case.alpha), theta=0 * case.theta, eta=0 * case.eta)
    out = case.run(chunk_size=16, block_size=block)
    for weight, initial in zip(out.weights, case.initial, strict=True):
        torch.testing.assert_close(weight, initial, rtol=0, atol=1e-12)


@forms
def test_theta_zero_never_writes(hidden, block):
    case = draw(4, 20, hidden)
    still = tuple(torch.zeros_like(s) for s in case.momentum)
    case = replace(case, theta=0 * case.theta, alpha=0 * case.alpha, momentum=still)
    out = case.run(chunk_size=16, block_size=block)
    for weight, was in zip(out.weights, case.weights, strict=True):
        assert torch.equal(weight, was)
    torch.testing.assert_close(out.y, retrieve(case.q, case.weights))
    assert out.telemetry["surprise"].min() > 0 and out.telemetry["momentum"].max() == 0


@forms
def test_eta_zero_is_plain_gradient_descent(hidden, block):
    """Without momentum and forgetting a block moves the weights by minus the summed steps times gradients."""
    case = draw(5, block, hidden)
    case = replace(case, eta=0 * case.eta, alpha=0 * case.alpha)
    out = case.run(chunk_size=16, block_size=block)
    weights = tuple(w.clone().requires_grad_() for w in case.weights)
    loss = (retrieve(case.k, weights) - case.v).square().sum(-1)
    gradients = torch.autograd.grad((case.theta * loss).sum(), weights)
    for new, old, gradient in zip(out.weights, weights, gradients, strict=True):
        torch.testing.assert_close(new, old - gradient)
    torch.testing.assert_close(out.telemetry["loss"], loss.detach())


@pytest.mark.parametrize("block", [1, 16])
def test_one_exact_write_of_a_unit_key_stores_its_value(block):
    case = draw(6, 1)
    nothing = tuple(torch.zeros_like(w) for w in case.weights)
    case = replace(case, q=case.k, theta=torch.full_like(case.theta, 0.5), weights=nothing, momentum=nothing)
    torch.testing.assert_close(case.run(chunk_size=16, block_size=block).y, case.v)


@pytest.mark.parametrize(
    "block,apart,overwritten", [(1, 1, True), (4, 4, True), (4, 3, False), (16, 8, False)]
)
def test_a_value_is_overwritten_unless_both_are_told_in_one_gradient_block(block, apart, overwritten):
    """Gradients at the block's start do not see what the block has written: both values are then added."""
    case = draw(10, apart + 1)
    nothing = tuple(torch.zeros_like(w) for w in case.weights)
    told = torch.zeros(apart + 1, dtype=torch.bool)
    told[[0, -1]] = True
    exact = torch.full_like(case.theta, 0.5) * told[:, None]
    case = replace(
        case,
        k=case.k[:, :1].expand_as(case.k),
        q=case.k[:, :1].expand_as(case.k),
        eta=0 * case.eta,
        alpha=0 * case.alpha,
        theta=exact,
        weights=nothing,
        momentum=nothing,
    )
    last = case.run(chunk_size=16, block_size=block).y[:, -1]
    torch.testing.assert_close(last, case.v[:, -1] if overwritten else case.v[:, 0] + case.v[:, -1])


@pytest.mark.parametrize("block", [1, 2, 4])
def test_a_token_shown_eight_times_surprises_less_each_time(block):
    """With the exact rule at every showing; with gradients per block, from block to block."""
    case = draw(7, 8, saturated=False)
    nothing = tuple(torch.zeros_like(w) for w in case.weights)
    case = replace(
        case,
        k=case.k[:, :1].expand_as(case.k),
        v=case.v[:, :1].expand_as(case.v),
        eta=torch.full_like(case.eta, 0.1),
        theta=torch.full_like(case.theta, 0.1),
        alpha=0 * case.alpha,
        weights=nothing,
        momentum=nothing,
    )
    telemetry = case.run(chunk_size=4, block_size=block).telemetry
    for name in ("loss", "surprise"):
        by_block = telemetry[name][:, ::block]
        assert (by_block.diff(dim=1) < 0).all()
    assert (telemetry["loss"][:, -1] < 0.5 * telemetry["loss"][:, 0]).all()


@pytest.mark.parametrize("hidden,block,chunk", [((), 1, 8), ((), 4, 8), ((6,), 8, 8), ((6,), 1, 8)])
def test_what_is_not_finite_spoils_what_comes_after_it_and_in_chunks_its_own(hidden, block, chunk):
    case = draw(11, 27, hidden, saturated=False)
    case.v[0, 12, 1] = float("nan")
    first = 12 if hidden and block == 1 else 8  # such a memory goes token by token
    for backend, start in (("reference", 12), ("torch", first)):
        y = case.run(backend=backend, chunk_size=chunk, block_size=block).y.isfinite().all(-1)
        assert not y[0, start:, 1].any() and y.sum() == y.numel() - (27 - start)


def test_reads_are_retrievals_from_the_weights_that_are_there():
    for hidden in ((), (6,)):
        case = draw(8, 9, hidden)
        out = case.run(chunk_size=4, block_size=4)
        torch.testing.assert_close(out.y[:, -1:], retrieve(case.q[:, -1:], out.weights))


def revisited(gaps: torch.Tensor, length: int, eta: float, theta: float) -> torch.Tensor:
    """Largest norm of exact memories [gaps] that meet one key every `gap` tokens and another in between."""
    time = torch.arange(length)[None, :, None]  # [1, T, gaps]
    visit = (time % gaps == 0).double()[..., None]
    keys = torch.cat((visit, 1 - visit), -1)  # [1, T, gaps, 2]
    gate = torch.ones(1, length, len(gaps), dtype=torch.float64)
    nothing = (torch.zeros(1, len(gaps), 2, 1, dtype=torch.float64),)
    case = Case(keys, keys, visit, eta * gate, theta * gate, 0 * gate, nothing, nothing)
    return case.run(chunk_size=8, block_size=1).telemetry["memory_norm"].amax((0, 1))


@pytest.mark.parametrize("eta", [0.0, 0.5, 0.9])
def test_a_key_revisited_at_any_gap_never_blows_up_within_the_bounded_step(eta):
    gaps = torch.arange(1, 201)
    assert revisited(gaps, 4000, eta, theta=0.5 * (1 - eta)).max() < 2.5


def test_without_the_bound_a_revisited_key_does_blow_up():
    assert revisited(torch.tensor([30]), 600, eta=0.9, theta=0.3) > 1e6


def test_random_revisits_stay_bounded_within_the_bounded_step():
    """A few keys, in random order, at the largest step the bound allows."""
    random = torch.Generator().manual_seed(0)
    keys = torch.nn.functional.normalize(torch.randn(12, 8, generator=random, dtype=torch.float64), dim=-1)
    case = draw(9, 4000, batch=1, heads=1, dk=8, dv=4, saturated=False)
    shown = keys[torch.randint(12, (4000,), generator=random)][None, :, None]
    eta = 0.9 * case.eta
    case = replace(case, k=shown, eta=eta, theta=0.5 * (1 - eta), alpha=0 * case.alpha)
    assert case.run(chunk_size=32, block_size=1).telemetry["memory_norm"].max() < 1000
