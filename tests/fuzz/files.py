"""Safetensors files that were damaged, or made to deceive: checkpoints and saved streams."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as some
from hypothesis.strategies import SearchStrategy

from tests.fuzz import models
from tests.fuzz.target import JSON, TEXTS, Target, damaged
from titans_core.checkpoint import load
from titans_core.header import CHECKSUM
from titans_core.stream import Stream


def files(whole: Callable[[], bytes], facts: str) -> SearchStrategy[bytes]:
    """A file with bytes, its header or what it says under ``facts`` changed."""
    content = whole()
    start = 8 + int.from_bytes(content[:8], "little")
    told = json.loads(content[8:start])
    told["__metadata__"].pop(CHECKSUM, None)  # or nearly all would be refused for that alone

    def with_header(header: bytes) -> bytes:
        return len(header).to_bytes(8, "little") + header + content[start:]

    def with_facts(text: str) -> bytes:
        return with_header(json.dumps(told | {"__metadata__": {facts: text}}).encode())

    said = json.loads(told["__metadata__"][facts])
    change = some.tuples(some.sampled_from(sorted(said)) | TEXTS, JSON)
    tensor = some.tuples(some.sampled_from(sorted(told)), JSON)
    bare = json.dumps(told).encode()
    headers = damaged(bare) | tensor.map(lambda pair: json.dumps(told | dict([pair])).encode())
    return (
        damaged(content)
        | damaged(with_header(bare))
        | headers.map(with_header)
        | change.map(lambda pair: with_facts(json.dumps(said | dict([pair]))))
        | damaged(json.dumps(said).encode()).map(lambda text: with_facts(text.decode(errors="replace")))
        | some.binary(max_size=200)
    )


def written(content: bytes) -> Path:
    """A file of this content."""
    path = Path(models.FOLDER.name) / "given.safetensors"
    path.write_bytes(content)
    return path


def checkpoint(content: bytes) -> Any:
    """Load a checkpoint, and read with it."""
    return Stream(load(written(content), "cpu")).feed("Tom likes soup.")


def stream(content: bytes) -> Any:
    """Load a saved stream, and read on."""
    found = Stream.load(written(content), models.small())
    found.at(0) if found.reach == found.position else found.fork()
    return found.feed(" and more.")


TARGETS = (
    Target("checkpoint", files(models.checkpoint, "config"), checkpoint, (ValueError,)),
    Target("saved stream", files(models.stream, "stream"), stream, (ValueError,)),
)
