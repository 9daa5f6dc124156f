"""The kernels of the deep memory give the definition's numbers: reads, states, telemetry, factors, gradients.

On a GPU they run there, elsewhere in Triton's interpreter, which takes its time: the cases are small.
"""

from dataclasses import replace

import pytest
import torch

from kernels import memory
from kernels.gpu import deep_memory as on_kernels
from kernels.gpu import deep_operators
from kernels.gpu.deep_operators import deep_memory
from kernels.gpu.deep_stream import deep_recurrent
from tests.kernels.memory_cases import Case, assert_same, draw, gradients, numbers

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """As many tokens as are taken one by one: here none, or the small cases would all be."""
    monkeypatch.setattr(on_kernels, "FEW", 0)


def on_device(case: Case) -> Case:
    return case.map(lambda x: x.float().to(DEVICE))


def small(seed: int, length: int, hidden: int = 6, large: bool = False, **options) -> Case:
    """One memory, many gates at exactly 0 and 1; `large`: its steps are so large that a bound matters."""
    case = draw(seed, length, (hidden,), **{"batch": 1, "heads": 1, **options})
    return replace(case, theta=5 * case.theta) if large else case


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


def agree_in_gradients(case, block, **options):
    """And in what is answered where gradients are asked for, which other forms may do than else."""
    options |= {"block_size": block, "chunk_size": block}
    out = on_device(case).map(lambda x: x.requires_grad_()).run(backend="triton", **options)
    answers = {name: x.detach() for name, x in numbers(out).items()}
    same(answers, numbers(case.run(backend="reference", **options)))
    found = gradients(on_device(case), backend="triton", **options)
    same(found, gradients(case, backend="reference", **options), 1e-4)


@pytest.mark.parametrize("activation,read", [("silu", "after"), ("gelu", "before")])
@pytest.mark.parametrize("block,length", [(4, 9), (8, 16), (16, 17), (5, 13)])
def test_the_kernels_are_the_definition(block, length, activation, read):
    agree(small(block, length), block, activation=activation, read=read)


@pytest.mark.parametrize("initial", [False, True], ids=["to zero", "to initial"])
@pytest.mark.parametrize("step", ["given", "bounded"])
def test_steps_may_be_bounded_and_forgetting_may_lead_elsewhere(step, initial):
    """The blocks that are open at the call's begin and end are not the kernels'."""
    bounded = step == "bounded"
    case = small(1, 11, initial=initial, offset=2, bounded=bounded, large=bounded)
    agree(case, 4, step=step)


@pytest.mark.parametrize("initial", [False, True], ids=["to zero", "to initial"])
@pytest.mark.parametrize("activation,read,step", [("silu", "after", "bounded"), ("gelu", "before", "given")])
def test_each_token_may_be_a_block_of_its_own(activation, read, step, initial):
    bounded = step == "bounded"
    case = small(2, 5, initial=initial, bounded=bounded, large=bounded)
    agree(case, 1, activation=activation, read=read, step=step)
    agree_in_gradients(case.tokens(0, 2), 1, activation=activation, read=read, step=step)


@pytest.mark.parametrize("step", ["given", "bounded"])
@pytest.mark.parametrize("initial", [False, True], ids=["to zero", "to initial"])
def test_token_by_token_is_all_at_once(step, initial, monkeypatch):
    """Few tokens go through the recurrent kernel: a stream may be cut anywhere."""
    monkeypatch.setattr(on_kernels, "FEW", 6)
    bounded = step == "bounded"
    case = small(10, 19, initial=initial, offset=1, bounded=bounded, large=bounded)
    options = {"block_size": 4, "chunk_size": 4, "step": step}
    state, parts, start = on_device(case), [], 0
    for size in (1, 1, 6, 1, 10):
        parts.append(state.tokens(start, start + size).run(backend="triton", **options))
        state, start = state.after(parts[-1]), start + size
    whole = case.run(backend="reference", **options)
    names = [name for name in numbers(whole) if not name.startswith(("weights", "momentum", "block"))]
    for name in names:
        same({name: torch.cat([numbers(part)[name] for part in parts], 1)}, {name: numbers(whole)[name]})
    last = {name: x for name, x in numbers(parts[-1]).items() if name not in names}
    same(last, {name: x for name, x in numbers(whole).items() if name not in names})


@pytest.mark.parametrize("dk,hidden,dv", [(1, 1, 1), (17, 40, 3)])
def test_any_width_is_taken(dk, hidden, dv):
    agree(small(3, 4, hidden, dk=dk, dv=dv, initial=True, bounded=True, large=True), 4, step="bounded")


def test_padding_stays_empty():
    """A hidden unit without weights is told nothing, whatever its activation's slope at zero."""
    case = on_device(small(4, 8, 32, dk=16, dv=16, initial=True))
    gone = torch.arange(32, device=DEVICE) >= 20

    def cut(layers):
        return layers[0].masked_fill(gone, 0), layers[1].masked_fill(gone[:, None], 0)

    state = {name: cut(getattr(case, name)) for name in ("weights", "momentum", "initial")}
    out = replace(case, **state).run(backend="triton", block_size=8, chunk_size=8, step="bounded")
    for first, second in (out.weights, out.momentum):
        assert first[..., ~gone].all() and second[:, :, ~gone].all()
        assert not first[..., gone].any() and not second[:, :, gone].any()


def test_several_sequences_and_heads_keep_to_themselves():
    agree(small(5, 6, batch=2, heads=2), 3)


@pytest.mark.parametrize("initial", [False, True], ids=["to zero", "to initial"])
@pytest.mark.parametrize("step", ["given", "bounded"])
def test_outer_gradients_are_those_of_the_definition(step, initial, monkeypatch):
    """Of more blocks than are differentiated together, and of open ones."""
    monkeypatch.setattr(deep_operators, "RUN", 2)
    bounded = step == "bounded"
    case = small(6, 25, initial=initial, offset=2, bounded=bounded, large=bounded)
    agree_in_gradients(case, 4, step=step, read="before", activation="gelu")


def test_telemetry_changes_nothing_else():
    case = on_device(small(7, 8, initial=True))
    told, untold = (
        case.run(backend="triton", block_size=4, chunk_size=4, telemetry=t) for t in (True, False)
    )
    assert not untold.telemetry and not untold.factors
    for name, x in numbers(untold).items():
        assert torch.equal(numbers(told)[name], x), name


def test_norms_keep_four_digits_of_the_largest_where_writes_have_cancelled():
    """They come out of sums that cancel, in float32: what is far smaller is told as about zero."""
    case = small(8, 16)
    gate = torch.ones_like(case.eta)
    case = replace(case, k=case.k[:, :1].expand_as(case.k), eta=0 * gate, theta=0.05 * gate, alpha=0.5 * gate)
    agree(case, 8)


def operands() -> tuple[torch.Tensor, ...]:
    case = on_device(small(9, 8, 32, dk=16, dv=16, initial=True))
    gates = (case.eta, case.theta, case.alpha)
    return (case.q, case.k, case.v, *gates, *case.weights, *case.momentum, *case.initial)


def test_the_operators_are_registered_as_pytorch_wants_them():
    tensors = operands()
    leaves = [x.clone().requires_grad_() for x in tensors]
    torch.library.opcheck(deep_memory, (*leaves, 4, False, True, "silu", True))
    opened, keys = tensors[6:8], torch.zeros(1, 1, 16, 16, device=DEVICE)
    arguments = (*tensors, *opened, keys, 0, 4, False, "silu", True)
    torch.library.opcheck(deep_recurrent, arguments, test_utils=("test_schema", "test_faketensor"))


def test_a_compiler_sees_one_operator():
    tensors = [x.requires_grad_() for x in operands()]

    def read(*tensors):
        q, k, v, eta, theta, alpha, w1, w2, s1, s2, i1, i2 = tensors
        return memory(
            q, k, v, eta, theta, alpha, (w1, w2), (s1, s2), (i1, i2),
            block_size=4, chunk_size=4, step="bounded", backend="triton",
        ).y  # fmt: skip

    seen = []

    def note(graph, _):
        seen.extend(str(node.target) for node in graph.graph.nodes if node.op == "call_function")
        return graph.forward

    found = torch.compile(read, backend=note, fullgraph=True)(*tensors)
    assert torch.equal(found, read(*tensors))
    assert seen.count("titans.deep_memory.default") == 1
    expected = torch.autograd.grad(read(*tensors).sum(), tensors, allow_unused=True, materialize_grads=True)
    compiled = torch.compile(read, backend="aot_eager", fullgraph=True)(*tensors)
    found = torch.autograd.grad(compiled.sum(), tensors, allow_unused=True, materialize_grads=True)
    for got, want in zip(found, expected, strict=True):
        assert torch.equal(got, want)


def test_a_gradient_of_gradients_is_refused():
    leaves = [x.requires_grad_() for x in operands()]
    y, *_ = deep_memory(*leaves, 4, False, False, "silu", False)
    (first,) = torch.autograd.grad(y.sum(), leaves[:1], create_graph=True)
    with pytest.raises(RuntimeError):
        torch.autograd.grad(first.sum(), leaves[1:2])
