"""The peer: MAC of `titans-pytorch`, of our model's shape. Runs alone, in an environment of its own.

Arguments: what to do, tokens, threads, vocabulary, and the gradient batch: `whole` (the peer's default, every
gradient at the weights the text began with) or `segment` (the memory's weights move on after every segment).

`read`: the model reads so many tokens at once.
`step`: it goes on after a prompt, greedily, one token at a time, with its cache, as its own `sample` does.

Each line on standard input is a request to do it once more; the answer is the seconds it took.
"""

import sys
import time

import torch
from titans_pytorch import MemoryAsContextTransformer, MemoryMLP

WIDTH, DEPTH, HEADS, SEGMENT, PERSISTENT = 128, 2, 4, 32, 4
PROMPT = 32


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


@torch.no_grad()
def read(model: MemoryAsContextTransformer, ids: torch.Tensor) -> float:
    began = time.perf_counter()
    model(ids)
    return time.perf_counter() - began


@torch.no_grad()
def step(model: MemoryAsContextTransformer, ids: torch.Tensor) -> float:
    tokens, positions = ids[:, :PROMPT], model.axial_pos_emb
    sides = positions.maybe_derive_outer_dim(PROMPT + ids.shape[1], (SEGMENT,))
    given = {"return_cache": True, "factorized_pos_emb": positions(sides, return_factorized=True)}
    logits, cache = model(tokens, **given)
    began = time.perf_counter()
    for _ in range(ids.shape[1]):
        tokens = torch.cat((tokens, logits[:, -1:].argmax(-1)), -1)
        logits, cache = model(tokens, cache=cache, **given)
    return time.perf_counter() - began


def main() -> None:
    task, batch = sys.argv[1], sys.argv[5]
    tokens, threads, vocabulary = (int(argument) for argument in sys.argv[2:5])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model, ids = build(vocabulary, batch), torch.randint(vocabulary, (1, tokens))
    print(sum(parameter.numel() for parameter in model.parameters()), flush=True)
    for _ in sys.stdin:
        print({"read": read, "step": step}[task](model, ids), flush=True)


if __name__ == "__main__":
    main()
