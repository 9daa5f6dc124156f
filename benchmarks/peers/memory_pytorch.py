"""The peer's memory alone: `NeuralMemory` of `titans-pytorch`, with weights that move on at every token.

Arguments: task, tokens. `read`: 64 wide with 256 hidden units, it takes so many tokens at once. `step`: the
same, one token at a time. Its projections and gates are part of it, a thousandth of what it does. Runs
alone, in an environment of its own. Each line on standard input is a request to do it once more; the answer
is the seconds it took.
"""

import sys
import time

import torch
from titans_pytorch import MemoryMLP, NeuralMemory

WIDTH, EXPANSION = 64, 4.0


@torch.no_grad()
def main() -> None:
    task, length = sys.argv[1], int(sys.argv[2])
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = MemoryMLP(dim=WIDTH, depth=2, expansion_factor=EXPANSION)
    memory = NeuralMemory(dim=WIDTH, dim_head=WIDTH, heads=1, chunk_size=1, batch_size=1, model=model).eval()
    x = torch.randn(1, length, WIDTH)
    pieces = [x] if task == "read" else x.split(1, 1)
    print(sum(weight.numel() for weight in model.parameters()), flush=True)
    for _ in sys.stdin:
        state = None
        began = time.perf_counter()
        for piece in pieces:
            _, state = memory(piece, state=state)
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
