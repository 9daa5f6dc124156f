"""Numbers too small to be normal count as zero while a stream reads.

A processor works on denormal numbers (in float32 those below 1e-38) ten times as slowly, and a memory that
only forgets ends up full of them: rounded, a denormal times 0.9 is itself again, for ever. Reading such
memories took 11 to 16 times as long. The setting belongs to a thread, and pages read in threads of their own,
so it is made where reading is done; and it is taken back, for training would round otherwise.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def flushed() -> Iterator[None]:
    """Within, denormals are zero in this thread; afterwards it is as it was."""
    if are_zero():
        yield
        return
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def are_zero() -> bool:
    """Whether this thread takes denormals for zero, told by what it makes of one: nothing reports it."""
    return sys.float_info.min / 2 == 0
