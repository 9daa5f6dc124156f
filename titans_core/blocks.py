"""How memory joins attention (section 4): MAC, MAG, MAL, the memory alone, and attention alone as the
control.

Each mixer maps the residual stream x [B, T, width] and its own state to the next x and state, token by
token or many at once with the same result. Persistent tokens (equation 19) are learned and fixed while
reading.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from titans_core import segments
from titans_core.attention import Cache, SegmentAttention, SegmentCache, SlidingWindowAttention
from titans_core.config import ModelConfig
from titans_core.layers import Gating, RMSNorm, Telemetry, along
from titans_core.memory import MemoryState, NeuralMemory, join_written
from titans_core.override import Edits
from titans_core.segments import Chained

Step = tuple[Tensor, Any, Telemetry | None]


class Mixer(nn.Module):
    """What the five have in common: the persistent tokens and the normalisation at the entrance. ``kind`` is
    what each remembers between two tokens."""

    kind: type

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.persistent = nn.Parameter(0.5 * torch.randn(config.persistent, config.width))
        self.norm = RMSNorm(config.width)

    def persistent_tokens(self) -> Tensor:
        """[N_p, width], as attention and memory see them."""
        tokens: Tensor = self.norm(self.persistent)
        return tokens


class MACState(NamedTuple):
    """MAC between two tokens: the open segment, and the weights frozen at its start that h is read from."""

    memory: MemoryState
    frozen: tuple[Tensor, ...]
    query_tail: Tensor
    segment: SegmentCache
    filled: int


class MemoryAsContext(Mixer):
    """MAC, equations 21 to 25: attention decides what the memory is asked and what it is told."""

    kind = MACState

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.segment = config.window
        self.memory = NeuralMemory(config)
        self.attention = SegmentAttention(config)
        self.memory_norm = RMSNorm(config.width)
        self.gating = Gating(config.width)

    def initial_state(self, batch: int) -> MACState:
        memory = self.memory.initial_state(batch)
        tail = memory.tail[..., : self.memory.inner]
        empty = self.attention.empty(batch)
        return MACState(memory, memory.weights, tail, SegmentCache(empty, empty), 0)

    def forward(self, x: Tensor, state: MACState, telemetry: bool, edits: Edits | None = None) -> Step:
        # Segments wait for one another's writes; all else is computed for all of them at once.
        query = self.norm(x)
        if segments.able(self, query, state):
            read, state = segments.chained(self, x, query, state, telemetry, edits)
        else:
            read, state = self.chained(x, query, state, telemetry, edits)
        remembered, report = self.memory.hand_over(read.told, read.written)
        out = x + read.attended  # y is added too, not only what is made of it: a residual of its own
        out = out + self.gating(read.attended, remembered)  # (25) o = y ⊗ M_t(y)
        if telemetry:
            report.columns["readout"] = report.columns["retrieval"]
            report.columns["retrieval"] = torch.linalg.vector_norm(read.answer, dim=-1)
            report = report._replace(queries=read.asked, handed=read.h)
        return out, state, report

    def chained(
        self, x: Tensor, query: Tensor, state: MACState, telemetry: bool, edits: Edits | None
    ) -> tuple[Chained, MACState]:
        """One segment of x [B, T, width] after another; ``query`` is x as attention sees it."""
        lengths = self.cuts(x.shape[1], state.filled)
        asked, tail = self.memory.ask(query, state.query_tail)
        persistent = self.attention.held(self.persistent_tokens()[None])
        tokens = zip(*(t.split(lengths, 2) for t in self.attention.project(query)), strict=True)
        memory, frozen, _, segment, filled = state
        read = []
        for part, q, own in zip(x.split(lengths, 1), asked.split(lengths, 1), tokens, strict=True):
            h, answer = self.memory.retrieve(q, frozen, edits)  # (21) h = M_{t−1}(q)
            attended, segment = self.attention(own, h, persistent, segment)  # (22, 23)
            told = self.memory_norm(part + attended)  # y, by way of its residual
            written, memory = self.memory.write(told, memory, telemetry, edits)  # (24) M_t = M_{t−1}(y)
            filled = (filled + part.shape[1]) % self.segment
            frozen = frozen if filled else memory.weights
            read.append((h, answer, attended, told, written))
        *columns, parts = zip(*read, strict=True)
        found = Chained(join_written(parts), asked, *(along(column) for column in columns))
        return found, MACState(memory, frozen, tail, segment, filled)

    def cuts(self, tokens: int, filled: int) -> list[int]:
        """Lengths that never cross the border of a segment, of which ``filled`` tokens are read."""
        first = min(tokens, self.segment - filled)
        full, rest = divmod(tokens - first, self.segment)
        return [first] + [self.segment] * full + [rest] * (rest > 0)


class MAGState(NamedTuple):
    """MAG between two tokens."""

    memory: MemoryState
    window: Cache


class MemoryAsGate(Mixer):
    """MAG, equations 26 to 28: memory and sliding window side by side, one gating the other."""

    kind = MAGState

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.memory = NeuralMemory(config)
        self.attention = SlidingWindowAttention(config)
        self.gating = Gating(config.width)

    def initial_state(self, batch: int) -> MAGState:
        return MAGState(after_persistent(self, self.memory, batch), self.attention.empty(batch))

    def forward(self, x: Tensor, state: MAGState, telemetry: bool, edits: Edits | None = None) -> Step:
        tokens = self.norm(x)
        y, window = self.attention(
            tokens, self.persistent_tokens(), state.window
        )  # (27) y = SW-Attn([p ‖ x])
        read, memory, report = self.memory(tokens, state.memory, telemetry, edits)
        return x + self.gating(y, read), MAGState(memory, window), report  # (28) o = y ⊗ M(x)


class MALState(NamedTuple):
    """MAL between two tokens."""

    memory: MemoryState
    window: Cache


class MemoryAsLayer(Mixer):
    """MAL, equations 29 to 31: the memory first, the sliding window over what it gives."""

    kind = MALState

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.memory = NeuralMemory(config)
        self.attention = SlidingWindowAttention(config)
        self.attention_norm = RMSNorm(config.width)

    def initial_state(self, batch: int) -> MALState:
        return MALState(after_persistent(self, self.memory, batch), self.attention.empty(batch))

    def forward(self, x: Tensor, state: MALState, telemetry: bool, edits: Edits | None = None) -> Step:
        read, memory, report = self.memory(
            self.norm(x), state.memory, telemetry, edits
        )  # (30) y = M([p ‖ x])
        y = x + read
        out, window = self.attention(self.attention_norm(y), None, state.window)  # (31) o = SW-Attn(y)
        return y + out, MALState(memory, window), report


class MemoryAlone(Mixer):
    """LMM: the memory without attention."""

    kind = MemoryState

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.memory = NeuralMemory(config)

    def initial_state(self, batch: int) -> MemoryState:
        return after_persistent(self, self.memory, batch)

    def forward(self, x: Tensor, state: MemoryState, telemetry: bool, edits: Edits | None = None) -> Step:
        read, state, report = self.memory(self.norm(x), state, telemetry, edits)
        return x + read, state, report


class AttentionAlone(Mixer):
    """The control: the same sliding window and persistent tokens, no memory."""

    kind = Cache

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.attention = SlidingWindowAttention(config)

    def initial_state(self, batch: int) -> Cache:
        return self.attention.empty(batch)

    def forward(self, x: Tensor, state: Cache, telemetry: bool, edits: Edits | None = None) -> Step:
        y, state = self.attention(self.norm(x), self.persistent_tokens(), state)
        return x + y, state, None


MIXERS: dict[str, type[Mixer]] = {
    "mac": MemoryAsContext,
    "mag": MemoryAsGate,
    "mal": MemoryAsLayer,
    "lmm": MemoryAlone,
    "attention": AttentionAlone,
}


def after_persistent(mixer: Mixer, memory: NeuralMemory, batch: int) -> MemoryState:
    """The memory that has read [p ‖] before any token: written in a gradient block of their own, outputs
    dropped."""
    state, tokens = memory.initial_state(batch), mixer.persistent_tokens().expand(batch, -1, -1)
    if not tokens.shape[1]:
        return state
    _, state, _ = memory(tokens, state, telemetry=False)
    written: MemoryState = state._replace(block_start=(), offset=0)
    return written
