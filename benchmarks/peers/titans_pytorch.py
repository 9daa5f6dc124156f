"""The peer: MAC of `titans-pytorch`, of our model's shape. Runs alone, in an environment of its own.

Each line on standard input is a request to read the tokens once more; the answer is the seconds it took.
Arguments: vocabulary, tokens, threads, and the gradient batch: `whole` (the peer's default, every gradient
at the weights the text began with) or `segment` (the memory's weights move on after every segment).
"""

import sys
import time

import torch
from titans_pytorch import MemoryAsContextTransformer, MemoryMLP

WIDTH, DEPTH, HEADS, SEGMENT, PERSISTENT = 128, 2, 4, 32, 4


def build(vocabulary: int, batch: str) -> MemoryAsContextTransformer:
    """A linear memory in every layer, plain residuals: nothing on that our model does not have."""
    head = WIDTH // HEADS
    return MemoryAsContextTransformer(
        num_tokens=vocabulary,
        dim=WIDTH,
        depth=DEPTH,
        segment_len=SEGMENT,
        num_persist_mem_tokens=PERSISTENT,
        heads=HEADS,
        dim_head=head,
        num_residual_streams=1,
        neural_memory_batch_size={"whole": None, "segment": SEGMENT}[batch],
        neural_memory_model=MemoryMLP(dim=head, depth=1),
        neural_memory_kwargs={"heads": HEADS, "dim_head": head},
    ).eval()


def main() -> None:
    vocabulary, tokens, threads = (int(argument) for argument in sys.argv[1:4])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = build(vocabulary, sys.argv[4])
    ids = torch.randint(vocabulary, (1, tokens))
    print(sum(parameter.numel() for parameter in model.parameters()), flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        with torch.no_grad():
            model(ids)
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
