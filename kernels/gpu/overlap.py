"""What runs chunk after chunk, beside what runs all chunks at once.

The sequential kernels occupy few processors of a card and wait most of the time. So they get a stream of
their own, and while they are at one part of the text, the others are at the parts before and after it.
"""

from collections.abc import Callable
from functools import cache

import torch

PARTS, LEAST = 4, 32  # parts at most, and chunks that one has at least; `benchmarks.chain`
Part = tuple[int, int]  # the first of its chunks, and how many
Kernels = Callable[[int, int], None]


def parts(chunks: int) -> list[Part]:
    """The chunks of a text in a few parts of about the same length."""
    count = max(1, min(PARTS, chunks // LEAST))
    begins = [chunks * n // count for n in range(count + 1)]
    return [(begin, end - begin) for begin, end in zip(begins, begins[1:], strict=False)]


def overlapped(
    order: list[Part], before: Kernels, chain: Kernels, after: Kernels, device: torch.device
) -> None:
    """Start, for each part in this order, what comes before its chain, the chain, and what comes after it.

    Of the chains each waits for the last; they run beside all else where there is more than one.
    """
    if device.type != "cuda" or len(order) == 1:
        for part in order:
            for kernels in (before, chain, after):
                kernels(*part)
        return
    here, chains = torch.cuda.current_stream(device), _chains(device)
    before(*order[0])
    ready = here.record_event()
    for n, part in enumerate(order):
        with torch.cuda.stream(chains):
            chains.wait_event(ready)
            chain(*part)
            done = chains.record_event()
        if n + 1 < len(order):
            before(*order[n + 1])
            ready = here.record_event()
        here.wait_event(done)
        after(*part)


@cache
def _chains(device: torch.device) -> torch.cuda.Stream:
    """Its programs come first: all others wait for them."""
    return torch.cuda.Stream(device, priority=-1)
