"""The language model: embedding, a stack of blocks, and the same embedding again as the output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kernels import usual_backend
from kernels.compiled import preferred
from titans_core.blocks import MIXERS
from titans_core.config import ModelConfig
from titans_core.layers import FeedForward, RMSNorm, Telemetry
from titans_core.override import Edits

ModelState = tuple[Any, ...]  # one mixer's state a layer


class Output(NamedTuple):
    """logits [B, T, vocab] of the token after each position; the state after the last; a report of
    each layer that has a memory: of θ and α alone where no telemetry was asked for."""

    logits: Tensor
    state: ModelState
    telemetry: tuple[Telemetry, ...]


class TitansLM(nn.Module):
    """A Titans language model of any variant. Reading goes on from a state, a value passed in and out."""

    def __init__(self, config: ModelConfig, name: str | None = None, digest: str = "") -> None:
        super().__init__()
        self.config, self.name, self.digest = config, name or config.variant, digest
        self.embedding = nn.Embedding(config.vocab_size, config.width)
        nn.init.normal_(self.embedding.weight, std=0.5)
        self.mixers = nn.ModuleList(MIXERS[config.variant](config) for _ in range(config.layers))
        self.feed_forwards = nn.ModuleList(
            FeedForward(config.width, config.feed_forward) for _ in range(config.layers)
        )
        self.norm = RMSNorm(config.width)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.embedding.weight.device

    @property
    def has_memory(self) -> bool:
        """False for the attention-only control."""
        return self.config.variant != "attention"

    @property
    def backend(self) -> str:
        """What computes its memory where a stream reads many tokens: "triton", "numba" or "torch"."""
        if not self.has_memory:
            return "torch"
        weight = self.embedding.weight
        with torch.no_grad():
            if preferred((weight.new_empty(1, 1, self.config.heads, 0),)):  # queries of one stream
                return "numba"
        initial: nn.ParameterList = self.mixers[0].memory.initial  # type: ignore[union-attr, assignment]
        memory = self.config.memory
        return usual_backend(tuple(w[None] for w in initial), memory.block_size, objective=memory.objective)

    def parameter_count(self) -> int:
        """How many numbers training learned; the tied embedding counts once."""
        return sum(p.numel() for p in self.parameters())

    def initial_state(self, batch: int = 1) -> ModelState:
        """The state before any token, for ``batch`` sequences that never mix."""
        return tuple(mixer.initial_state(batch) for mixer in self.mixers)  # type: ignore[operator]

    def forward(
        self,
        ids: Tensor,
        state: ModelState | None = None,
        telemetry: bool = False,
        edits: Sequence[Edits] | None = None,
    ) -> Output:
        """Read ids [B, T], T ≥ 1, after ``state`` (None: the beginning); ``edits``, one a layer, intervene in
        the memories."""
        hidden, state, reports = self.read(ids, state, telemetry, edits)
        return Output(self.predict(hidden), state, reports)

    def read(
        self,
        ids: Tensor,
        state: ModelState | None = None,
        telemetry: bool = False,
        edits: Sequence[Edits] | None = None,
    ) -> tuple[Tensor, ModelState, tuple[Telemetry, ...]]:
        """What ``forward`` does, up to the last layer's output, hidden [B, T, width]."""
        x = self.embedding(ids)  # [B, T, width]
        states, reports = [], []
        before = self.initial_state(ids.shape[0]) if state is None else state
        each: Sequence[Edits | None] = edits or [None] * len(self.mixers)
        for mixer, feed_forward, part, edit in zip(
            self.mixers, self.feed_forwards, before, each, strict=True
        ):
            mixed, part, report = mixer(x, part, telemetry, edit)
            states.append(part)
            if report is not None:
                reports.append(report._replace(entering=x))
            x = mixed + feed_forward(mixed)
        return x, tuple(states), tuple(reports)

    def predict(self, hidden: Tensor) -> Tensor:
        """hidden [..., width] -> logits [..., vocab] of the token that follows."""
        scale = 2 * self.config.width**-0.5
        return F.linear(self.norm(hidden) * scale, self.embedding.weight)
