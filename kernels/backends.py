"""Which backend computes a call."""

import os
from functools import cache
from importlib.util import find_spec

import torch

BACKENDS = ("auto", "reference", "torch", "triton", "numba")
HALF = (torch.float16, torch.bfloat16)


def usual_backend(device: torch.device) -> str:
    """What "auto" takes for a linear memory of float32 or less: Triton on a GPU, PyTorch elsewhere."""
    return "triton" if device.type == "cuda" and has_triton() else "torch"


def chosen(backend: str, device: torch.device, dtype: torch.dtype, depth: int) -> str:
    """The backend meant by the argument of `kernels.memory`. Raises as that says."""
    able = dtype != torch.float64 and depth == 1
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
            raise ValueError("the Triton kernels take a memory of one layer, in float32 or less.")
    return backend


@cache
def has_triton() -> bool:
    return find_spec("triton") is not None


def interpreting() -> bool:
    """Whether Triton's kernels run in its interpreter, on tensors of the CPU."""
    return os.environ.get("TRITON_INTERPRET") == "1"
