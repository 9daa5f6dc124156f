"""Which memories the kernels take, by what finds room on a card (`kernels.gpu.compile`).

A linear memory's blocks are cut into chunks as needed, and only its width counts. Products of float32 are
made of three of TF32 and take twice the room, so there chunks are half as long. Of a deep memory the hidden
units pass in tiles, so their number is free. What takes registers is a block's tile, as many rows as tokens
and as many columns as the wider of keys and values. Of 16 x 64 it lets 32 hidden units pass at a time, of
twice that 16; with more, and with blocks of 64 tokens at any width, hundreds of bytes a thread would spill.
"""

from functools import cache

import torch

from kernels.output import Weights

# Compute capability: on 7.5 products of half precision spill 20 KB a thread, for 7.0 nothing is assembled.
OLDEST = (8, 0)
LARGE = 160 * 1024  # bytes that a program may share on a card for servers; others have 99 KiB
WIDE, WIDEST = 64, 128  # keys and values of a linear memory: always, and in half precision on such a card
LONGEST, ROOM = 32, 2048
IN_WORDS = (
    f"a memory of one layer with keys and values of at most {WIDE}, in half precision {WIDEST} where a "
    f"program shares {LARGE >> 10} KiB, or one of two layers with blocks of at most {LONGEST} tokens and "
    f"keys and values of at most {WIDE}, or {WIDEST} in blocks of at most 16; of cards those from compute "
    f"capability {OLDEST[0]}.{OLDEST[1]} on"
)


def tile(length: int) -> int:
    """Rows of the tile that `length` tokens lie in, or columns that a width is padded to."""
    return max(16, 1 << (length - 1).bit_length())


def fits(weights: Weights, block_size: int, operands: torch.dtype | None = None) -> bool:
    """Whether the kernels take such a memory on the device that it is on. operands: of keys and values, where
    they are not as wide as the memory."""
    kind, widest = weights[0].dtype, tile(max(weights[0].shape[2], weights[-1].shape[3]))
    if kind == torch.float64 or len(weights) > 2 or not known(weights[0].device):
        return False
    if len(weights) == 2:
        return block_size <= LONGEST and tile(block_size) * widest <= ROOM
    half = (operands or kind).itemsize == 2
    return widest <= (WIDEST if half and large(weights[0].device) else WIDE)


def known(device: torch.device) -> bool:
    """Whether Triton makes sound code for such a card. Where there is none to ask, it does."""
    if device.type != "cuda" or not torch.cuda.is_available():
        return True
    card = torch.cuda.get_device_properties(
        device
    )  # which torch.compile knows, as it does not the capability
    return (card.major, card.minor) >= OLDEST


def longest_chunk(operands: torch.dtype) -> int:
    """Tokens of a linear memory's chunk at most."""
    return 64 if operands.itemsize == 2 else 32


def room_ahead(row: int, on_large: bool) -> bool:
    """Whether the loops over chunks can load ahead, of keys and values of so many bytes."""
    return on_large and row <= 128


@cache
def large(device: torch.device) -> bool:
    """Whether programs on a device may share as much as on a card for servers. Where there is no card to ask,
    they may."""
    if device.type != "cuda" or not torch.cuda.is_available():
        return True
    shared: int = torch.cuda.get_device_properties(device).shared_memory_per_block_optin  # type: ignore[attr-defined]
    return shared >= LARGE


def units_at_once(block_size: int, widest: int) -> int:
    """Hidden units in a tile."""
    return 32 if 2 * tile(block_size) * tile(widest) <= ROOM else 16
