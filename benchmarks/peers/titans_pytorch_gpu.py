"""A peer on a GPU: `NeuralMemory` of `titans-pytorch`, a matrix a head whose weights move on after a chunk.

Standard input is one JSON object: `packages`, a folder to import from or null, and `sizes`. Standard output
is a JSON list of rows. It has no form of its own to compare with: what is checked is that reading at once
equals reading in two pieces, `error` being the relative difference. Its projections are part of it. Runs
alone.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

TASK = json.load(sys.stdin)
if TASK["packages"]:
    sys.path.insert(0, TASK["packages"])
sys.path.append(str(Path(__file__).parent))

import clock  # noqa: E402
import torch  # noqa: E402
from titans_pytorch import MemoryMLP, NeuralMemory  # noqa: E402

CHUNK, ALLOWED = 64, 1e-3
CHECKED = {"batch": 2, "heads": 2, "tokens": 4 * CHUNK, "width": 64}
NAME = "titans-pytorch NeuralMemory"


def build(size):
    """The memory of all heads, and what it reads [B, T, H D]."""
    torch.manual_seed(0)
    heads, width = size["heads"], size["width"]
    memory = NeuralMemory(
        dim=heads * width,
        dim_head=width,
        heads=heads,
        chunk_size=CHUNK,
        batch_size=CHUNK,
        model=MemoryMLP(dim=width, depth=1),
    ).to("cuda")
    return memory, torch.randn(size["batch"], size["tokens"], heads * width, device="cuda")


@torch.no_grad()
def error():
    memory, x = build(CHECKED)
    whole, _ = memory(x)
    first, state = memory(x[:, : 2 * CHUNK])
    second, _ = memory(x[:, 2 * CHUNK :], state=state)
    return ((torch.cat((first, second), 1) - whole).norm() / whole.norm()).item()


def with_gradient(memory, x):
    leaves = [x.requires_grad_(), *memory.parameters()]
    return lambda: torch.autograd.grad(memory(x)[0].sum(), leaves, allow_unused=True)


def timed(name, size, work, wrong):
    with torch.autocast("cuda", torch.bfloat16):
        times = clock.timed(work)
    return {"name": name, "size": size, **times, "error": wrong, "version": version("titans-pytorch")}


def main():
    wrong, size, rows = error(), TASK["sizes"][0], []
    if not wrong < ALLOWED:
        rows.append({"name": NAME, "error": wrong, "version": version("titans-pytorch")})
    else:
        try:
            memory, x = build(size)
            with torch.no_grad():
                rows.append(timed(NAME, size, lambda: memory(x), wrong))
            rows.append(timed(f"{NAME}, with gradient", size, with_gradient(memory, x), wrong))
        except torch.OutOfMemoryError as problem:
            print(f"{NAME}: {problem}", file=sys.stderr)
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main()
