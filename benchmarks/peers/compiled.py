"""Our chunked PyTorch as `torch.compile` makes it.

In a process of its own, for a compiler wants the Triton that its PyTorch came with, whatever Triton our
kernels are measured with. Standard input is one JSON object, the size; standard output a JSON list of one
row, `error` being the relative difference from the form that is not compiled.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import torch  # noqa: E402

from benchmarks.gpu import CHUNK, Call, Size, call  # noqa: E402
from benchmarks.peers.clock import timed  # noqa: E402

NAME = "chunked PyTorch, compiled"


@torch.no_grad()
def main():
    size = json.load(sys.stdin)
    one, run = call(Size(**size)), torch.compile(Call.run)
    found, wanted = run(one, CHUNK, "torch").y, one.run(CHUNK, "torch").y
    error = ((found - wanted).float().norm() / wanted.float().norm()).item()
    row = {"name": NAME, "size": size, **timed(lambda: run(one, CHUNK, "torch")), "error": error}
    json.dump([row], sys.stdout)


if __name__ == "__main__":
    main()
