"""How the kernels of the linear memory are compiled and started: shapes, warps, registers, the card."""

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from kernels.backends import HALF
from kernels.gpu.limits import WIDE, large, room_ahead, tile

MOST = 255  # registers that a thread can have
FOR_THREE = 168  # so that as many programs of four warps find room on a processor
BOUNDS = {"solve": FOR_THREE}  # on other cards, spills
HOPPER = 90
SHARING = range(HOPPER, 120)  # compute capabilities whose products leave their operands out of the registers


class Chain(NamedTuple):
    """How the sequential kernels are started: columns of the memory in one program, its warps, and how many
    chunks its loads run ahead where there is room."""

    columns: int
    warps: int
    ahead: int


FORWARD = Chain(columns=64, warps=4, ahead=3)  # no fewer: so few rows the units of four warps take
NARROW = Chain(columns=16, warps=4, ahead=3)  # forward, where more columns would spill
BACKWARD = Chain(columns=32, warps=4, ahead=3)


def shape_of(k: Tensor, v: Tensor, chunk: int) -> dict[str, Any]:
    """What the kernels are compiled for."""
    return {"K": k.shape[3], "V": v.shape[3], "C": tile(chunk)}


def beside(x: Tensor, kernel: str) -> dict[str, Any]:
    """How a kernel of all chunks side by side is compiled for operands like x: with fewer warps products of
    float32 would spill."""
    half = x.dtype in HALF
    bound = {"maxnreg": most} if (most := registers(kernel, half, capability(x.device))) else {}
    return {"num_warps": 4 if half else 8, **bound}


def precision(half: bool) -> str:
    """In which a chunk's system is solved: as exactly as its operands deserve."""
    return "tf32" if half else "tf32x3"


def registers(kernel: str, half: bool, on: int) -> int | None:
    """How many a thread may have, where that is not left to the assembler; `on`: the compute capability."""
    if kernel.startswith("to_tokens"):
        return MOST  # left to itself it settles for 32 in places, and spills 20 to 35 KB
    return BOUNDS.get(kernel) if half and on in SHARING else None


def forward(half: bool, widest: int) -> Chain:
    """How the sequential kernel is started, by the wider of keys and values."""
    return FORWARD if half and widest <= WIDE else NARROW


def chained(k: Tensor, v: Tensor, chain: Chain) -> dict[str, Any]:
    """How a sequential kernel is compiled."""
    row = max(k.shape[3], v.shape[3]) * k.dtype.itemsize
    ahead = chain.ahead if room_ahead(row, large(k.device)) else 1
    return {"WIDTH": min(v.shape[3], chain.columns), "num_warps": chain.warps, "num_stages": ahead}


@cache
def capability(device: torch.device) -> int:
    """The compute capability times ten. Where there is no card to ask, Hopper's."""
    if device.type != "cuda":
        return HOPPER
    major, minor = torch.cuda.get_device_capability(device)
    return 10 * major + minor


def on_device_of(x: Tensor) -> AbstractContextManager[Any]:
    """Kernels start on the current device: make it that of x."""
    return torch.cuda.device(x.device) if x.is_cuda else nullcontext()
