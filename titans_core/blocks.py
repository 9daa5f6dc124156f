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

from titans_core.attention import Cache, SegmentAttention, SegmentCache, SlidingWindowAttention
from titans_core.config import ModelConfig
from titans_core.layers import Gating, RMSNorm, Telemetry
from titans_core.memory import MemoryState, NeuralMemory
from titans_core.override import Edits

Step = tuple[Tensor, Any, Telemetry | None]


class Mixer(nn.Module):
    """What the five have in common: the persistent tokens and the normalisation at the entrance."""

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
        lengths = self.cuts(x.shape[1], state.filled)
        outputs, reports = [], []
        for part in x.split(lengths, 1):
            y, state, report = self._within_segment(part, state, telemetry, edits)
            outputs.append(y)
            reports.append(report)
        return torch.cat(outputs, 1), state, join_telemetry(reports)

    def cuts(self, tokens: int, filled: int) -> list[int]:
        """Lengths that never cross the border of a segment, of which ``filled`` tokens are read."""
        first = min(tokens, self.segment - filled)
        full, rest = divmod(tokens - first, self.segment)
        return [first] + [self.segment] * full + [rest] * (rest > 0)

    def _within_segment(
        self, x: Tensor, state: MACState, telemetry: bool, edits: Edits | None
    ) -> tuple[Tensor, MACState, Telemetry]:
        query = self.norm(x)
        h, tail, handed, asked = self.memory.retrieve(
            query, state.frozen, state.query_tail, edits
        )  # (21) h = M_{t−1}(q)
        attended, segment = self.attention(query, h, self.persistent_tokens(), state.segment)  # (22, 23)
        y = x + attended
        told = self.memory_norm(y)
        read, memory, report = self.memory(
            told, state.memory, telemetry, edits
        )  # (24) M_t = M_{t−1}(y), then M_t(y)
        out = y + self.gating(attended, read)  # (25) o = y ⊗ M_t(y)
        filled = (state.filled + x.shape[1]) % self.segment
        frozen = state.frozen if filled else memory.weights
        if telemetry:
            report.columns["readout"] = report.columns["retrieval"]
            report.columns["retrieval"] = handed
            report = report._replace(queries=asked, handed=h)
        return out, MACState(memory, frozen, tail, segment, filled), report


class MAGState(NamedTuple):
    """MAG between two tokens."""

    memory: MemoryState
    window: Cache


class MemoryAsGate(Mixer):
    """MAG, equations 26 to 28: memory and sliding window side by side, one gating the other."""

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
    """The memory that has read [p ‖ before any token: written in a gradient block of their own, outputs
    dropped."""
    tokens = mixer.persistent_tokens().expand(batch, -1, -1)
    _, state, _ = memory(tokens, memory.initial_state(batch), telemetry=False)
    written: MemoryState = state._replace(block_start=(), offset=0)
    return written


def join_telemetry(reports: list[Telemetry]) -> Telemetry:
    """One report of consecutive calls, joined along the tokens."""
    columns = {name: torch.cat([r.columns[name] for r in reports], 1) for name in reports[0].columns}
    pairs = zip(*(r.factors for r in reports), strict=True)
    factors = tuple(
        (torch.cat([x for x, _ in pair], 1), torch.cat([d for _, d in pair], 1)) for pair in pairs
    )
    return Telemetry(
        columns,
        factors,
        torch.cat([r.queries for r in reports], 1),
        torch.cat([r.handed for r in reports], 1),
    )
