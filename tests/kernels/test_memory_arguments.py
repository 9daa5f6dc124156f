"""A call that cannot mean anything says so in one sentence; one that can, works in every mode of torch."""

from dataclasses import replace

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from kernels import retrieve, usual_backend
from tests.kernels.memory_cases import assert_same, draw, gradients, numbers

WRONG_OPTIONS = {
    "block_size must divide": {"chunk_size": 8, "block_size": 3},
    "block_size must": {"chunk_size": 8, "block_size": 0},
    "block_size must divide chunk": {"chunk_size": 4, "block_size": 8},
    "read must be": {"read": "during"},
    "activation must be": {"activation": "tanh"},
    "step must be": {"step": "small"},
    "bounded step is for deep": {"step": "bounded"},
    "backend must be": {"backend": "jax"},
}
WRONG_TENSORS = {
    "q must be": {"q": torch.zeros(2, 5, 10, dtype=torch.float64)},
    "k must have the shape of q": {"k": torch.zeros(2, 4, 2, 5, dtype=torch.float64)},
    "v must be": {"v": torch.zeros(2, 5, 3, 4, dtype=torch.float64)},
    "eta must be": {"eta": torch.zeros(2, 5, dtype=torch.float64)},
    "theta must be torch.float64 where q is": {"theta": torch.zeros(2, 5, 2)},
    "at least one layer": {"weights": (), "momentum": ()},
    "must be a tuple of matrices": {"weights": torch.zeros(2, 2, 4, 4)},
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
    monkeypatch.setattr("kernels.backends.has_triton", lambda: False)
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
    with pytest.raises(ValueError, match="activation must be"):
        retrieve(case.q, case.weights, activation="tanh")


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
    def taken(*widths: int, block: int = 1, dtype: torch.dtype = torch.float32, device: str = "cuda") -> str:
        with FakeTensorMode():
            layers = zip(widths, widths[1:], strict=False)
            weights = tuple(torch.empty(1, 1, a, b, dtype=dtype, device=device) for a, b in layers)
            return usual_backend(weights, block)

    assert taken(64, 64) == taken(128, 128, block=64) == taken(64, 256, 64, block=8) == "triton"
    assert taken(256, 256) == taken(64, 64, dtype=torch.float64) == taken(64, 64, device="cpu") == "torch"
    assert taken(64, 64, 64, 64) == taken(64, 128, 64, block=64) == "torch"
    monkeypatch.setattr("kernels.backends.has_triton", lambda: False)
    assert taken(64, 64) == "torch"
