"""Which deep memories the kernels take, by what finds room in a program's registers (`kernels.gpu.compile`).

Room is counted in rows of the tile that a block lies in times the widest of keys and values. Up to 1,024, as
for blocks of 16 at a width of 64, 32 hidden units at a time spill next to nothing; up to twice that, 16 do;
at four times, all spill some 600 bytes a thread and more. Hidden units pass in tiles: their number is free.
"""

from kernels.output import Weights

ROOM = 2048


def tile(length: int) -> int:
    """Rows of the tile that `length` tokens lie in, or columns that a width is padded to."""
    return max(16, 1 << (length - 1).bit_length())


def fits(weights: Weights, block_size: int) -> bool:
    """Whether the kernels take such a memory: two layers whose products find room."""
    widest = max(weights[0].shape[2], weights[-1].shape[3])
    return len(weights) == 2 and tile(block_size) * tile(widest) <= ROOM


def units_at_once(block_size: int, widest: int) -> int:
    return 32 if 2 * tile(block_size) * tile(widest) <= ROOM else 16
