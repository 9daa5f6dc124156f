"""TensorBoard event files, written without TensorBoard: scalars by step.

A file is a row of records: the length (u64), a checksum of it, the bytes, a checksum of them. The bytes are
protocol-buffer messages of `tensorflow.Event`, of which scalars need six fields.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Mapping
from pathlib import Path

CASTAGNOLI = 0x82F63B78  # CRC-32C's polynomial, bits reversed
VARINT, DOUBLE, BYTES, FLOAT = 0, 1, 2, 5  # wire types


def _table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (CASTAGNOLI if value & 1 else 0)
        table.append(value)
    return tuple(table)


TABLE = _table()


def crc32c(data: bytes) -> int:
    """The Castagnoli checksum."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def masked(data: bytes) -> bytes:
    """The checksum as records hold it: rotated by 15 bits and shifted, so that none is its own content's."""
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def field(number: int, wire: int, content: bytes) -> bytes:
    """One field of a message."""
    size = varint(len(content)) if wire == BYTES else b""
    return varint(number << 3 | wire) + size + content


def record(message: bytes) -> bytes:
    """A message as the file holds it."""
    length = struct.pack("<Q", len(message))
    return length + masked(length) + message + masked(message)


class Events:
    """An event file of its own in ``folder``; a run that goes on writes another, and both are one curve.

    Raises ValueError where the file cannot be written (a full disk, say).
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"events.out.tfevents.{time.time_ns()}.{os.getpid()}"
        self._append(field(1, DOUBLE, struct.pack("<d", time.time())) + field(3, BYTES, b"brain.Event:2"))

    def write(self, step: int, scalars: Mapping[str, float]) -> None:
        """The values of one step."""
        values = b"".join(
            field(1, BYTES, field(1, BYTES, tag.encode()) + field(2, FLOAT, struct.pack("<f", value)))
            for tag, value in scalars.items()
        )
        when = field(1, DOUBLE, struct.pack("<d", time.time())) + field(2, VARINT, varint(step))
        self._append(when + field(5, BYTES, values))

    def _append(self, message: bytes) -> None:
        try:
            with self.path.open("ab") as file:
                file.write(record(message))
        except OSError as error:
            raise ValueError(f"{self.path} cannot be written: {error.strerror or error}") from None
