"""The kernels of the linear memory give the definition's numbers: reads, states, telemetry, gradients.

On a GPU they run there, elsewhere in Triton's interpreter.
"""

from dataclasses import replace

import pytest
import torch

from kernels import memory
from kernels.gpu import overlap
from kernels.gpu.limits import large
from kernels.gpu.linear_stream import linear_recurrent
from kernels.gpu.operators import linear_memory, linear_memory_backward
from tests.kernels.memory_cases import Case, assert_same, draw, gradients, numbers

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
# A block that is the tile, divides it, or does not; a length that fills tiles, or does not.
SHAPES = [(1, 70), (1, 64), (4, 33), (16, 40), (24, 75), (32, 75), (64, 64), (64, 131)]


def on_device(case: Case) -> Case:
    return case.map(lambda x: x.float().to(DEVICE))


def same(found, expected, tolerance=2e-5):
    """The kernels' float32 beside the definition's float64."""
    expected = {name: x.float() for name, x in expected.items()}
    assert_same({name: x.cpu() for name, x in found.items()}, expected, tolerance)


def agree(case, block, **options):
    options |= {"block_size": block, "chunk_size": block}
    out = on_device(case).run(backend="triton", **options)
    definition = case.run(backend="reference", **options)
    assert out.offset == definition.offset
    same(numbers(out), numbers(definition))
    same(
        gradients(on_device(case), backend="triton", **options),
        gradients(case, backend="reference", **options),
        1e-4,
    )


@pytest.mark.parametrize("block,length", SHAPES)
def test_the_kernels_are_the_definition(block, length):
    agree(draw(block, length, batch=1, heads=1, dk=16, dv=16), block, read="after")


@pytest.mark.parametrize("block,length", [(1, 70), (4, 33), (24, 75), (64, 131)])
def test_reads_may_come_before_the_write(block, length):
    agree(draw(block, length, batch=1, heads=1, dk=16, dv=16), block, read="before")


@pytest.mark.parametrize("block,offset", [(4, 1), (24, 23), (100, 30)])
def test_a_stream_goes_on_inside_a_gradient_block(block, offset):
    agree(draw(1, 110, heads=1, offset=offset), block)


def test_forgetting_may_lead_elsewhere_than_to_zero():
    for block, length, offset in ((1, 20, 0), (8, 21, 3), (1, 2, 0)):
        agree(draw(2, length, initial=True, offset=offset), block, read="before")


@pytest.mark.parametrize("dk,dv", [(1, 1), (5, 4), (32, 64), (64, 32)])
def test_any_width_is_taken(dk, dv):
    agree(draw(3, 20, batch=1, dk=dk, dv=dv), 4)


def test_several_sequences_and_heads_keep_to_themselves():
    case = draw(4, 40, batch=3, heads=3, dk=16, dv=16)
    whole = on_device(case).run(backend="triton", block_size=1)
    other = replace(case, v=torch.cat((case.v[:1], case.v[1:].flip(1)), 0))
    changed = on_device(other).run(backend="triton", block_size=1)
    for name, x in numbers(changed).items():
        assert torch.equal(x[:1], numbers(whole)[name][:1]), name
        assert (
            name == "inputs 1"
            or name == "telemetry theta"
            or not torch.equal(x[1:], numbers(whole)[name][1:])
        )


def test_token_by_token_is_all_at_once():
    """Few tokens go through the recurrent kernel, many through chunks: a stream may be cut anywhere."""
    for block in (1, 8):
        case = on_device(draw(5, 43, dk=16, dv=16))
        options = {"backend": "triton", "block_size": block}
        whole = case.run(**options)
        state, parts, start = case, [], 0
        for size in (1, 1, 7, 20, 1, 13):
            out = state.tokens(start, start + size).run(**options)
            state, start = state.after(out), start + size
            parts.append(out)
        assert start == 43
        same({"y": torch.cat([part.y for part in parts], 1)}, {"y": whole.y.cpu()})
        for name in whole.telemetry:
            joined = torch.cat([part.telemetry[name] for part in parts], 1)
            same({name: joined}, {name: whole.telemetry[name].cpu()})
        same(
            {n: x for n, x in numbers(parts[-1]).items() if n.startswith(("weights", "momentum", "block"))},
            {n: x.cpu() for n, x in numbers(whole).items() if n.startswith(("weights", "momentum", "block"))},
        )


@pytest.mark.parametrize("block,length", [(1, 160), (32, 165)])
def test_a_text_may_be_taken_in_parts(block, length, monkeypatch):
    """The chain of chunks in parts, each beside what reads the last: on a GPU on two streams."""
    monkeypatch.setattr(overlap, "PARTS", 3)
    monkeypatch.setattr(overlap, "LEAST", 1)
    assert overlap.parts(5) == [(0, 1), (1, 2), (3, 2)]
    agree(draw(10, length, batch=1, dk=16, dv=16), block)


def test_telemetry_changes_nothing_else():
    case = on_device(draw(6, 40, dk=16, dv=16))
    for size in (40, 3):
        told = case.tokens(0, size).run(backend="triton", block_size=4)
        untold = case.tokens(0, size).run(backend="triton", block_size=4, telemetry=False)
        assert not untold.telemetry and not untold.factors
        assert torch.equal(told.y, untold.y) and torch.equal(told.weights[0], untold.weights[0])


HALF = [
    torch.float16,
    *([torch.bfloat16] if DEVICE == "cuda" else []),
]  # the interpreter's bf16 products fail

WIDTHS = [32, 64, *([128] if DEVICE == "cuda" and large(torch.device(DEVICE)) else [])]


@pytest.mark.parametrize("dtype", HALF, ids=str)
@pytest.mark.parametrize("block", [1, 64])
@pytest.mark.parametrize("width", WIDTHS)
def test_half_precision_operands(width, block, dtype):
    """64 wide, as the benchmark times it, Hopper multiplies a memory by other units than 32 wide."""
    case = draw(7, 150, batch=1, dk=width, dv=width, saturated=False)
    case = replace(case, theta=0.5 * case.theta)
    half = {name: getattr(case, name).to(dtype).to(DEVICE) for name in ("q", "k", "v")}
    options = {"block_size": block, "chunk_size": 64}
    mixed = replace(on_device(case), **half)
    rounded = replace(case, **{name: x.double().cpu() for name, x in half.items()})
    out, definition = mixed.run(backend="triton", **options), rounded.run(backend="torch", **options)
    assert out.y.dtype == dtype and out.weights[0].dtype == torch.float32
    tolerance = 4 * torch.finfo(dtype).eps
    for name, want in numbers(definition).items():
        error = (numbers(out)[name].double().cpu() - want).norm() / want.norm()
        assert error < tolerance, f"{name}: {error:.1e}"
    found = gradients(mixed, backend="triton", **options)
    for name, want in gradients(rounded, backend="torch", **options).items():
        error = (found[name].double().cpu() - want).norm() / want.norm()
        assert error < 4 * tolerance, f"gradient of {name}: {error:.1e}"


def test_keys_of_any_length_do_not_break_the_solved_system():
    """Where 2 theta |k|² is large a sum of powers would cancel away all digits; substitution does not."""
    case = draw(8, 64, batch=1, heads=1, dk=16, dv=16, saturated=False)
    case = replace(case, k=case.k[:, :1].expand_as(case.k), eta=0 * case.eta, alpha=0 * case.alpha)
    case = replace(case, theta=0 * case.theta + 0.99)
    out = on_device(case).run(backend="triton", block_size=1)
    same(numbers(out), numbers(case.run(backend="reference", block_size=1)), 1e-4)


def test_norms_keep_three_digits_of_the_largest_where_writes_have_cancelled():
    """In chunks they come out of sums that cancel, in float32: what is far smaller is told as about zero."""
    case = draw(0, 20, batch=1, heads=1)
    gate, nothing = torch.ones_like(case.eta), tuple(torch.zeros_like(w) for w in case.weights)
    v = torch.cat((case.v[:, :1], 0 * case.v[:, 1:]), 1)
    case = replace(case, k=case.k[:, :1].expand_as(case.k), v=v, weights=nothing, momentum=nothing)
    case = replace(case, eta=0.1 * gate, theta=0.2 * gate, alpha=0 * gate)
    found, want = on_device(case).run(backend="triton", block_size=1), case.run(block_size=1)
    for name in ("momentum", "memory_norm"):
        assert want.telemetry[name][0, -1] < 1e-4 * want.telemetry[name].max()
        same({name: found.telemetry[name]}, {name: want.telemetry[name]}, 1e-3)


def operands(tokens: int = 32) -> tuple[torch.Tensor, ...]:
    case = on_device(draw(9, tokens, batch=1, dk=16, dv=16))
    return (case.q, case.k, case.v, case.eta, case.theta, case.alpha, case.weights[0], case.momentum[0])


def test_every_operator_is_registered_as_pytorch_wants_it():
    q, k, v, *gates, m, s = operands()
    leaves = [x.clone().requires_grad_() for x in (q, k, v, *gates, m, s)]
    torch.library.opcheck(linear_memory, (*leaves, None, 16, 4, "solved", False, True, True))
    y, residuals, last, starts, *_ = linear_memory(*operands(), None, 16, 4, "solved", False, True, False)
    to = (residuals, starts, torch.ones_like(y), torch.ones_like(last))
    calls = {
        linear_memory_backward: (q, k, v, *gates, *to, 16, 4, "solved", False),
        linear_recurrent: (q, k, v, *gates, m, s, m, None, 0, 4, False, True),
    }
    for operator, arguments in calls.items():
        torch.library.opcheck(operator, arguments, test_utils=("test_schema", "test_faketensor"))


class Reader(torch.nn.Module):
    """What `memory` reads, as a module for those who want one."""

    def forward(self, q, k, v, eta, theta, alpha, m, s):
        return memory(q, k, v, eta, theta, alpha, (m,), (s,), block_size=1, backend="triton").y


def operators_of(graph):
    return [str(node.target) for node in graph.nodes if node.op == "call_function"]


def test_a_compiler_sees_one_operator():
    arguments, seen = operands(), []

    def note(graph, _):
        seen.extend(operators_of(graph.graph))
        return graph.forward

    found = torch.compile(Reader(), backend=note, fullgraph=True)(*arguments)
    assert torch.equal(found, Reader()(*arguments))
    assert seen.count("titans.linear_memory.default") == 1


def test_an_exported_program_holds_one_operator():
    arguments = operands()
    program = torch.export.export(Reader(), arguments)
    assert operators_of(program.graph).count("titans.linear_memory.default") == 1
    assert torch.equal(program.module()(*arguments), Reader()(*arguments))


def test_a_gradient_of_gradients_is_refused_in_words():
    leaves = [x.clone().requires_grad_() for x in operands()]
    y, *_ = linear_memory(*leaves, None, 16, 4, "solved", False, True, False)
    (first,) = torch.autograd.grad(y.sum(), leaves[:1], create_graph=True)
    with pytest.raises(RuntimeError):
        torch.autograd.grad(first.sum(), leaves[1:2])


def test_gradients_through_the_reads_and_through_the_last_state_add_up():
    leaves = [x.clone().requires_grad_() for x in operands()]
    y, _, last, *_ = linear_memory(*leaves, None, 16, 4, "solved", False, True, False)
    losses = (y.square().sum(), last.square().sum())
    through_y, through_last, both = (
        torch.autograd.grad(loss, leaves, retain_graph=True) for loss in (*losses, sum(losses))
    )
    for first, second, together in zip(through_y, through_last, both, strict=True):
        torch.testing.assert_close(first + second, together, rtol=1e-4, atol=1e-5)
        assert together.abs().sum() > 0


def test_a_gradient_without_errors_is_refused_in_words():
    leaves = [x.clone().requires_grad_() for x in operands()]
    with pytest.raises(RuntimeError, match="kept=True"):
        linear_memory(*leaves, None, 16, 4, "solved", False, False, False)
