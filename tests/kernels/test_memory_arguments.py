"""A call that cannot mean anything says so in one sentence; one that can, works in every mode of torch."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from kernels import retrieve, usual_backend
from tests.kernels.memory_cases import assert_same, draw, gradients, numbers

WRONG_OPTIONS = {
    "block_size must divide": {"chunk_size": 8, "block_size": 3},
    "block_size must": {"chunk_size": 8, "block_size": 0},
    "block_size must divide chunk": {"chunk_size": 4, "block_size": 8},
    "block_size is 1000000000 and chunk_size 64": {"chunk_size": 64, "block_size": 10**9},
    "read must be": {"read": "during"},
    "activation must be": {"activation": "tanh"},
    "activation must be one of silu, gelu, not": {"activation": ["silu"]},
    r"chunk_size must be at most 2\*\*62 tokens": {"chunk_size": 2**70, "block_size": 2**70},
    "step must be": {"step": "small"},
    "bounded step is for deep": {"step": "bounded"},
    "objective must be": {"objective": "outer"},
    "backend must be": {"backend": "jax"},
}
WRONG_TENSORS = {
    "q must be": {"q": torch.zeros(2, 5, 10, dtype=torch.float64)},
    "k must have the shape of q": {"k": torch.zeros(2, 4, 2, 5, dtype=torch.float64)},
    "v must be": {"v": torch.zeros(2, 5, 3, 4, dtype=torch.float64)},
    "eta must be": {"eta": torch.zeros(2, 5, dtype=torch.float64)},
    "theta must be torch.float64 where q is": {"theta": torch.zeros(2, 5, 2)},
    "at least one layer": {"weights": (), "momentum": ()},
    "layer 1 of momentum must be on the device of q, cpu, but it is on meta": {
        "momentum": (torch.zeros(2, 2, 5, 4, dtype=torch.float64, device="meta"),)
    },
    "q must be float16, bfloat16": {"q": torch.zeros(2, 5, 2, 5, dtype=torch.int64)},
    "layer 1 of weights must be": {"weights": (torch.zeros(2, 2, 4, 4, dtype=torch.float64),)},
    "layer 1 of weights must be torch.float64": {"weights": (torch.zeros(2, 2, 5, 4),)},
    "gives 3 columns, but v has 4": {"weights": (torch.zeros(2, 2, 5, 3, dtype=torch.float64),)},
    "momentum has 2 layers": {"momentum": (torch.zeros(2, 2, 5, 4, dtype=torch.float64),) * 2},
    "layer 1 of initial must be like": {"initial": (torch.zeros(2, 1, 5, 4, dtype=torch.float64),)},
    "block_start must be like": {"block_start": (torch.zeros(2, 1, 5, 4, dtype=torch.float64),)},
    "block_start must be given": {"offset": 2},
    "offset must lie in 0..7": {"offset": 8},
    "offset must lie": {"offset": -1},
}
NO_TENSORS = {
    "q must be a tensor, not a ndarray": {"q": np.zeros((2, 5, 2, 5))},
    "v must be a tensor, not a ndarray": {"v": np.zeros((2, 5, 2, 4))},
    "theta must be a tensor, not a float": {"theta": 0.1},
    "weights must be a tuple of tensors, one for each layer, not a Tensor": {
        "weights": torch.zeros(2, 2, 5, 4)
    },
    "layer 1 of weights must be a tensor, not a ndarray": {"weights": (np.zeros((2, 2, 5, 4)),)},
    "momentum must be a tuple of tensors, one for each layer, not None": {"momentum": None},
    "momentum must be a tuple of tensors": {"momentum": torch.zeros(1, 2, 2, 5, 4, dtype=torch.float64)},
    "layer 1 of momentum must be a tensor, not None": {"momentum": (None,)},
    "initial must be a tuple of tensors": {"initial": torch.zeros(1, 2, 2, 5, 4, dtype=torch.float64)},
    "block_start must be a tuple of tensors": {"block_start": torch.zeros(1, 2, 2, 5, 4).double()},
    "offset must be an int, not 1.0": {"offset": 1.0},
}
NO_INTS = {
    "chunk_size": {"chunk_size": 8.0, "block_size": 8},
    "block_size": {"chunk_size": 8, "block_size": 1.0},
}
STRANGERS = ["k", "v", "eta", "theta", "alpha", "weights", "momentum", "initial"]
everywhere = pytest.mark.parametrize("backend", ["auto", "torch", "reference", "numba"])


@pytest.mark.parametrize("message", NO_TENSORS)
def test_what_is_no_tensor_is_named(message):
    with pytest.raises(TypeError, match=message):
        replace(draw(0, 5), **NO_TENSORS[message]).run(chunk_size=8, block_size=8)


@pytest.mark.parametrize("name", NO_INTS)
def test_what_is_no_int_is_named(name):
    with pytest.raises(TypeError, match=f"{name} must be an int, not"):
        draw(0, 5).run(**NO_INTS[name])


def test_block_keys_are_looked_at_where_they_are_needed():
    case = draw(0, 5, (6,), offset=2, bounded=True)
    options = {"chunk_size": 8, "block_size": 8, "step": "bounded"}
    with pytest.raises(TypeError, match="block_keys must be a tensor, not a ndarray"):
        replace(case, block_keys=case.block_keys.numpy()).run(**options)
    with pytest.raises(ValueError, match="block_keys must be on the device of q, cpu, but it is on meta"):
        replace(case, block_keys=case.block_keys.to("meta")).run(**options)


@pytest.mark.parametrize("number", range(len(STRANGERS)), ids=STRANGERS)
@everywhere
def test_the_first_tensor_on_another_device_is_named(backend, number):
    case = draw(0, 5, initial=True)
    moved = case.map(lambda x: x.to("meta"))
    for odd in (STRANGERS[number:], STRANGERS[number : number + 1]):
        with pytest.raises(ValueError, match=f"{odd[0]} must be on the device of q, cpu, but it is on meta"):
            replace(case, **{name: getattr(moved, name) for name in odd}).run(backend=backend)


@pytest.mark.parametrize("empty", ["batch", "heads", "dk", "dv"])
@everywhere
def test_a_memory_has_at_least_one_of_everything_but_tokens(backend, empty):
    for length in (0, 5):
        with pytest.raises(ValueError, match="at least one sequence, one head and one column"):
            draw(0, length, **{empty: 0}).run(backend=backend)
    with pytest.raises(ValueError, match="layer 1 of weights must be .*, D > 0, not"):
        draw(0, 5, (0,)).run(backend=backend, block_size=1)


@pytest.mark.parametrize("length", [1, 5])
@pytest.mark.parametrize("hidden", [(), (6,)], ids=["linear", "deep"])
@everywhere
def test_autocast_leaves_state_and_precision_alone(backend, hidden, length):
    case = draw(0, length, hidden).map(lambda x: x.float())
    if backend == "numba":
        pytest.importorskip("numba")
    options = {"backend": backend, "chunk_size": 4, "block_size": 4}
    expected, read = numbers(case.run(**options)), retrieve(case.q, case.weights)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert_same(numbers(case.run(**options)), expected, 0)
        assert torch.equal(retrieve(case.q, case.weights), read)
        assert case.map(lambda x: x.to("meta")).run(backend="torch").y.dtype == torch.float32


def test_the_definition_says_that_it_cannot_do_without_autograd():
    case = draw(0, 5, (6,))
    with torch.inference_mode():
        made_there = case.v.clone()
        with pytest.raises(RuntimeError, match="'reference' takes its gradients by autograd.*no_grad"):
            case.run(backend="reference")
        assert case.run(backend="torch").y.isfinite().all()
    with torch.no_grad():
        assert case.run(backend="reference").y.isfinite().all()
        with pytest.raises(RuntimeError, match="'reference' takes its gradients by autograd.*no_grad"):
            replace(case, v=made_there).run(backend="reference")


@pytest.mark.parametrize("message", WRONG_OPTIONS)
def test_wrong_options_are_named(message):
    with pytest.raises(ValueError, match=message):
        draw(0, 5).run(**WRONG_OPTIONS[message])


@pytest.mark.parametrize("message", WRONG_TENSORS)
def test_wrong_tensors_are_named(message):
    with pytest.raises(ValueError, match=message):
        replace(draw(0, 5), **WRONG_TENSORS[message]).run(chunk_size=8, block_size=8)


def test_a_deep_memory_refuses_blocks_between_one_and_the_chunk():
    with pytest.raises(ValueError, match="deep memory takes block_size 1 or chunk_size"):
        draw(0, 5, (6,)).run(chunk_size=8, block_size=4)


def test_what_sums_up_tokens_is_not_taken_in_half_precision():
    with pytest.raises(ValueError, match="eta must be torch.float32 where q is torch.bfloat16"):
        draw(0, 5).map(lambda x: x.bfloat16()).run()


def test_half_precision_is_computed_in_float32_where_there_are_no_kernels():
    case = draw(0, 5).map(lambda x: x.float())
    half = {name: getattr(case, name).half() for name in ("q", "k", "v")}
    for backend in ("torch", "reference"):
        out = replace(case, **half).run(backend=backend)
        wide = replace(case, **{name: x.float() for name, x in half.items()}).run(backend=backend)
        assert out.y.dtype == out.factors[0][1].dtype == torch.float16
        assert torch.equal(out.y, wide.y.half()) and torch.equal(out.weights[0], wide.weights[0])
    assert retrieve(half["q"], case.weights).dtype == torch.float16


def test_a_backend_that_is_not_there_is_a_runtime_error(monkeypatch):
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    case = draw(0, 5).map(lambda x: x.float())
    with pytest.raises(RuntimeError, match="runs on CUDA tensors"):
        case.run(backend="triton")
    monkeypatch.setattr("kernels.backends.HAS_TRITON", False)
    with pytest.raises(RuntimeError, match="pip install triton"):
        case.run(backend="triton")


def test_the_kernels_refuse_what_they_cannot_take(monkeypatch):
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    wide, three = (draw(0, 5, hidden, dk=130).map(lambda x: x.float()) for hidden in ((6,), (6, 6)))
    for case in (draw(0, 5), draw(0, 5, (6,)), wide, three):
        with pytest.raises(ValueError, match="float32 or less, and a memory of one layer with"):
            case.run(backend="triton", block_size=16, chunk_size=16)


def test_retrieve_names_what_does_not_fit():
    case = draw(0, 5)
    with pytest.raises(ValueError, match="q must be"):
        retrieve(case.q[0], case.weights)
    with pytest.raises(ValueError, match="layer 1 of weights"):
        retrieve(case.q[..., :2], case.weights)
    with pytest.raises(ValueError, match="q must be float16, .* or float64, but it is torch.int64"):
        retrieve(case.q.long(), case.weights)
    with pytest.raises(ValueError, match="layer 1 of weights must be on the device of q, meta"):
        retrieve(case.q.to("meta"), case.weights)
    with pytest.raises(TypeError, match="q must be a tensor, not a ndarray"):
        retrieve(case.q.numpy(), case.weights)
    with pytest.raises(TypeError, match="weights must be a tuple of tensors"):
        retrieve(case.q, case.weights[0])
    with pytest.raises(ValueError, match="activation must be"):
        retrieve(case.q, case.weights, activation="tanh")


@everywhere
@pytest.mark.parametrize("hidden", [(), (6,)], ids=["linear", "deep"])
def test_a_chunk_may_be_longer_than_any_text(backend, hidden):
    case, most = draw(0, 5, hidden), 2**62
    with torch.no_grad():
        found, usual = (case.run(backend, chunk_size=size, block_size=size) for size in (most, 8))
    assert_same(numbers(usual), numbers(found))


@pytest.mark.parametrize("name", STRANGERS)
@everywhere
def test_a_sparse_tensor_is_named(backend, name):
    case = draw(0, 5, initial=True)
    value = getattr(case, name)
    sparse = (value[0].to_sparse(),) if isinstance(value, tuple) else value.to_sparse()
    with pytest.raises(ValueError, match=f"{name} must be dense, but it is torch.sparse_coo: .* to_dense"):
        replace(case, **{name: sparse}).run(backend)
    with pytest.raises(ValueError, match="q must be dense, but it is torch.sparse_coo"):
        retrieve(case.q.to_sparse(), case.weights)


@pytest.mark.parametrize("hidden", [(), (6,)], ids=["linear", "deep"])
def test_a_first_call_without_gradients_does_not_spoil_a_later_one_with(hidden):
    """Sizes no other test uses: whatever is kept between calls is made under inference mode."""
    case = draw(1, 27, hidden)
    options = {"chunk_size": 11 if hidden else 22, "block_size": 11}
    with torch.inference_mode():
        first = numbers(case.run(**options))
    assert_same(first, numbers(case.run(**options)))
    assert all(torch.isfinite(x).all() for x in gradients(case, **options).values())


@pytest.mark.parametrize("hidden", [(), (6,)], ids=["linear", "deep"])
def test_the_arguments_are_left_as_they_were(hidden):
    case = draw(2, 21, hidden, initial=True, offset=3)
    copy = case.map(lambda x: x.clone())
    case.run(chunk_size=8, block_size=8)
    assert_same(case.leaves(), copy.leaves(), 0)


def test_telemetry_is_outside_the_outer_graph_and_in_the_input_dtype():
    for hidden in ((), (6,)):
        case = draw(3, 9, hidden).map(lambda x: x.float().requires_grad_())
        out = case.run(chunk_size=4, block_size=4)
        drawn = [*out.telemetry.values(), *(x for pair in out.factors for x in pair)]
        assert len(drawn) == 5 + 2 * len(case.weights)
        assert all(not x.requires_grad and x.dtype == torch.float32 for x in drawn)


def test_tensors_of_any_stride_are_taken():
    case = draw(4, 9)
    strided = case.map(lambda x: x.transpose(0, -1).contiguous().transpose(0, -1))
    assert_same(numbers(strided.run()), numbers(case.run()))


def test_a_gpu_takes_the_kernels_where_they_fit(monkeypatch):
    def taken(
        *widths: int, block: int = 1, dtype=torch.float32, device: str = "cuda", operands=None, **rule
    ) -> str:
        with FakeTensorMode():
            layers = zip(widths, widths[1:], strict=False)
            weights = tuple(torch.empty(1, 1, a, b, dtype=dtype, device=device) for a, b in layers)
            return usual_backend(weights, block, operands, **rule)

    half = torch.bfloat16
    monkeypatch.setattr("kernels.gpu.assembler.TRUSTED", "/a/ptxas")
    assert taken(64, 64) == taken(128, 128, operands=half) == taken(64, 256, 64, block=8) == "triton"
    assert taken(128, 128) == taken(256, 256, operands=half) == "torch"
    assert taken(64, 64, dtype=torch.float64) == taken(64, 64, device="cpu") == "torch"
    assert taken(64, 64, objective="inner") == "torch"
    assert taken(64, 64, 64, 64) == taken(64, 128, 64, block=64) == "torch"
    monkeypatch.setattr("kernels.gpu.limits.large", lambda _: False)
    assert taken(64, 64) == "triton" and taken(128, 128, operands=half) == "torch"
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    for capability, backend in (((7, 5), "torch"), ((8, 0), "triton"), ((12, 0), "triton")):
        card = SimpleNamespace(major=capability[0], minor=capability[1])
        monkeypatch.setattr("torch.cuda.get_device_properties", lambda _, found=card: found)
        assert taken(64, 64) == backend
    monkeypatch.setattr("kernels.backends.HAS_TRITON", False)
    assert taken(64, 64) == "torch"


def test_the_interpreter_refuses_what_it_multiplies_wrongly(monkeypatch):
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    case = draw(0, 5).map(lambda x: x.float())
    half = replace(case, **{name: getattr(case, name).bfloat16() for name in ("q", "k", "v")})
    with pytest.raises(ValueError, match="interpreter multiplies bfloat16 wrongly"):
        half.run(backend="triton")
