"""The header of a safetensors file: read, and checked against the file, before anything else of it is.

A file is the header's length (u64), the header as JSON, and the tensors' bytes in a row. The JSON names each
tensor with its dtype, shape and place among the bytes; under ``__metadata__`` it holds texts. What we write
has among them a checksum of all the rest.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from itertools import pairwise
from typing import Any, BinaryIO, Final, NamedTuple

LARGEST: Final[int] = 256 * 2**20  # bytes of a file; a shipped checkpoint takes two or three million
LONGEST: Final[int] = 8 * 2**20  # bytes of a header: the overrides of a stream stand there, token by token
MOST: Final[int] = 4096  # tensors of a file
RANK: Final[int] = 8  # dimensions of a tensor
METADATA: Final[str] = "__metadata__"
CHECKSUM: Final[str] = "sha256"  # the text that holds it; older files have none
WIDTHS: Final[dict[str, int]] = {  # bytes of a number
    "F64": 8,
    "F32": 4,
    "F16": 2,
    "BF16": 2,
    "I64": 8,
    "I32": 4,
    "I16": 2,
    "I8": 1,
    "U8": 1,
    "BOOL": 1,
}


class Entry(NamedTuple):
    """What is said of a tensor: its dtype, its shape, and where its bytes begin and end."""

    kind: str
    shape: tuple[int, ...]
    begin: int
    end: int


class Header(NamedTuple):
    """What a file says of itself."""

    tensors: dict[str, Entry]
    texts: dict[str, str]


def read_header(file: BinaryIO, own: bool = False) -> Header:
    """The header at a file's beginning. Raises ValueError, with half a sentence, where the file has more
    bytes or tensors than a stranger's may, unless it is our ``own``, or its header is none, or does not
    describe exactly the bytes that follow."""
    largest, most = (sys.maxsize, sys.maxsize) if own else (LARGEST, MOST)
    size = file.seek(0, 2)
    file.seek(0)
    if size > largest:
        raise ValueError(f"it has {size:,} bytes, over the limit of {largest:,}")
    length = int.from_bytes(file.read(8), "little")
    if not 2 <= length <= size - 8:
        raise ValueError("its length does not fit its header's")
    if length > LONGEST:
        raise ValueError(f"its header has {length:,} bytes, over the limit of {LONGEST:,}")
    told = parse(file.read(length))
    if not isinstance(told, dict):
        raise ValueError("its header is not a table")
    texts = told.pop(METADATA, {})
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("its header's metadata are not all texts")
    if len(told) > most:
        raise ValueError(f"it has {len(told):,} tensors, over the limit of {most:,}")
    tensors = {name: entry(values, largest) for name, values in told.items()}
    check_places(tensors, size - 8 - length)
    return Header(tensors, texts)


def parse(text: str | bytes) -> Any:
    """What JSON holds. Raises ValueError where it is none, is nested too deeply, or names a thing twice."""
    try:
        return json.loads(text, object_pairs_hook=once)
    except RecursionError:
        raise ValueError("what is nested so deeply cannot be read") from None


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A table of which no name stands twice: others might read the other of the two."""
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError("a name appears twice in one table")
    return table


def entry(values: Any, largest: int) -> Entry:
    """What a header says of one tensor. Raises ValueError where it cannot be."""
    match values:
        case {"dtype": str(kind), "shape": list(shape), "data_offsets": [int(begin), int(end)], **rest}:
            whole = all(type(part) is int and 0 <= part <= largest for part in (*shape, begin, end))
            if whole and kind in WIDTHS and len(shape) <= RANK and not rest:
                if end - begin == math.prod(shape) * WIDTHS[kind]:
                    return Entry(kind, tuple(shape), begin, end)
    raise ValueError("its header says something impossible of a tensor")


def check_places(tensors: dict[str, Entry], size: int) -> None:
    """Raise ValueError where the tensors do not take all the ``size`` bytes, each its own."""
    places = sorted((entry.begin, entry.end) for entry in tensors.values())
    borders = [(0, 0), *places, (size, size)]
    if any(end != begin for (_, end), (begin, _) in pairwise(borders)):
        raise ValueError("its tensors are not all of what follows its header")


def checksum(header: Header, numbers: bytes | memoryview) -> str:
    """The SHA-256 of all that a file says: what it tells of its tensors, its other texts, and the tensors'
    bytes."""
    texts = {name: text for name, text in header.texts.items() if name != CHECKSUM}
    found = hashlib.sha256(json.dumps([header.tensors, texts], sort_keys=True).encode())
    found.update(numbers)
    return found.hexdigest()


def sealed(content: bytes, texts: dict[str, str]) -> bytes:
    """A file without texts, given these and its checksum: the same bytes for the same content. Raises
    ValueError as ``entry`` does."""
    start = 8 + int.from_bytes(content[:8], "little")
    told, numbers = parse(content[8:start]), memoryview(content)[start:]
    tensors = {name: entry(values, sys.maxsize) for name, values in told.items()}
    seal = {CHECKSUM: checksum(Header(tensors, texts), numbers)}
    head = json.dumps({METADATA: texts | seal} | told, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)  # so that the tensors begin where numbers of eight bytes may
    return b"".join([len(head).to_bytes(8, "little"), head, numbers])


def intact(header: Header, content: bytes) -> bool:
    """Whether a file's content is what was written, as far as its checksum tells: one without is older."""
    said, start = header.texts.get(CHECKSUM), 8 + int.from_bytes(content[:8], "little")
    return said is None or said == checksum(header, memoryview(content)[start:])
