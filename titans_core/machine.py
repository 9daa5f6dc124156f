"""What a device, and what computes on it, is called by people."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

import torch


def device_name(device: torch.device) -> str:
    """A GPU's name, or the processor's with the threads that PyTorch takes of it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{processor()}, {threads} {'thread' if threads == 1 else 'threads'}"


def backend_name(backend: str) -> str:
    """A backend with its release: PyTorch 2.13 for "torch", PyTorch 2.13 with numba 0.68 for "numba", Triton
    3.7 for "triton"."""
    if backend == "triton":
        return f"Triton {release(backend)}"
    return f"PyTorch {release('torch')}" + (f" with numba {release(backend)}" if backend == "numba" else "")


def release(package: str) -> str:
    """Of a package's version the first two numbers."""
    return ".".join(version(package).split("+")[0].split(".")[:2])


def processor() -> str:
    """The processor's model, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
