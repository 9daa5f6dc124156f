"""Event files hold what was written, as TensorBoard reads them."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from titans_core.events import Events, crc32c, varint


def read_varint(data: bytes) -> tuple[int, bytes]:
    value = shift = 0
    while True:
        value |= (data[0] & 127) << shift
        more, data = data[0] >> 7, data[1:]
        shift += 7
        if not more:
            return value, data


def fields(data: bytes) -> list[tuple[int, object]]:
    """A message's fields, decoded apart from the writer."""
    found: list[tuple[int, object]] = []
    while data:
        key, data = read_varint(data)
        if key & 7 == 0:
            value, data = read_varint(data)
            found.append((key >> 3, value))
            continue
        size = {1: 8, 5: 4}.get(key & 7)
        if size is None:
            size, data = read_varint(data)
        found.append((key >> 3, data[:size]))
        data = data[size:]
    return found


def records(data: bytes) -> list[dict[int, object]]:
    found = []
    while data:
        (size,) = struct.unpack("<Q", data[:8])
        for content, check in ((data[:8], data[8:12]), (data[12 : 12 + size], data[12 + size : 16 + size])):
            crc = crc32c(content)
            assert struct.unpack("<I", check)[0] == ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32
        found.append(dict(fields(data[12 : 12 + size])))
        data = data[16 + size :]
    return found


def test_the_checksum_is_castagnolis() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"") == 0


@given(st.integers(0, 2**63 - 1))
def test_a_varint_is_read_back(value: int) -> None:
    assert read_varint(varint(value)) == (value, b"")


def test_what_is_written_is_read_back_by_step(tmp_path: Path) -> None:
    events = Events(tmp_path)
    events.write(20, {"loss": 1.5, "recall/64 tokens": 0.25})
    events.write(40, {"loss": 0.5})
    first, *rest = records(events.path.read_bytes())
    assert first[3] == b"brain.Event:2"
    assert [event[2] for event in rest] == [20, 40]
    found = []
    for event in rest:
        assert isinstance(event[5], bytes)
        for _, value in fields(event[5]):
            assert isinstance(value, bytes)
            tag, number = (content for _, content in fields(value))
            assert isinstance(tag, bytes) and isinstance(number, bytes)
            found.append((tag.decode(), struct.unpack("<f", number)[0]))
    assert found == [("loss", 1.5), ("recall/64 tokens", 0.25), ("loss", 0.5)]


def test_a_run_that_goes_on_writes_a_file_of_its_own(tmp_path: Path) -> None:
    assert Events(tmp_path).path != Events(tmp_path).path
    assert len(list(tmp_path.glob("events.out.tfevents.*"))) == 2


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be written: No such file or directory"):
        Events(tmp_path / "not there")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, the disk that is always full")
def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    events = Events(tmp_path)
    events.path = Path("/dev/full")
    with pytest.raises(ValueError, match="/dev/full cannot be written: No space left on device"):
        events.write(1, {"loss": 1.0})
