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
    """A backend with its release: PyTorch 2.13 for "torch", Triton 3.7 for "triton"."""
    release = ".".join(version(backend).split("+")[0].split(".")[:2])
    return f"{'Triton' if backend == 'triton' else 'PyTorch'} {release}"


def processor() -> str:
    """The processor's model, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
