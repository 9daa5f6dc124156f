"""How the kernels of the linear memory are compiled and started: shapes, warps, registers, the card."""

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from kernels.backends import HALF
from kernels.gpu.limits import large, room_ahead, tile

MOST = 255  # registers that a thread can have
FOR_THREE, FOR_FOUR = 168, 128  # so that as many programs of four warps find room on a processor
BOUNDS = {"output": FOR_FOUR, "output, telemetry": FOR_THREE, "solve": FOR_THREE}  # on cards before, spills
HOPPER = 90  # the compute capability from which products leave their operands out of the registers


class Chain(NamedTuple):
    """How the sequential kernels are started: columns of the memory in one program, its warps, and how many
    chunks its loads run ahead where there is room."""

    columns: int
    warps: int
    ahead: int


CHAIN = Chain(columns=32, warps=4, ahead=3)  # with four warps more columns would spill; `benchmarks.chain`


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
    if kernel == "to_tokens, solved":
        return MOST  # left to itself it settles for 32 in places, and spills 20 KB
    return BOUNDS.get(kernel) if half and on >= HOPPER else None


def told_with_reads(k: Tensor) -> bool:
    """Whether what telemetry needs of a chunk is made where it is read: elsewhere that would spill."""
    return k.dtype in HALF and capability(k.device) >= HOPPER


def chained(k: Tensor, v: Tensor) -> dict[str, Any]:
    """How the sequential kernels are compiled."""
    row = max(k.shape[3], v.shape[3]) * k.dtype.itemsize
    ahead = CHAIN.ahead if room_ahead(row, large(k.device)) else 1
    return {"WIDTH": min(v.shape[3], CHAIN.columns), "num_warps": CHAIN.warps, "num_stages": ahead}


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
