"""Which assembler makes a card's code of what Triton hands it.

Triton 3.4 to 3.7 take that of CUDA 12.8 for cards before Blackwell. On an H200 it made wrong code of these
kernels: gradients off by their own size, addresses that do not exist. The same text through 13.0 and 13.1
gives the definition's numbers. Triton brings 13.1 along from 3.7 on, for Blackwell; the toolkit has one too.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import torch

SOUND = 13  # the first release of CUDA whose assembler is trusted
VARIABLE = "TRITON_PTXAS_PATH"  # where Triton looks first
IN_WORDS = (
    f"the backend 'triton' needs an assembler (ptxas) of CUDA {SOUND} or newer, for older ones make wrong "
    f"code of it: install Triton 3.7 or newer, which brings one, or name one with {VARIABLE}."
)


def find() -> str | None:
    """The path of one that is trusted, of which Triton is told; None where there is none."""
    for path in _candidates():
        if _release(path) >= SOUND:
            os.environ[VARIABLE] = path
            return path
    return None


def _candidates() -> Iterator[str]:
    """The one that was chosen, alone; else those of Triton's package, and of the toolkit."""
    if chosen := os.environ.get(VARIABLE):
        yield chosen
        return
    spec = find_spec("triton")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "backends" / "nvidia" / "bin"
        yield from (str(folder / name) for name in ("ptxas", "ptxas-blackwell"))
    if found := shutil.which("ptxas"):
        yield found
    yield "/usr/local/cuda/bin/ptxas"


def _release(path: str) -> int:
    """That of CUDA which an assembler came with; 0 where there is none."""
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    found = re.search(r"release (\d+)", told)
    return int(found[1]) if found else 0


# Looked for once, before anything is compiled; where there is no card nothing asks for it.
TRUSTED = find() if torch.cuda.is_available() else None
