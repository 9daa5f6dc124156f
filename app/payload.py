"""A trace as one binary message to the browser.

The message is a header, its length first, and after it the numbers:

    uint32 n · n bytes of JSON in UTF-8, padded with spaces to a multiple of 4 · little-endian float32 arrays

The header holds the token strings, the sizes, and for each array its offset (in floats, from the header's
end) and its shape. Memory weights are not in it but their rank-one factors are; the browser rebuilds the
weights of any token.
"""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np

from titans_core.trace import Floats, LayerWrites, Trace

MATRICES = ("inputs", "deltas", "weights", "momentum", "initial")
SERIES = ("surprise", "write", "momentum", "memory_norm", "eta", "theta", "alpha", "nll")


class Body:
    """Arrays laid one after another; each is known by where it lies."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.floats = 0

    def place(self, array: Floats) -> dict[str, Any]:
        """Append an array; its offset in floats and its shape."""
        at = {"offset": self.floats, "shape": list(array.shape)}
        self.parts.append(np.ascontiguousarray(array, "<f4").tobytes())
        self.floats += array.size
        return at


def encode(trace: Trace, key: str) -> bytes:
    """The message that shows ``trace``. ``key`` names the reading: the same key, the same message."""
    body = Body()
    layers, heads = trace["surprise"].shape[1:] if "surprise" in trace else (0, 0)
    header = {
        "key": key,
        "tokens": trace.tokens,
        "layers": layers,
        "heads": heads,
        "series": {name: body.place(trace[name]) for name in SERIES if name in trace},
        "writes": [place_writes(body, layer) for layer in trace.writes],
    }
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    return b"".join([struct.pack("<I", len(text)), text, *body.parts])


def place_writes(body: Body, writes: LayerWrites) -> list[dict[str, Any]]:
    """One entry a memory matrix, each naming where its five arrays lie."""
    return [
        {name: body.place(getattr(writes, name)[m]) for name in MATRICES} for m in range(len(writes.inputs))
    ]
