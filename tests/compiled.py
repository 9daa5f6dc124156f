"""Compile once what each process of the tests would compile for itself: `python -m tests.compiled`."""

from __future__ import annotations

import titans_core as tc

TEXT = "Mara put the red key in the attic. Tom likes soup. Ivy keeps a pet owl, and nobody asked her why."


def main() -> None:
    """Every kind of block and memory reads at once, token by token, and is asked."""
    for name in tc.available():
        stream = tc.Stream(tc.load(name, device="cpu"))
        stream.feed(TEXT)
        for token in (5, 6):
            stream.feed([token])
        stream.ask("Where is the red key?")


if __name__ == "__main__":
    main()
