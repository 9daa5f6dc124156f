"""Every form gives the definition's numbers: reads, states, telemetry, factors and all outer gradients."""

from dataclasses import fields, replace

import pytest
import torch

from kernels import memory, retrieve
from kernels.deep import deep
from tests.kernels.memory_cases import Case, assert_same, draw, gradients, numbers

LINEAR = [(chunk, block) for chunk in (1, 4, 8) for block in (1, 2, 4, 8) if chunk % block == 0]
DEEP = [(hidden, chunk, block) for hidden in ((6,), (6, 3)) for chunk, block in ((8, 1), (8, 8), (4, 4))]


def agree(case, **options):
    out, definition = case.run(**options), case.run(backend="reference", **options)
    assert out.offset == definition.offset
    assert_same(numbers(out), numbers(definition))
    assert_same(gradients(case, **options), gradients(case, backend="reference", **options))


@pytest.mark.parametrize("initial", [False, True], ids=["to zero", "to initial"])
@pytest.mark.parametrize("read", ["after", "before"])
@pytest.mark.parametrize("chunk,block", LINEAR)
def test_linear_memory_is_the_definition(chunk, block, read, initial):
    for seed, length in enumerate((1, 3, 8, 21)):
        for offset in {0, block // 2, block - 1}:
            case = draw(seed, length, initial=initial, offset=offset)
            agree(case, chunk_size=chunk, block_size=block, read=read)


@pytest.mark.parametrize("initial", [False, True], ids=["to zero", "to initial"])
@pytest.mark.parametrize("read", ["after", "before"])
@pytest.mark.parametrize("hidden,chunk,block", DEEP)
def test_deep_memory_is_the_definition(hidden, chunk, block, read, initial):
    for seed, length in enumerate((1, 3, 13)):
        case = draw(seed, length, hidden, initial=initial, offset=block // 2 if seed % 2 else 0)
        agree(case, chunk_size=chunk, block_size=block, read=read)


def test_both_activations_are_the_definition():
    for activation in ("silu", "gelu"):
        agree(draw(0, 11, (7, 3), initial=True), chunk_size=4, block_size=4, activation=activation)


@pytest.mark.parametrize("hidden", [(), (6,)], ids=["linear", "deep"])
def test_every_tensor_gets_an_outer_gradient(hidden):
    case = draw(6, 12, hidden, initial=True, offset=3, saturated=False)
    for name, gradient in gradients(case, chunk_size=8, block_size=8).items():
        assert gradient.abs().max() > 1e-4, name


def test_the_activation_matters():
    case = draw(0, 5, (7,))
    assert (case.run(activation="silu").y - case.run(activation="gelu").y).abs().max() > 1e-3


def test_one_head_one_row_and_odd_widths():
    for hidden in ((), (2,)):
        agree(draw(1, 9, hidden, batch=1, heads=1, dk=3, dv=7), chunk_size=4, block_size=4)
        agree(draw(1, 9, hidden, batch=3, heads=1, dk=1, dv=1), chunk_size=4, block_size=1)


def test_a_deep_memory_of_one_layer_is_a_linear_memory():
    case = draw(2, 13, initial=True, offset=3)
    one = deep(*(getattr(case, f.name) for f in fields(case)), 8, "after", "silu", True)
    assert_same(numbers(one), numbers(case.run(chunk_size=8, block_size=8)))


def test_chunk_size_changes_no_number():
    case = draw(3, 37)
    whole = numbers(case.run(chunk_size=64, block_size=2))
    for chunk in (2, 4, 6, 16, 38):
        assert_same(numbers(case.run(chunk_size=chunk, block_size=2)), whole)


def test_the_block_size_matters():
    case = draw(3, 37)
    reads = [case.run(chunk_size=8, block_size=block).y for block in (1, 2, 4, 8)]
    assert min((a - b).abs().max() for a, b in zip(reads, reads[1:], strict=False)) > 1e-2


@pytest.mark.parametrize("block", [1, 8])
@pytest.mark.parametrize("hidden", [(), (6,)], ids=["linear", "deep"])
def test_float32_is_float64_to_four_digits(hidden, block):
    case = draw(4, 200, hidden, dk=16, dv=16, initial=bool(hidden), saturated=False)
    case = replace(case, theta=0.2 * case.theta * (1 - case.eta))
    single = case.map(lambda x: x.float()).run(chunk_size=8, block_size=block)
    found = {name: x.double() for name, x in numbers(single).items()}
    for name, want in numbers(case.run(chunk_size=8, block_size=block)).items():
        assert (found[name] - want).norm() <= 1e-4 * want.norm(), name


def test_norms_hold_in_float32_where_large_writes_have_cancelled():
    """A value is written, then overwritten with zero again and again: memory and momentum all but vanish."""
    case = draw(0, 14, batch=1, heads=1)
    gate = torch.ones_like(case.eta)
    v = torch.cat((case.v[:, :1], 0 * case.v[:, 1:]), 1)
    nothing = tuple(torch.zeros_like(w) for w in case.weights)
    case = replace(case, k=case.k[:, :1].expand_as(case.k), v=v, weights=nothing, momentum=nothing)
    case = replace(case, eta=0.1 * gate, theta=0.2 * gate, alpha=0 * gate)
    single, double = (c.run(chunk_size=16, block_size=1) for c in (case.map(lambda x: x.float()), case))
    for name in ("momentum", "memory_norm"):
        large, small = double.telemetry[name].max(), double.telemetry[name][:, -1]
        assert small < 1e-3 * large
        torch.testing.assert_close(single.telemetry[name][:, -1].double(), small, rtol=1e-2, atol=0)


@pytest.mark.parametrize("hidden", [(), (5,)], ids=["linear", "deep"])
def test_the_definition_has_the_outer_gradients_of_finite_differences(hidden):
    case = draw(5, 3, hidden, batch=1, heads=1, dk=2, dv=2, initial=True, saturated=False)
    leaves = case.map(lambda x: x.requires_grad_()).leaves()
    layers = len(case.weights)

    def run(*tensors):
        q, k, v, eta, theta, alpha, *rest = tensors
        state = [tuple(rest[i : i + layers]) for i in range(0, len(rest), layers)]
        out = Case(q, k, v, eta, theta, alpha, *state).run(
            chunk_size=2, block_size=2, backend="reference", telemetry=False
        )
        return (out.y, *out.weights, *out.momentum)

    assert torch.autograd.gradcheck(run, tuple(leaves.values()))


def test_the_definition_by_hand():
    """One number as memory: q = k = 1, so every quantity can be done on paper."""

    def row(*values):
        return torch.tensor(values, dtype=torch.float64)[None, :, None]

    one = row(1.0, 1.0)[..., None]
    start = (torch.tensor([[[[1.0]]]], dtype=torch.float64),)
    zero = (torch.zeros_like(start[0]),)
    v = row(3.0, 0.0)[..., None]
    eta, theta, alpha = row(0.5, 0.5), row(0.1, 0.2), row(0.0, 0.5)
    exact = memory(one, one, v, eta, theta, alpha, start, zero, block_size=1, backend="reference")
    # Token 1: G = 2(1 - 3) = -4, S = 0.4, M = 1.4.
    # Token 2: G = 2(1.4 - 0) = 2.8, S = 0.2 - 0.56, M = 0.7 - 0.36.
    torch.testing.assert_close(exact.y.flatten(), torch.tensor([1.4, 0.34], dtype=torch.float64))
    expected = {"loss": (4, 1.96), "surprise": (4, 2.8), "momentum": (0.4, 0.36), "memory_norm": (1.4, 0.34)}
    for name, values in expected.items():
        torch.testing.assert_close(exact.telemetry[name], row(*map(float, values)))
    # In one gradient block token 2 sees the block's start: G = 2(1 - 0) = 2, S = 0.2 - 0.4, M = 0.7 - 0.2.
    parallel = memory(one, one, v, eta, theta, alpha, start, zero, block_size=64, backend="reference")
    torch.testing.assert_close(parallel.y.flatten(), torch.tensor([1.4, 0.5], dtype=torch.float64))


@pytest.mark.parametrize("hidden", [(), (6,)], ids=["linear", "deep"])
def test_keys_made_of_the_weights_are_no_part_of_the_memorys_gradient(hidden):
    """In MAC the keys come out of an attention that has read the same memory."""
    case = draw(8, 9, hidden, batch=1, heads=1, dk=4, dv=4, saturated=False)
    found = []
    for backend in ("torch", "reference"):
        leaves = case.map(lambda x: x.detach().clone().requires_grad_())
        keys = leaves.k + 0.3 * retrieve(leaves.q, leaves.weights)
        out = replace(leaves, k=keys, v=keys * leaves.v).run(chunk_size=4, block_size=4, backend=backend)
        goal = (out.y * case.v).sum()
        names = ("q", "k", "v", "eta", "theta", "alpha")
        gradients = torch.autograd.grad(goal, [*(getattr(leaves, n) for n in names), *leaves.weights])
        found.append(dict(zip([*names, *map(str, range(len(leaves.weights)))], gradients, strict=True)))
        found[-1]["y"] = out.y
    assert_same(*found)
