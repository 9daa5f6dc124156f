"""What a block does with each token by itself, by compiled loops (`titans_core.rows`) where these serve.

They need numba, an extra: `pip install numba`. The first call on a machine compiles and keeps the result in
`__pycache__`: about 6 seconds, more or less by the machine and by what else it does.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from kernels.compiled import preferred
from titans_core.packed import Array, array, norm, pack, pack_feeding, pack_gating, pack_memory

if TYPE_CHECKING:
    from titans_core.layers import FeedForward, Gating
    from titans_core.memory import NeuralMemory
    from titans_core.model import TitansLM

FEW = 64  # tokens up to which one thread is not slower than several


def able(part: nn.Module, weight: Tensor, *given: Tensor) -> bool:
    """Whether the loops can be taken for ``given``, [B, T, …] each, the first of which meets the part's
    ``weight`` [rows, width]: on a processor, no gradient wanted of anything, and numba there. The loops look
    at no bounds."""
    tokens, fitting = given[0].shape[:2], given[0].shape[2:] == weight.shape[1:]
    few = tokens.numel() <= FEW or torch.get_num_threads() <= 2
    plain = weight.dtype in (torch.float32, torch.float64) and not torch.is_autocast_enabled("cpu")
    alike = all(x.dtype == weight.dtype and x.shape[:2] == tokens for x in given)
    if not (few and plain and alike and fitting):
        return False
    return preferred((given[0][:, :, None], *given, *(part.parameters() if torch.is_grad_enabled() else ())))


@cache
def loops() -> ModuleType:
    """The compiled loops, imported when they are first asked for."""
    from titans_core import rows

    return rows


def feed_forward(part: FeedForward, x: Tensor) -> Tensor:
    """What ``FeedForward.forward`` does."""
    y = room(x)
    loops().feed_forward(flat(x), pack(part, pack_feeding), by_rows(y))
    return torch.from_numpy(y)


def gated(part: Gating, left: Tensor, right: Tensor) -> Tensor:
    """What ``Gating.forward`` does."""
    y = room(left)
    loops().gated(flat(left), flat(right), pack(part, pack_gating), by_rows(y))
    return torch.from_numpy(y)


def handed(part: NeuralMemory, x: Tensor, read: Tensor) -> tuple[Tensor, Tensor]:
    """What ``NeuralMemory.handed`` does."""
    y, gate = room(x), room(read[..., 0])
    loops().handed(flat(x), flat(read.flatten(2)), pack(part, pack_memory), by_rows(y), by_rows(gate))
    return torch.from_numpy(y), torch.from_numpy(gate)


class Likely(NamedTuple):
    """After each of T tokens: log p of the one that came next and how far the logits are apart, [T] each, the
    likeliest tokens and their probabilities, [T, n] each; and the logits after the last, [vocab]."""

    chosen: Array
    spans: Array
    ids: Array
    probabilities: Array
    last: Array


def expected(model: TitansLM, hidden: Tensor, following: Array, count: int) -> Likely:
    """What comes after T > 0 tokens, whose last layer's output is hidden [T, width]; ``following`` [T] are
    the tokens that did come next, -1 where none did, and ``count`` how many likely ones to tell."""
    output, rows = array(model.embedding.weight), len(hidden)
    shapes = (rows,), (rows,), (rows, count), (rows, count), (len(output),)
    found = Likely(*(np.empty(shape, int if at == 2 else output.dtype) for at, shape in enumerate(shapes)))
    scale = 2 * model.config.width**-0.5
    loops().expected(array(hidden), norm(model.norm), scale, output, following, *found)
    return found


def room(like: Tensor) -> Array:
    """For an answer of the shape and precision of [B, T, width]."""
    return np.empty(like.shape, f"f{like.element_size()}")


def by_rows(x: Array) -> Array:
    """[B, T, width] -> [B T, width], the same numbers."""
    return x.reshape(-1, x.shape[-1])


def flat(x: Tensor) -> Array:
    """[B, T, width] -> [B T, width], in a row."""
    return by_rows(array(x))
