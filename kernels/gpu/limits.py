"""Which memories the kernels take, by what finds room in a program's registers (`kernels.gpu.compile`).

A linear memory's blocks are cut as needed, and only its width counts: of 256, kernels ask for more shared
memory than there is. Of a deep one the hidden units pass in tiles, so their number is free. What takes room
is a block's tile, as many rows as tokens and as many columns as the wider of keys and values. Of 16 x 64 it
lets 32 hidden units pass at a time, of twice that 16; with more, and with blocks of 64 tokens at any width,
hundreds of bytes a thread would spill.
"""

import torch

from kernels.output import Weights

WIDEST, LONGEST, ROOM = 128, 32, 2048
IN_WORDS = (
    f"a memory of one layer with keys and values of at most {WIDEST}, or one of two layers with blocks of at "
    f"most {LONGEST} tokens and keys and values of at most 64, or {WIDEST} in blocks of at most 16"
)


def tile(length: int) -> int:
    """Rows of the tile that `length` tokens lie in, or columns that a width is padded to."""
    return max(16, 1 << (length - 1).bit_length())


def fits(weights: Weights, block_size: int) -> bool:
    """Whether the kernels take such a memory."""
    widest = max(weights[0].shape[2], weights[-1].shape[3])
    if weights[0].dtype == torch.float64 or widest > WIDEST:
        return False
    roomy = block_size <= LONGEST and tile(block_size) * tile(widest) <= ROOM
    return len(weights) == 1 or (len(weights) == 2 and roomy)


def units_at_once(block_size: int, widest: int) -> int:
    """Hidden units in a tile."""
    return 32 if 2 * tile(block_size) * tile(widest) <= ROOM else 16
