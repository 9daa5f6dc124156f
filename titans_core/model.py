"""The language model: embedding, a stack of blocks, and the same embedding again as the output."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kernels import usual_backend
from kernels.compiled import preferred
from titans_core.blocks import MIXERS
from titans_core.config import ModelConfig
from titans_core.ids import check_ids, check_precision, check_state, stranger, whole
from titans_core.layers import FeedForward, RMSNorm, Telemetry, flatten_state
from titans_core.override import Edits, check_edits

ModelState = tuple[Any, ...]  # one mixer's state a layer


class Output(NamedTuple):
    """logits [B, T, vocab] of the token after each position; the state after the last; a report of
    each layer that has a memory: of θ and α alone where no telemetry was asked for."""

    logits: Tensor
    state: ModelState
    telemetry: tuple[Telemetry, ...]


class Origin(NamedTuple):
    """Where a model was loaded from: the name that loads it, and the fingerprint of its weights then."""

    name: str
    weights: str


class TitansLM(nn.Module):
    """A Titans language model of any variant. Reading goes on from a state, a value passed in and out. Raises
    TypeError for what is no configuration."""

    def __init__(self, config: ModelConfig, name: str | None = None, digest: str = "") -> None:
        super().__init__()
        if not isinstance(config, ModelConfig):
            raise TypeError(
                f"a model is made from a ModelConfig, not from {config!r:.80}: load('mac') takes a name"
            )
        self.config, self.name, self.digest = config, name or config.variant, digest
        self.origin: Origin | None = None  # of what is made here; ``digest`` alone proves nothing
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

    @property
    def kinds(self) -> list[type]:
        """What each layer remembers between two tokens."""
        return [MIXERS[self.config.variant].kind] * self.config.layers

    @cached_property
    def sizes(self) -> dict[str, list[range]]:
        """The tensors that one sequence's state may have, by the names of ``flatten_state``, and how large
        each dimension may be. Those of an open gradient block may also be missing."""
        found = {}
        for name, value in flatten_state(self.initial_state()).items():
            if isinstance(value, Tensor):
                found[name] = [range(size, size + 1) for size in value.shape]
                if name.endswith((".keys", ".values")):  # a cache is empty at first, and grows
                    found[name][2] = range(self.config.window)
                found.setdefault(name.replace(".weights.", ".block_start."), found[name])
        return found

    def parameter_count(self) -> int:
        """How many numbers training learned; the tied embedding counts once."""
        return sum(p.numel() for p in self.parameters())

    def initial_state(self, batch: int = 1) -> ModelState:
        """The state before any token, for ``batch`` sequences that never mix. Raises ValueError for none,
        and TypeError for what is no whole number."""
        if whole(batch, "batch") < 1:
            raise ValueError(f"a state is that of one sequence or more, not of {batch}")
        return tuple(mixer.initial_state(batch) for mixer in self.mixers)  # type: ignore[operator]

    def forward(
        self,
        ids: Tensor,
        state: ModelState | None = None,
        telemetry: bool = False,
        edits: Sequence[Edits] | None = None,
    ) -> Output:
        """Read ids [B, T], both ≥ 1, after ``state`` (None: the beginning); ``edits``, one a layer, intervene
        in the memories, as ``Stream.edits`` gives them.

        ids are int64 or int32, on the device of the model, in [0, vocab_size). On a processor ValueError
        names one that is not; a GPU does not look, and ends the process's work on it where it meets one.

        Raises TypeError for ids that are no tensor, a state that is none, or another model's, and edits that
        are none, and ValueError for ids of another shape, dtype or device, a state of another number of
        sequences or of other sizes, edits of another number of layers, and weights in half precision where
        there is a memory: mixed precision is ``torch.autocast``'s.
        """
        x = self.embed(ids)
        if state is not None:
            check_state(state, self.kinds, self.sizes, len(ids))
        if edits is not None:
            check_edits(edits, self.config.layers)
        hidden, state, reports = self.through(x, state, telemetry, edits)
        return Output(self.predict(hidden), state, reports)

    def read(
        self,
        ids: Tensor,
        state: ModelState | None = None,
        telemetry: bool = False,
        edits: Sequence[Edits] | None = None,
    ) -> tuple[Tensor, ModelState, tuple[Telemetry, ...]]:
        """What ``forward`` does, up to the last layer's output, hidden [B, T, width]; it trusts
        the state."""
        return self.through(self.embed(ids), state, telemetry, edits)

    def through(
        self, x: Tensor, state: ModelState | None, telemetry: bool, edits: Sequence[Edits] | None
    ) -> tuple[Tensor, ModelState, tuple[Telemetry, ...]]:
        """Embedded tokens x [B, T, width] through every layer: what ``read`` gives."""
        states, reports = [], []
        before = self.initial_state(len(x)) if state is None else state
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

    def embed(self, ids: Tensor) -> Tensor:
        """ids [B, T] -> [B, T, width]. Raises as ``forward`` does."""
        check_ids(ids, self.device)
        if self.has_memory:
            check_precision(self.embedding.weight.dtype, "a model with a memory")
        try:
            x: Tensor = self.embedding(ids)
        except IndexError:  # so PyTorch tells it on a processor, having looked at every id anyway
            raise stranger(ids, self.config.vocab_size) from None
        return x

    def predict(self, hidden: Tensor) -> Tensor:
        """hidden [..., width] -> logits [..., vocab] of the token that follows."""
        scale = 2 * self.config.width**-0.5
        return F.linear(self.norm(hidden) * scale, self.embedding.weight)
