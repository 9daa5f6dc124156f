"""Text to tokens and back, exactly: byte-level BPE in which a word costs the same wherever it stands.

A text is cut into words, numbers, runs of other symbols and white space. Every word and every number is
coded with a space before it: " attic", " 4". Where that space is not in the text (after a newline, a quote,
a bracket) a JOIN token goes before and takes it away; the begin of a stream does so for nothing. Merges
never cross a cut.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import tokenizers
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

from titans_core.files import write_text
from titans_core.places import ASSETS

SHIPPED = ASSETS / "tokenizer.json"
VOCAB_SIZE = 1794  # BEGIN and JOIN among them
BEGIN, JOIN = "⟨begin⟩", "⟨joined⟩"  # what these are called, which have no text of their own
CACHED_PIECES, CACHED_LENGTH = 50_000, 32

# A word or a number takes one space before it along; the rest of the white space stands alone.
PIECE = re.compile(r" ?[^\W\d_]+(?:['’][^\W\d_]+)*| ?\d+|(?:[^\w\s]|_)+|\s+(?= [^\W_])|\s+")


class Tokenizer:
    """Any text to token ids in [0, vocab_size) and back. Immutable once loaded, safe to share.

    ``begin`` and ``join`` come after the BPE vocabulary, where no text can reach them.
    """

    def __init__(self, bpe: tokenizers.Tokenizer) -> None:
        self._bpe = bpe
        size = bpe.get_vocab_size()
        self.begin, self.join, self.vocab_size = size, size + 1, size + 2
        self.token_bytes = tuple(spell(str(bpe.id_to_token(i))) for i in range(size)) + (b"", b"")
        if missing := {bytes([b]) for b in range(256)} - set(self.token_bytes):
            raise ValueError(f"this tokenizer lacks {len(missing)} of the 256 bytes: train it anew")
        self._space = self.token_bytes.index(b" ")
        self.token_texts = {i: text for i, b in enumerate(self.token_bytes) if b and (text := characters(b))}
        self._cache: dict[str, tuple[int, ...]] = {}

    @classmethod
    def load(cls, path: str | Path | None = None) -> Tokenizer:
        """The shipped tokenizer, or one that ``save`` wrote. Raises ValueError for a file that is none."""
        return shipped() if path is None else read(Path(path))

    def save(self, path: str | Path) -> None:
        """Write the vocabulary and its merges as JSON. Raises ValueError where that cannot be done."""
        write_text(Path(path), self._bpe.to_str(pretty=True) + "\n")

    def encode(self, text: str, opening: bool = True) -> list[int]:
        """The ids of a text. ``opening``: it opens a stream, so that its first word needs no JOIN.

        Raises ValueError for half a surrogate pair, which is no character at all, and TypeError for what is
        no text.
        """
        if not isinstance(text, str):
            raise TypeError(f"a text is a str, not {type(text).__name__}")
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"character {error.start} of the text is half of a surrogate pair: remove it or replace it"
            ) from None
        ids: list[int] = []
        known = self._cache
        for piece in PIECE.findall(text):
            ids += known.get(piece) or self._code(piece)
        if opening and ids:
            if ids[0] == self.join:
                del ids[0]
            elif text[0] == " ":  # the space that the begin takes away
                ids.insert(0, self._space)
        return ids

    def check_vocabulary(self, size: int) -> None:
        """Raise ValueError where a model of this vocab_size has not one place for each token."""
        if size != self.vocab_size:
            raise ValueError(
                f"vocab_size is the tokenizer's, {self.vocab_size}, not {size}: leave it out of ModelConfig"
            )

    def name(self, token: int) -> str:
        """A token's text; where it has none that can be seen, what it is called, or its bytes in
        hexadecimal."""
        if token in (self.begin, self.join):
            return BEGIN if token == self.begin else JOIN
        spelled = self.token_bytes[token]
        text = spelled.decode(errors="replace")
        seen = "\ufffd" not in text and all(c.isprintable() or c.isspace() for c in text)
        return text if seen else f"⟨{spelled.hex(' ').upper()}⟩"

    def decode(self, ids: Iterable[int], opening: bool = True) -> str:
        """The text of ids, the inverse of ``encode``; bytes that are no UTF-8 become U+FFFD."""
        return "".join(self.pieces(ids, opening))

    def pieces(self, ids: Iterable[int], opening: bool = True) -> list[str]:
        """One string a token; together they are ``decode(ids)``.

        A character split over several tokens belongs to the one completing it, the others are "".
        """
        decoder = Decoder(self, opening)
        strings = decoder.feed(ids)
        if rest := decoder.flush():
            strings[-1] += rest
        return strings

    def _code(self, piece: str) -> tuple[int, ...]:
        ids = tuple(i for part in spaced(piece) for i in self._bpe.encode(part).ids)
        if piece[0] != " " and piece[-1].isalnum():
            ids = (self.join, *ids)
        if len(piece) <= CACHED_LENGTH:
            if len(self._cache) >= CACHED_PIECES:
                self._cache.clear()
            self._cache[piece] = ids
        return ids


class Decoder:
    """``Tokenizer.pieces`` for tokens that come one by one. Its state is small: ``copy.copy`` forks it."""

    def __init__(self, tokenizer: Tokenizer, opening: bool = True) -> None:
        self._tokenizer = tokenizer
        self._joined = opening  # the next token's leading space is not there
        self._pending = b""  # the bytes of an unfinished character

    def feed(self, ids: Iterable[int]) -> list[str]:
        """The strings of these tokens. Raises ValueError for an id that is not in the vocabulary."""
        return [self._next(int(i)) for i in ids]

    def flush(self) -> str:
        """What is left at the end: U+FFFD for a character never finished, mostly nothing."""
        rest, self._pending = self._pending.decode(errors="replace"), b""
        return rest

    def _next(self, token: int) -> str:
        t = self._tokenizer
        if not self._joined and not self._pending and (text := t.token_texts.get(token)):
            return text
        if not 0 <= token < t.vocab_size:
            raise ValueError(f"token id {token} is not in 0 … {t.vocab_size - 1}")
        if token in (t.begin, t.join):
            self._joined = True
            return ""
        new = t.token_bytes[token]
        if self._joined:
            new, self._joined = new.removeprefix(b" "), False
        text, used = codecs.utf_8_decode(self._pending + new, "replace", False)
        self._pending = (self._pending + new)[used:]
        return text

    def to_json(self) -> list[object]:
        """The state as JSON-able values; ``from_json`` goes on from there."""
        return [self._joined, self._pending.hex()]

    @classmethod
    def from_json(cls, tokenizer: Tokenizer, state: list[object]) -> Decoder:
        """A decoder that goes on where ``to_json`` was asked. Raises ValueError where that is no state."""
        joined, pending = state
        decoder = cls(tokenizer, bool(joined))
        decoder._pending = bytes.fromhex(str(pending))
        if codecs.utf_8_decode(decoder._pending, "replace", False)[1]:
            raise ValueError("what is pending is not the beginning of one character")
        return decoder


def hold_back(text: str) -> int:
    """How many characters may be encoded although more will follow: all before the last white space.

    Whatever follows, parts cut so give the same tokens as the whole. 0 where there is no white space.
    """
    words = text.rsplit(maxsplit=1)
    last = len(words[-1]) if words and not text[-1].isspace() else 0
    return len(text[: len(text) - last].rstrip())


def train(texts: Iterable[str], vocab_size: int = VOCAB_SIZE) -> Tokenizer:
    """Learn a vocabulary of at most ``vocab_size`` ids, BEGIN and JOIN included. Same texts, same ids."""
    bpe = tokenizers.Tokenizer(BPE())
    bpe.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=False)
    trainer = BpeTrainer(
        vocab_size=vocab_size - 2, initial_alphabet=sorted(ByteLevel.alphabet()), show_progress=False
    )
    bpe.train_from_iterator((list(split(text)) for text in texts), trainer)
    return Tokenizer(bpe)


def split(text: str) -> Iterator[str]:
    """The stretches that merges stay within."""
    for piece in PIECE.findall(text):
        yield from spaced(piece)


def spaced(piece: str) -> list[str]:
    """A piece as BPE sees it: words and numbers after a space, a number digit by digit."""
    if not piece[-1].isalnum():
        return [piece]
    word = piece.removeprefix(" ")
    return [" " + word[0], *word[1:]] if word[0].isdecimal() else [" " + word]


@cache
def shipped() -> Tokenizer:
    """The shipped one, read once."""
    return read(SHIPPED)


def read(path: Path) -> Tokenizer:
    """A file's tokenizer. Raises ValueError where there is none."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    try:
        bpe = tokenizers.Tokenizer.from_buffer(content)
    except Exception as error:  # the library raises nothing more exact
        raise ValueError(f"{path.name} is not a tokenizer file: {error}") from error
    return Tokenizer(bpe)


def characters(token: bytes) -> str | None:
    """The text of a token's bytes, None where it begins or ends inside a character."""
    try:
        return token.decode()
    except UnicodeDecodeError:
        return None


def spell(token: str) -> bytes:
    """The bytes that a token of the vocabulary stands for."""
    return bytes(byte_alphabet()[character] for character in token)


@cache
def byte_alphabet() -> dict[str, int]:
    """Byte-level BPE writes a byte as one printable character: itself where it is one, else 256 and up."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(b): b for b in plain} | {chr(256 + n): b for n, b in enumerate(others)}
