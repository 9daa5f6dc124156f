"""Safetensors files: what a header says is checked before it is believed, and damage is one sentence."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from safetensors.torch import save_file

import titans_core as tc
from tests.titans_core.conftest import TEXT, speaker
from titans_core import header as headers
from titans_core.checkpoint import least, read_tensors, save_model
from titans_core.saved import read_stream

SMALL = {"a": torch.arange(6, dtype=torch.float32).view(2, 3), "b": torch.ones(3, dtype=torch.int64)}
KIND = ("lmm", 1, 1)


def written(path: Path, told: Any, content: bytes = b"") -> Path:
    """A file whose header is this JSON, or these bytes."""
    header = told if isinstance(told, bytes) else json.dumps(told).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + content)
    return path


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "small.safetensors"
    save_model(speaker(KIND), path, {})
    return path


@pytest.fixture
def stream(tmp_path: Path, checkpoint: Path) -> Path:
    """A saved stream of that checkpoint."""
    path = tmp_path / "stream.safetensors"
    reading = tc.Stream(tc.load(checkpoint, "cpu"))
    reading.feed(TEXT)
    reading.override(alpha=0.1, tokens=[90]).save(path)
    return path


def retold(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """The file with its header changed, and no checksum, as one who means it would write it."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    told = json.loads(content[8 : 8 + length])
    change(told)
    told["__metadata__"].pop(headers.CHECKSUM, None)
    return written(path, told, content[8 + length :])


def test_a_file_cut_short_at_any_byte_is_refused(tmp_path: Path) -> None:
    whole, path = tmp_path / "whole", tmp_path / "cut.safetensors"
    save_file(SMALL, whole, {"said": "something"})
    content = whole.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"cut\.safetensors cannot be read"):
            read_tensors(path)
    path.write_bytes(content)
    tensors, texts = read_tensors(path)
    assert texts == {"said": "something"} and all(torch.equal(tensors[k], SMALL[k]) for k in SMALL)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.data())
def test_a_bit_that_flipped_is_refused_or_changes_numbers_alone(
    tmp_path: Path, data: some.DataObject
) -> None:
    path = tmp_path / "flipped.safetensors"
    save_file(SMALL, path, {"said": "something"})
    content = bytearray(path.read_bytes())
    place = data.draw(some.integers(0, 8 * len(content) - 1))
    content[place // 8] ^= 1 << place % 8
    path.write_bytes(content)
    try:
        tensors, _ = read_tensors(path)
    except ValueError as error:
        assert "flipped.safetensors cannot be read" in str(error)
        return
    assert sum(value.numel() for value in tensors.values()) == 9
    numbers = len(content) - sum(value.nbytes for value in SMALL.values())
    same = {name: value.shape for name, value in tensors.items()} == {k: v.shape for k, v in SMALL.items()}
    assert same or place < 8 * numbers


@pytest.mark.parametrize("kind", ["checkpoint", "stream"])
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=some.data())
def test_a_byte_that_is_another_anywhere_in_what_we_wrote_is_refused_or_changes_nothing(
    kind: str, checkpoint: Path, stream: Path, data: some.DataObject
) -> None:
    path = {"checkpoint": checkpoint, "stream": stream}[kind]
    whole = path.read_bytes()
    start = 8 + int.from_bytes(whole[:8], "little")
    place = data.draw(some.integers(0, start - 1) | some.integers(start, len(whole) - 1))
    changed = bytearray(whole)
    changed[place] ^= data.draw(some.integers(1, 255))
    tensors, texts = read_tensors(path)
    try:
        path.write_bytes(changed)
        found, said = read_tensors(path)
    except ValueError as error:
        told = str(error)
        assert "is damaged, because its checksum" in told or "cannot be read as safetensors" in told
        return
    finally:
        path.write_bytes(whole)
    assert all(torch.equal(found[name], value) for name, value in tensors.items()) and place < start
    assert all(said[name] == text for name, text in texts.items() if name != headers.CHECKSUM)


def test_a_digit_of_a_saved_stream_that_flipped_is_told_in_one_sentence(
    checkpoint: Path, stream: Path
) -> None:
    content = bytearray(stream.read_bytes())
    content[-3] ^= 1
    stream.write_bytes(content)
    with pytest.raises(ValueError, match=r"^stream\.safetensors is damaged, because .*: take a whole copy$"):
        tc.Stream.load(stream, tc.load(checkpoint, "cpu"))


def test_a_file_without_a_checksum_is_an_older_one_and_is_read(checkpoint: Path, stream: Path) -> None:
    model = tc.load(checkpoint, "cpu")
    before = tc.Stream.load(stream, model)
    after = tc.Stream.load(retold(stream, lambda told: None), model)
    assert torch.equal(before.now.logits, after.now.logits)


def test_the_same_content_is_the_same_bytes(checkpoint: Path, tmp_path: Path) -> None:
    for number in range(5):
        save_model(speaker(KIND), tmp_path / f"{number}.safetensors", {})
    assert len({path.read_bytes() for path in tmp_path.glob("*.safetensors")}) == 1


F32 = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    "told",
    [
        [],
        {"a": 3},
        {"a": F32 | {"dtype": "F9"}},
        {"a": F32 | {"dtype": ["F32"]}},
        {"a": F32 | {"shape": [2]}},
        {"a": F32 | {"shape": [-1]}},
        {"a": F32 | {"shape": [True]}},
        {"a": F32 | {"shape": [1.0]}},
        {"a": F32 | {"shape": [1] * 9}},
        {"a": F32 | {"shape": [0, 10**30], "data_offsets": [0, 0]}},
        {"a": F32 | {"data_offsets": [0, 4, 8]}},
        {"a": F32 | {"data_offsets": [4, 8]}},
        {"a": F32 | {"more": 1}},
        {"a": F32, "b": F32},  # both the same bytes
        {"a": F32, "__metadata__": {"x": 3}},
        {"a": F32, "__metadata__": "x"},
        b'{"a": {"dtype": "F32"}, "a": ' + json.dumps(F32).encode() + b"}",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"\xff\xfe",
        b'{"a": ' + b"9" * 10_000 + b"}",
        {str(number): F32 | {"shape": [0], "data_offsets": [0, 0]} for number in range(headers.MOST + 1)},
    ],
    ids=str,
)
def test_a_header_that_says_what_cannot_be_is_refused(told: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read as safetensors"):
        read_tensors(written(tmp_path / "wrong.safetensors", told, bytes(4)))


@pytest.mark.parametrize(
    "start", [(2**63).to_bytes(8, "little"), (10**9).to_bytes(8, "little"), bytes(8), b""]
)
def test_a_length_that_is_not_in_the_file_takes_no_memory(start: bytes, tmp_path: Path) -> None:
    path = tmp_path / "long.safetensors"
    path.write_bytes(start + b"{}")
    tracemalloc.start()
    with pytest.raises(ValueError, match="cannot be read"):
        read_tensors(path)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_a_file_or_a_header_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.safetensors"
    with path.open("wb") as file:
        file.write((headers.LONGEST + 1).to_bytes(8, "little"))
        file.truncate(headers.LARGEST)
    with pytest.raises(ValueError, match="its header has"):
        read_tensors(path)
    with path.open("ab") as file:
        file.truncate(headers.LARGEST + 1)
    with pytest.raises(ValueError, match="over the limit of 268,435,456"):
        read_tensors(path)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_a_checkpoint_with_numbers_that_are_none_is_refused(value: float, tmp_path: Path) -> None:
    model = speaker(KIND)
    with torch.no_grad():
        model.mixers[0].memory.qkv.weight[3, 2] = value
    path = tmp_path / "model.safetensors"
    save_model(model, path, {})
    with pytest.raises(ValueError, match=r"model\.safetensors is not .*mixers\.0\.memory\.qkv\.weight holds"):
        tc.load(path, "cpu")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"layers": 60_000}, "too few for its configuration"),
        ({"layers": 10**9}, "at most 65,536"),
        ({"width": 65_536}, "too few for its configuration"),
        ({"heads": 65_536, "head_width": 65_536}, "too few for its configuration"),
        ({"window": 10**12}, "at most 65,536"),
        ({"memory": {"depth": 60_000}}, "too few"),
        ({"memory": {"chunk_size": 10**12}}, "at most 65,536"),
        ({"memory": {"eta_max": float("nan")}}, "eta_max"),
    ],
    ids=str,
)
def test_a_configuration_is_held_against_the_file_before_memory_is_taken(
    change: dict[str, Any], complaint: str, checkpoint: Path
) -> None:
    def configure(told: dict[str, Any]) -> None:
        config = json.loads(told["__metadata__"]["config"])
        config = config | change | {"memory": config["memory"] | change.get("memory", {})}
        told["__metadata__"]["config"] = json.dumps(config)

    with pytest.raises(ValueError, match=complaint):
        tc.load(retold(checkpoint, configure), "cpu")


def test_a_checkpoint_that_fits_is_loaded_to_the_letter(checkpoint: Path) -> None:
    loaded, model = tc.load(checkpoint, "cpu"), speaker(KIND)
    for (name, one), (_, other) in zip(loaded.state_dict().items(), model.state_dict().items(), strict=True):
        assert torch.equal(one, other.half().float()), name
    assert loaded.name == "small" and len(loaded.digest) == 64
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


@pytest.mark.parametrize(
    "change",
    [
        {"held": "\ud800"},
        {"held": 3},
        {"last": "ab"},
        {"last": "\ud800"},
        {"last": None},
        {"position": True},
        {"position": -1},
        {"history": -1},
        {"history": "x"},
        {"numbers": {}},
        {"numbers": {"state.0.offset": 10**40, "state.1.offset": 0}},
        {"numbers": {"state.0.offset": 0, "state.1.offset": 0, "logits": 3}},
        {"numbers": [1]},
        {"decoder": [True, "41"]},
        {"decoder": [True, "e2" * 100_000]},
        {"decoder": "ab"},
        {"overrides": 3},
        {"overrides": [{}]},
        {"overrides": ["x"]},
    ],
    ids=str,
)
def test_a_saved_stream_that_says_what_cannot_be_is_refused(
    change: dict[str, Any], checkpoint: Path, stream: Path
) -> None:
    def tell(told: dict[str, Any]) -> None:
        facts = json.loads(told["__metadata__"]["stream"])
        told["__metadata__"]["stream"] = json.dumps(facts | change)

    with pytest.raises(ValueError, match=r"stream\.safetensors is damaged"):
        read_stream(retold(stream, tell), tc.load(checkpoint, "cpu"))


@pytest.mark.parametrize(
    "change",
    [{"since": "x"}, {"since": True}, {"write": 1}, {"scale": "no"}, {"alpha": "x"}, {"layers": "01"}],
    ids=str,
)
def test_a_saved_override_that_cannot_be_is_refused(
    change: dict[str, Any], checkpoint: Path, stream: Path
) -> None:
    def tell(told: dict[str, Any]) -> None:
        facts = json.loads(told["__metadata__"]["stream"])
        facts["overrides"][0] |= change
        told["__metadata__"]["stream"] = json.dumps(facts)

    with pytest.raises(ValueError, match=r"stream\.safetensors is damaged"):
        read_stream(retold(stream, tell), tc.load(checkpoint, "cpu"))


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_a_saved_stream_with_numbers_that_are_none_is_refused(
    value: float, checkpoint: Path, tmp_path: Path
) -> None:
    reading = tc.Stream(tc.load(checkpoint, "cpu"))
    with torch.inference_mode():
        reading.now.logits[0, 5] = value
    reading.save(tmp_path / "stream.safetensors")
    with pytest.raises(ValueError, match=r"stream\.safetensors is damaged"):
        tc.Stream.load(tmp_path / "stream.safetensors", reading.model)


@pytest.mark.parametrize("name", tc.available())
def test_no_model_is_refused_for_being_smaller_than_it_is_and_none_takes_much_more_than_its_file(
    name: str,
) -> None:
    model = tc.load(name)
    held = sum(value.numel() for value in model.state_dict().values())
    assert least(model.config) <= held <= 3 * least(model.config)


def test_to_load_a_model_imports_no_compiler() -> None:
    """Triton's interpreter must be chosen before Triton is imported; and a compiler takes seconds."""
    code = "import sys, titans_core as tc; tc.load('mac-deep'); print('torch._dynamo' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
