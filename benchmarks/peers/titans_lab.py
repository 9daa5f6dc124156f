"""Ourselves, measured as the peer is: `Stream.feed` of MAC with full telemetry, on a fresh stream each time.

Each line on standard input is a request to read the tokens once more; the answer is the seconds it took.
Arguments: tokens, threads.
"""

import sys
import time

import torch

import titans_core as tc


def main() -> None:
    tokens, threads = (int(argument) for argument in sys.argv[1:3])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = tc.load("mac", device="cpu")
    ids = torch.randint(model.config.vocab_size, (tokens,)).tolist()
    print(model.parameter_count(), flush=True)
    for _ in sys.stdin:
        stream = tc.Stream(model)
        began = time.perf_counter()
        stream.feed(ids)
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
