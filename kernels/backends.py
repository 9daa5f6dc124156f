"""Which backend computes a call."""

import os
from functools import cache
from importlib.util import find_spec

import torch

from kernels.gpu.limits import IN_WORDS, fits
from kernels.output import Weights

BACKENDS = ("auto", "reference", "torch", "triton", "numba")
HALF = (torch.float16, torch.bfloat16)


def usual_backend(device: torch.device) -> str:
    """What "auto" takes for a memory that the kernels are made for: Triton on a GPU, PyTorch elsewhere."""
    return "triton" if device.type == "cuda" and has_triton() else "torch"


def chosen(backend: str, device: torch.device, dtype: torch.dtype, weights: Weights, block_size: int) -> str:
    """The backend meant by the argument of `kernels.memory`. Raises as that says."""
    able = dtype != torch.float64 and (len(weights) == 1 or fits(weights, block_size))
    if backend == "auto":
        return usual_backend(device) if able else "torch"
    if backend == "triton":
        if not has_triton():
            raise RuntimeError(
                "the backend 'triton' needs Triton, which is not installed: pip install triton."
            )
        if device.type != "cuda" and not interpreting():
            raise RuntimeError(
                f"the backend 'triton' runs on CUDA tensors, but q is on {device}: move them, or set "
                "TRITON_INTERPRET=1 before Python starts to try it slowly on the CPU."
            )
        if not able:
            raise ValueError(
                "the Triton kernels take float32 or less, and a memory of one layer, or of two with "
                f"{IN_WORDS}."
            )
    return backend


@cache
def has_triton() -> bool:
    return find_spec("triton") is not None


def interpreting() -> bool:
    """Whether Triton's kernels run in its interpreter, on tensors of the CPU."""
    return os.environ.get("TRITON_INTERPRET") == "1"
