"""The compiled loop gives the definition's numbers, is taken where it may be, and is never needed."""

import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kernels import compiled
from tests.kernels.memory_cases import Case, assert_same, draw, numbers
from tests.kernels.test_memory_streams import in_pieces, steady

needs_numba = pytest.mark.skipif(
    find_spec("numba") is None, reason="numba is not installed: pip install numba"
)


def agree(case: Case, tolerance: float = 1e-9, **options) -> None:
    out, definition = (case.run(backend=backend, **options) for backend in ("numba", "reference"))
    assert out.offset == definition.offset
    assert_same(numbers(out), numbers(definition), tolerance)


@needs_numba
@pytest.mark.parametrize("initial", [False, True], ids=["to zero", "to initial"])
@pytest.mark.parametrize("read", ["after", "before"])
@pytest.mark.parametrize("block", [1, 2, 8])
@pytest.mark.parametrize("hidden", [(), (6,), (6, 3)], ids=["linear", "deep", "deeper"])
def test_it_is_the_definition(hidden, block, read, initial):
    """Gates at 0 and 1 among others; batch and heads of two."""
    options = {"chunk_size": 8 if not hidden else block, "block_size": block, "read": read}
    for seed, length in enumerate((1, 3, 8, 21)):
        for offset in {0, block // 2, block - 1}:
            agree(draw(seed, length, hidden, initial=initial, offset=offset), **options)


@needs_numba
@pytest.mark.parametrize("block", [1, 8])
def test_its_bounded_step_is_the_definition(block):
    for seed, length in enumerate((1, 3, 21)):
        case = draw(seed, length, (6,), initial=True, offset=block // 2, bounded=True)
        agree(replace(case, theta=5 * case.theta), chunk_size=8, block_size=block, step="bounded")


@needs_numba
def test_its_activations_are_the_definition():
    for activation in ("silu", "gelu"):
        agree(draw(0, 11, (7, 3), initial=True), chunk_size=4, block_size=4, activation=activation)


@needs_numba
def test_it_takes_one_head_one_row_odd_widths_and_any_stride():
    agree(draw(1, 9, (2,), batch=1, heads=1, dk=3, dv=7), chunk_size=4, block_size=4)
    agree(draw(1, 9, batch=3, heads=1, dk=1, dv=1), block_size=1)
    agree(draw(4, 9).map(lambda x: x.transpose(0, -1).contiguous().transpose(0, -1)), block_size=1)


@needs_numba
@pytest.mark.parametrize("block", [1, 8])
@pytest.mark.parametrize("hidden", [(), (6,)], ids=["linear", "deep"])
@steady
@given(data=st.data())
def test_its_stream_may_be_cut_anywhere(hidden, block, data):
    """Without changing even a rounding, for it takes token after token at any cut."""
    length = data.draw(st.integers(0, 40), "tokens")
    cuts = data.draw(st.lists(st.integers(0, length), max_size=12), "cuts")
    offset = data.draw(st.integers(0, block - 1), "offset")
    case = draw(data.draw(st.integers(0, 2**16), "seed"), length, hidden, initial=True, offset=offset)
    options = {"chunk_size": block, "block_size": block, "backend": "numba"}
    assert_same(in_pieces(case, cuts, **options), numbers(case.run(**options)), 0)


@needs_numba
@pytest.mark.parametrize("hidden", [(), (6,)], ids=["linear", "deep"])
def test_half_precision_is_computed_in_float32(hidden):
    case = draw(0, 5, hidden).map(lambda x: x.float())
    half = replace(case, **{name: getattr(case, name).half() for name in ("q", "k", "v")})
    found, expected = (half.run(backend=backend, block_size=1) for backend in ("numba", "torch"))
    assert found.y.dtype == torch.float16 and found.weights[0].dtype == torch.float32
    assert_same(numbers(found), numbers(expected), 2e-3)


@needs_numba
@pytest.mark.parametrize("hidden", [(), (6,)], ids=["linear", "deep"])
def test_its_float32_is_pytorchs(hidden):
    case = draw(4, 200, hidden, dk=16, dv=16, initial=bool(hidden), saturated=False).map(lambda x: x.float())
    case = replace(case, theta=0.2 * case.theta * (1 - case.eta))
    found, expected = (numbers(case.run(backend=backend, block_size=1)) for backend in ("numba", "torch"))
    assert_same(found, expected, 1e-5)


@needs_numba
def test_telemetry_changes_no_other_number_and_the_arguments_stay():
    case = draw(10, 21, (6,), initial=True, offset=3)
    copy = case.map(lambda x: x.clone())
    options = {"chunk_size": 8, "block_size": 8, "backend": "numba"}
    with_, without = (case.run(telemetry=told, **options) for told in (True, False))
    assert without.telemetry == {} and without.factors == ()
    assert_same(numbers(without), {k: x for k, x in numbers(with_).items() if k in numbers(without)}, 0)
    assert_same(case.leaves(), copy.leaves(), 0)


@needs_numba
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["k", "v", "eta", "theta", "alpha"])
def test_what_is_not_a_number_stays_none(name, value):
    """From the token on that it came with, in every sequence and head that met it, and in no other."""
    case = draw(3, 7, (6,), saturated=False)
    tensor = getattr(case, name).clone()
    tensor[0, 3, 1] = value
    out = replace(case, **{name: tensor}).run(backend="numba", block_size=1)
    spoilt = ~out.y.isfinite().all(-1)
    assert spoilt[0, 3:, 1].all() and spoilt.sum() == 4
    assert not out.telemetry["memory_norm"][0, 3:, 1].isfinite().any()


@needs_numba
def test_it_says_what_it_cannot_take():
    case = draw(0, 5)
    with pytest.raises(RuntimeError, match="no gradients: take 'torch'"):
        replace(case, k=case.k.requires_grad_()).run(backend="numba")
    with torch.no_grad():
        assert not case.run(backend="numba").y.requires_grad
    with pytest.raises(RuntimeError, match="for the processor, but the tensors are on meta"):
        case.map(lambda x: x.detach().to("meta")).run(backend="numba")


@needs_numba
def test_auto_takes_it_where_no_gradient_is_wanted(monkeypatch):
    taken = []
    monkeypatch.setattr("kernels.api.compiled", lambda *a: taken.append(1) or compiled.compiled(*a))
    case = draw(0, 5, (6,), batch=1, heads=1, initial=True, offset=3, bounded=True, saturated=False)
    options = {"backend": "auto", "step": "bounded"}
    case.run(**options)
    assert taken.pop()
    for name, leaf in case.leaves().items():
        leaf.requires_grad_()
        assert case.run(**options).y.requires_grad, name
        leaf.requires_grad_(False)
    assert case.map(lambda x: x.to("meta")).run(**options).y.is_meta
    assert not taken


WITHOUT = """
from tests.kernels.memory_cases import draw
case = draw(0, 5)
case.run(backend="auto")
try:
    case.run(backend="numba")
except RuntimeError as error:
    print(error)
"""
MISSING = "import sys; sys.modules['numba'] = None"
NOWHERE = "from numba.core.caching import CacheImpl; CacheImpl._locator_classes = []"


@pytest.mark.parametrize(
    ("start", "complaint"),
    [
        (MISSING, "the backend 'numba' needs numba: pip install numba."),
        pytest.param(
            NOWHERE,
            "numba finds no folder to keep what it compiles in: name one in NUMBA_CACHE_DIR.",
            marks=needs_numba,
        ),
    ],
    ids=["missing", "nowhere to write"],
)
def test_without_numba_auto_does_without_and_asking_for_it_is_an_error(start, complaint):
    """In a process of its own, where numba cannot be imported, or finds no folder to write to."""
    code = start + WITHOUT
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == complaint


def test_nothing_is_compiled_before_it_is_used():
    code = "import sys, kernels; print('numba' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "False"
