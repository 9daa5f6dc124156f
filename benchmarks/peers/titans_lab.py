"""Ourselves, measured as the peer is. Arguments: what to do, tokens, threads, and `torch` to miss numba.

`read`: `Stream.feed` of so many tokens, every measure told, on a fresh stream each time.
`step`: the model alone goes on after a prompt, greedily, one token at a time, as the peer does.
`page`: a text becomes all that the page shows, as the message to the browser.
`far`: a stream that has read so many tokens reads STRETCH more, every measure told.

Each line on standard input is a request to do it once more; the answer is the seconds it took.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from tqdm import tqdm

import titans_core as tc
from app import reading
from titans_core import stepping
from titans_core.tokenizer import Decoder, Tokenizer

SAMPLE = Path(__file__).resolve().parents[2] / "assets" / "texts" / "the-lighthouse.txt"
PROMPT, STRETCH = 32, 1024


def read(model: tc.TitansLM, tokens: int) -> Iterator[float]:
    ids = random_ids(model, tokens)
    while True:
        stream = tc.Stream(model)
        began = time.perf_counter()
        stream.feed(ids)
        yield time.perf_counter() - began


def step(model: tc.TitansLM, tokens: int) -> Iterator[float]:
    prompt = torch.tensor([random_ids(model, PROMPT)])
    while True:
        with torch.inference_mode():
            out = model(prompt)
            logits, state = out.logits[:, -1], out.state
            began = time.perf_counter()
            for _ in range(tokens):
                logits, state = stepping.step(model, logits.argmax(-1), state)
            yield time.perf_counter() - began


def page(model: tc.TitansLM, tokens: int) -> Iterator[float]:
    ids = Tokenizer.load().encode(SAMPLE.read_text(encoding="utf-8") * (tokens // 256 + 1))[:tokens]
    text = "".join(Decoder(Tokenizer.load()).feed(ids))
    while True:
        began = time.perf_counter()
        found = reading.read(model, text)
        assert found.message and len(found.ids) == tokens
        yield time.perf_counter() - began


def far(model: tc.TitansLM, tokens: int) -> Iterator[float]:
    ids, stream = random_ids(model, STRETCH), tc.Stream(model, history=0)
    for _ in tqdm(range(tokens // STRETCH), desc=f"reading {tokens:,} tokens", unit=f"×{STRETCH:,}"):
        stream.feed(ids)
    while True:
        began = time.perf_counter()
        stream.feed(ids)
        yield time.perf_counter() - began


def random_ids(model: tc.TitansLM, tokens: int) -> list[int]:
    ids: list[int] = torch.randint(model.config.vocab_size, (tokens,)).tolist()
    return ids


def main() -> None:
    task, tokens, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if sys.argv[4] == "torch":
        sys.modules["numba"] = None  # type: ignore[assignment]  # as if it were not installed
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = tc.load("mac", device="cpu")
    turns = {"read": read, "step": step, "page": page, "far": far}[task](model, tokens)
    next(turns)
    print(model.parameter_count(), flush=True)
    for _ in sys.stdin:
        print(next(turns), flush=True)


if __name__ == "__main__":
    main()
