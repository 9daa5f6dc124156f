"""Which backend computes a call."""

import os
from importlib.util import find_spec

import torch

from kernels.gpu import assembler
from kernels.gpu.limits import IN_WORDS, fits
from kernels.output import Objective, Weights

BACKENDS = ("auto", "reference", "torch", "triton", "numba")
HALF = (torch.float16, torch.bfloat16)
HAS_TRITON = find_spec("triton") is not None  # asked once: torch.compile cannot look


def usual_backend(
    weights: Weights,
    block_size: int,
    operands: torch.dtype | None = None,
    objective: Objective = "squared",
) -> str:
    """What "auto" takes for many tokens of such a memory: "triton" on a GPU where the kernels take it, else
    "torch". operands: the dtype of keys and values, where it is not that of the weights."""
    known = HAS_TRITON and objective == "squared"
    able = weights[0].is_cuda and known and fits(weights, block_size, operands)
    return "triton" if able and assembler.TRUSTED else "torch"


def chosen(
    backend: str,
    weights: Weights,
    block_size: int,
    operands: torch.dtype,
    objective: Objective = "squared",
) -> str:
    """The backend meant by the argument of `kernels.memory`. Raises as that says."""
    if backend == "auto":
        return usual_backend(weights, block_size, operands, objective)
    if backend == "triton":
        device = weights[0].device
        if not HAS_TRITON:
            raise RuntimeError(
                "the backend 'triton' needs Triton, which is not installed: pip install triton."
            )
        if device.type != "cuda" and not interpreting():
            raise RuntimeError(
                f"the backend 'triton' runs on CUDA tensors, but these are on {device}: move them, or set "
                "TRITON_INTERPRET=1 before Python starts to try it slowly on the CPU."
            )
        if device.type == "cuda" and assembler.TRUSTED is None:
            raise RuntimeError(assembler.IN_WORDS)
        if device.type != "cuda" and operands == torch.bfloat16:
            raise ValueError("Triton's interpreter multiplies bfloat16 wrongly: take float16 or float32.")
        if objective == "inner":
            raise ValueError("the Triton kernels know the squared loss alone: take the backend 'torch'.")
        if not fits(weights, block_size, operands):
            raise ValueError(f"the Triton kernels take float32 or less, and {IN_WORDS}.")
    return backend


def interpreting() -> bool:
    """Whether Triton's kernels run in its interpreter, on tensors of the CPU."""
    return os.environ.get("TRITON_INTERPRET") == "1"
