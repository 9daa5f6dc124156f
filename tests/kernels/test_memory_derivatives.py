"""Derivatives beyond the outer gradient: its own gradient, derivatives carried forward, `torch.func`."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad

from kernels.coefficients import coefficients
from tests.kernels.memory_cases import Case, assert_same, draw, numbers

forms = pytest.mark.parametrize(
    "hidden,block,chunk", [((), 1, 8), ((), 4, 8), ((), 8, 8), ((6,), 1, 4), ((6,), 4, 4)],
    ids=["exact", "blocks of 4", "chunk-wise", "deep exact", "deep chunk-wise"],
)  # fmt: skip


def second_gradients(case: Case, **options) -> dict[str, Tensor]:
    """Of a fixed random scalar, not linear in what comes out: by one tensor of the case, then by another."""
    case = case.map(lambda x: x.detach().clone().requires_grad_())
    random = torch.Generator().manual_seed(0)

    def weighed(x: Tensor) -> Tensor:
        return (x * torch.randn(x.shape, generator=random, dtype=x.dtype)).sum()

    def slopes(goal: Tensor) -> dict[str, Tensor]:
        leaves = case.leaves()
        kept = {"create_graph": True, "allow_unused": True, "materialize_grads": True}
        return dict(zip(leaves, torch.autograd.grad(goal, list(leaves.values()), **kept), strict=True))

    out = numbers(case.run(telemetry=False, **options))
    first = slopes(sum(weighed(x) + weighed(x.square()) for x in out.values()))
    return {
        f"{one} by {other}": x
        for one, slope in first.items()
        for other, x in (slopes(weighed(slope)) if slope.requires_grad else {}).items()
    }


@forms
@pytest.mark.parametrize("saturated", [False, True], ids=["", "gates at 0 and 1"])
@pytest.mark.parametrize("state", ["zero", "initial", "open block"])
def test_second_gradients_are_the_definitions(hidden, block, chunk, state, saturated):
    offset = block // 2 if state == "open block" else 0
    case = draw(3, 19, hidden, initial=state != "zero", offset=offset, saturated=saturated)
    options = {"chunk_size": chunk, "block_size": block}
    found, expected = (second_gradients(case, backend=b, **options) for b in ("torch", "reference"))
    assert all(x.isfinite().all() for x in expected.values())
    assert max(expected["eta by alpha"].abs().max(), expected["eta by eta"].abs().max()) > 1e-2
    assert_same(found, expected)


@pytest.mark.parametrize("activation", ["silu", "gelu"])
def test_second_gradients_of_the_bounded_step_are_the_definitions(activation):
    case = draw(4, 11, (6,), initial=True, offset=2, bounded=True)
    options = {"chunk_size": 4, "block_size": 4, "step": "bounded", "activation": activation}
    found, expected = (second_gradients(case, backend=b, **options) for b in ("torch", "reference"))
    assert_same(found, expected)


@pytest.mark.parametrize("used", [0, 1], ids=["memory", "momentum"])
def test_coefficients_have_derivatives_of_any_order(used):
    """By finite differences, where nothing but the memory's or the momentum's coefficients is asked for."""
    random = torch.Generator().manual_seed(0)
    gates = [torch.rand(2, 4, generator=random, dtype=torch.float64).requires_grad_() for _ in range(3)]

    def slopes(*gates: Tensor) -> tuple[Tensor, ...]:
        goal = coefficients(*gates)[used].square().sum()
        return torch.autograd.grad(goal, gates, create_graph=True, materialize_grads=True)

    assert torch.autograd.gradgradcheck(slopes, gates)


def drawn_with_a_change(hidden: tuple[int, ...]) -> tuple[Case, Case]:
    """No tensor asks for gradients, so "auto" would take the compiled loop, which carries none."""
    case = draw(5, 19, hidden, batch=1, saturated=False)
    random = torch.Generator().manual_seed(1)
    return case, case.map(lambda x: torch.randn(x.shape, generator=random, dtype=x.dtype))


@forms
@pytest.mark.parametrize("backend", ["torch", "reference", "auto"])
def test_derivatives_carried_forward_are_those_carried_back(backend, hidden, block, chunk):
    case, change = drawn_with_a_change(hidden)
    options = {"chunk_size": chunk, "block_size": block, "backend": backend}
    steps = list(change.leaves().values())
    leaves = case.map(lambda x: x.clone().requires_grad_())
    slopes = torch.autograd.grad(leaves.run(**options).y.square().sum(), list(leaves.leaves().values()))
    along = sum((slope * step).sum() for slope, step in zip(slopes, steps, strict=True))
    with forward_ad.dual_level():
        given = iter(steps)
        out = case.map(lambda x: forward_ad.make_dual(x, next(given))).run(**options)
        carried = forward_ad.unpack_dual(out.y.square().sum()).tangent
    torch.testing.assert_close(carried, along)


@forms
@pytest.mark.parametrize("backend", ["torch", "reference", "auto"])
def test_only_what_hangs_on_a_leaf_asks_for_a_gradient(backend, hidden, block, chunk):
    """Else a stream that is carried on would keep the graph of all that it read."""
    options = {"chunk_size": chunk, "block_size": block, "backend": backend}
    options["step"] = "bounded" if hidden else "given"
    case = draw(0, 11, hidden, initial=bool(hidden), offset=block // 2, bounded=bool(hidden))
    assert not any(x.requires_grad for x in numbers(case.run(**options)).values())
    asked = replace(case, q=case.q.clone().requires_grad_())
    assert [name for name, x in numbers(asked.run(**options)).items() if x.requires_grad] == ["y"]
    for name in ("k", "v", "eta", "theta", "alpha"):
        out = replace(case, **{name: getattr(case, name).clone().requires_grad_()}).run(**options)
        assert all(x.requires_grad for x in (out.y, *out.weights)), name


@forms
@pytest.mark.parametrize("backend", ["torch", "auto"])
def test_transforms_of_functions_are_taken(backend, hidden, block, chunk):
    """A gradient by the keys, carried forward along changes of the keys; and a batch of calls at once."""
    case, change = drawn_with_a_change(hidden)

    def goal(k: Tensor) -> Tensor:
        out = replace(case, k=k).run(chunk_size=chunk, block_size=block, backend=backend)
        return out.y.square().sum()

    _, found = torch.func.jvp(torch.func.grad(goal), (case.k,), (change.k,))
    k = case.k.clone().requires_grad_()
    slope = torch.autograd.grad(goal(k), k, create_graph=True)
    torch.testing.assert_close(found, torch.autograd.grad(slope, k, change.k)[0])
    several = torch.stack((case.k, case.q))
    torch.testing.assert_close(torch.func.vmap(goal)(several), torch.stack([goal(k) for k in several]))


def test_the_compiled_loop_refuses_derivatives_carried_forward():
    pytest.importorskip("numba")
    case, change = drawn_with_a_change(())
    with forward_ad.dual_level(), pytest.raises(RuntimeError, match="'numba' has no gradients"):
        replace(case, v=forward_ad.make_dual(case.v, change.v)).run(backend="numba")
