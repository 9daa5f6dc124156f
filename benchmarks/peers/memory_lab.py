"""The memory alone, `kernels.memory`, by the exact rule. Arguments: task, tokens, backend, telemetry.

`read`: a deep memory, 64 wide with 256 hidden units, takes so many tokens at once.
`step`: the same, one token at a time.
`matrix`: a memory of one matrix, 64 wide, one token at a time.

Telemetry is `told` or `untold`. Each line on standard input is a request to do it five times more, for once
is over before the machine has settled; the answer is the median of the seconds that each took.
"""

import statistics
import sys
import time

import torch
from torch import Tensor

from kernels import memory

WIDTH, HIDDEN = 64, 256


def tokens_of(length: int) -> tuple[Tensor, ...]:
    """q, k, v [1, T, 1, 64] and the gates [1, T, 1] of a memory that is written moderately."""
    q, k, v = (torch.nn.functional.normalize(torch.randn(1, length, 1, WIDTH), dim=-1) for _ in range(3))
    return q, k, v, *(size * torch.rand(1, length, 1) for size in (0.9, 0.05, 0.1))


def main() -> None:
    task, length, backend, telemetry = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4] == "told"
    torch.set_num_threads(1)
    torch.manual_seed(0)
    widths = (WIDTH, WIDTH) if task == "matrix" else (WIDTH, HIDDEN, WIDTH)
    start = tuple(torch.randn(1, 1, a, b) / a**0.5 for a, b in zip(widths, widths[1:], strict=False))
    tokens = tokens_of(length)
    pieces = [tokens] if task == "read" else list(zip(*(x.split(1, 1) for x in tokens), strict=True))
    options = {"block_size": 1, "backend": backend, "telemetry": telemetry}
    print(sum(w.numel() for w in start), flush=True)

    def turn() -> float:
        weights, momentum = start, tuple(torch.zeros_like(w) for w in start)
        began = time.perf_counter()
        for piece in pieces:
            out = memory(*piece, weights, momentum, **options)
            weights, momentum = out.weights, out.momentum
        return time.perf_counter() - began

    for _ in sys.stdin:
        with torch.inference_mode():
            print(statistics.median(turn() for _ in range(5)), flush=True)


if __name__ == "__main__":
    main()
