"""How a call's tokens fall into gradient blocks and chunks."""

from typing import NamedTuple


class Piece(NamedTuple):
    """A run of tokens computed together: `chunks` chunks of `size` tokens each.

    continues: its gradients are taken at the block-start weights that were handed in, not at its own start.
    """

    start: int
    size: int
    chunks: int
    continues: bool


def cut(length: int, offset: int, block_size: int, chunk_size: int) -> list[Piece]:
    """Cut `length` tokens, of whose open gradient block `offset` are already seen, into pieces.

    First the rest of the open block, then whole chunks, then the whole blocks left over, then the block that
    stays open. Each remainder is a chunk of its own: padding is not neutral, for momentum keeps moving
    the memory. Only a block that never ends is longer than a chunk: it is cut into chunks as well.
    """
    head = min(length, block_size - offset) if offset else 0
    opened, last = divmod(head, chunk_size)
    whole, rest = divmod(length - head, chunk_size)
    blocks = rest - rest % block_size
    parts = ((chunk_size, opened), (last, 1), (chunk_size, whole), (blocks, 1), (rest - blocks, 1))
    pieces: list[Piece] = []
    start = 0
    for size, chunks in parts:
        if size and chunks:
            pieces.append(Piece(start, size, chunks, continues=start < head))
            start += size * chunks
    return pieces
