"""How the sequential part of the memory is best started on a card: `python -m benchmarks.chain`.

Settings of `kernels.gpu.launch.FORWARD` and `BACKWARD`, both the same, and of `kernels.gpu.overlap.PARTS`,
both rules, forward and with the outer gradient, milliseconds; those that the kernels have are marked.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from unittest.mock import patch

import torch
from tqdm import tqdm

from benchmarks import gpu
from kernels.gpu import launch, overlap
from kernels.gpu.launch import Chain

SHAPES = ((32, 4), (32, 8), (64, 4), (64, 8))  # columns and warps
AHEAD, PARTS = (2, 3), (2, 4, 8)
WORKS = tuple(f"ours, {rule}{what}" for rule in gpu.RULES for what in ("", ", with gradient"))


def settings() -> list[tuple[Chain, int]]:
    return [(Chain(*shape, ahead), parts) for shape, ahead, parts in product(SHAPES, AHEAD, PARTS)]


def timed(chain: Chain, parts: int) -> Iterator[str]:
    """The medians of each work; what finds no room on the card has none."""
    from triton.runtime.errors import OutOfResources

    both = patch.multiple(launch, FORWARD=chain, BACKWARD=chain)
    with both, patch.object(overlap, "PARTS", parts):
        for name, work in gpu.works(gpu.MAIN):
            if name in WORKS:
                try:
                    yield f"{gpu.row(name, gpu.MAIN, work).median_ms:.3f}"
                except OutOfResources:
                    yield "no room"


def ours(chain: Chain, parts: int) -> Iterator[str]:
    """For what the kernels have this setting."""
    for name in ("FORWARD", "BACKWARD") if parts == overlap.PARTS else ():
        if chain == getattr(launch, name):
            yield f"<- {name}"


def main() -> None:
    if not torch.cuda.is_available():
        raise SystemExit("there is no CUDA GPU that PyTorch sees here: nothing can be timed")
    print("\t".join(("columns", "warps", "ahead", "parts", *WORKS)))
    for chain, parts in tqdm(settings(), desc="timing", disable=None):
        print("\t".join((*map(str, (*chain, parts)), *timed(chain, parts), *ours(chain, parts))), flush=True)
    told = gpu.card()
    print(f"{told['name']}, driver {told['driver_version']}; d = chunk = {gpu.CHUNK}, bf16")


if __name__ == "__main__":
    main()
