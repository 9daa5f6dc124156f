"""What every form of the memory takes and gives back."""

from typing import Literal, NamedTuple

from torch import Tensor

Read = Literal["after", "before"]
Step = Literal["given", "bounded"]
Objective = Literal["squared", "inner"]
Weights = tuple[Tensor, ...]

TELEMETRY = ("loss", "surprise", "momentum", "memory_norm", "theta")


class MemoryOutput(NamedTuple):
    """The reads of a sequence and the state it leaves behind.

    y: [B, T, H, Dv], what the memory answers to each query.
    weights, momentum: one [B, H, Din, Dout] per layer, after the last token.
    block_start: the weights at the start of the gradient block still open, None when none is.
    offset: how many tokens the open gradient block already holds, 0 when none is open.
    block_keys: the keys that block has met, sum of 2 theta k kᵀ [B, H, Dk, Dk], zero when none is open; None
        where the step is as given.
    telemetry: loss, surprise, momentum, memory_norm, theta (the step taken), each [B, T, H], detached; empty
        when not asked for.
    factors: per layer (inputs [B, T, H, Din], deltas [B, T, H, Dout]), detached: the gradient at token t is
        the outer product of its input and its delta. Empty without telemetry.
    """

    y: Tensor
    weights: Weights
    momentum: Weights
    block_start: Weights | None
    offset: int
    block_keys: Tensor | None
    telemetry: dict[str, Tensor]
    factors: tuple[tuple[Tensor, Tensor], ...]
