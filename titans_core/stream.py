"""One text's life: tokens go in, the memory changes. A stream holds all state, and shares the weights."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from operator import index
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from titans_core.answer import Answer, answer
from titans_core.attribution import attribution
from titans_core.denormals import flushed
from titans_core.expected import GUESSES, expect, surprisal
from titans_core.files import as_path
from titans_core.finite import NotFinite, check, uneven
from titans_core.ids import beyond, check_precision, whole
from titans_core.layers import flatten_state, map_state, owned
from titans_core.model import ModelState, TitansLM
from titans_core.observe import layer_writes, stack_columns
from titans_core.override import Edits, Override, edits, next_border, number, places
from titans_core.saved import Moment, read_stream, write_stream
from titans_core.tokenizer import Decoder, Tokenizer, hold_back
from titans_core.trace import Floats, Trace, counted, to_numpy
from titans_core.wipe import memories, without_memory
from titans_core.without import read_without

SNAPSHOT_EVERY = 256  # tokens between kept states; `at` recomputes from the nearest one before


class Stream:
    """Reads text with a model, from the beginning on.

    A learned begin token, not in any trace, precedes every stream, so that the first −log p is finite.
    ``history`` says how many tokens ``at`` reaches back. Models are shared and never changed. Wherever tokens
    are read, also again, NotFinite is raised when the model's numbers overflow; it is a ValueError. So is
    what is said of a negative history, and of a model in half precision or of another vocabulary than the
    tokenizer's; TypeError is of what is no model.
    """

    def __init__(self, model: TitansLM, history: int = 16_384) -> None:
        if not isinstance(model, TitansLM):
            raise TypeError(f"a stream reads with a model, as load('mac') gives it, not with {model!r}")
        if whole(history, "history") < 0:
            raise ValueError(f"a stream cannot remember {history} tokens of its past: history is 0 or more")
        check_precision(model.embedding.weight.dtype, "a stream")
        self.model, self.history = model, index(history)
        self.tokenizer = Tokenizer.load()
        self.tokenizer.check_vocabulary(model.config.vocab_size)
        with torch.inference_mode():
            begin = torch.tensor([[self.tokenizer.begin]], device=model.device)
            out = model(begin, None)
        check({}, uneven(out.logits[0]), -1, False)
        self.now = self._beginning = Moment(0, out.state, out.logits[:, -1], Decoder(self.tokenizer), "")
        self._snapshots = [self.now]
        self._ids: list[int] = []  # read since the first snapshot
        self._held = ""
        self.overrides: tuple[Override, ...] = ()

    def __repr__(self) -> str:
        changed = f", overrides: {len(self.overrides)}" if self.overrides else ""
        return f"Stream({self.model.name}, {counted(self.position, 'token')} read{changed})"

    @property
    def position(self) -> int:
        """How many tokens were read."""
        return self.now.position

    @property
    def state(self) -> ModelState:
        """The model's state after the last token."""
        return self.now.state

    def feed(
        self, text: str | Sequence[int], more: bool = False, writes: bool = False, without: bool = False
    ) -> Trace:
        """Read a text, or token ids cut anywhere, and tell what happened.

        ``more=True`` holds the unfinished last word back until the next feed: pieces fed so equal feeding
        at once. ``writes=True`` adds each write's rank-one factors and what was expected next to the trace;
        ``without=True`` what would be expected had the memory been wiped just before the token; what the
        first token would have cost then is known where the token before it was read so, and NaN elsewhere.
        Raises ValueError for a lone surrogate or an id out of range, and NotFinite, which is one, where the
        model's numbers overflow. Whatever is raised, the stream is then as it was: nothing of a text is kept
        that could not be read to its end.
        """
        ids, held = self._take(text, more)
        with self._all_or_nothing():
            parts = list(self._read(ids, writes, without))
        self._held = held
        return Trace.join(parts)

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Within, tokens are read: all of them, or the stream is as it was."""
        before = self.now, list(self._snapshots), list(self._ids), self._held
        try:
            yield
        except BaseException:
            self.now, self._snapshots, self._ids, self._held = before
            raise

    def _take(self, text: str | Sequence[int], more: bool) -> tuple[list[int], str]:
        """The token ids to read now, and the text to hold back."""
        if not isinstance(text, str):
            if isinstance(text, (bytes, bytearray)):
                raise TypeError("feed takes text or token ids, not bytes: decode them first")
            if not isinstance(text, Iterable):
                raise TypeError(f"feed takes text or token ids, not {type(text).__name__}")
            held = self.tokenizer.encode(self._held, opening=self.position == 0)
            ids = held + [whole(i, "a token id") for i in text]
            if wrong := [i for i in ids if not 0 <= i < self.model.config.vocab_size]:
                raise beyond(wrong[0], self.model.config.vocab_size)
            return ids, ""
        waiting = self._held + text
        cut = hold_back(waiting) if more else len(waiting)
        self.tokenizer.encode(text)  # a wrong character is told now, not when its word is complete
        return self.tokenizer.encode(waiting[:cut], opening=self.position == 0), waiting[cut:]

    def _read(self, ids: list[int], writes: bool, without: bool = False) -> Iterator[Trace]:
        """Read in stretches that end at snapshots and at the borders of overrides; at least one trace, be it
        empty."""
        start = 0
        while True:
            # the begin token counts, so that none of MAC's segments is read in two pieces
            room = SNAPSHOT_EVERY - (self.position + 1) % SNAPSHOT_EVERY
            room = min(room, self.unchanged(self.position, len(ids) - start))
            yield self._exact_step(ids[start : start + room], writes, without)
            start += room
            if start >= len(ids):
                return

    def _exact_step(self, ids: list[int], writes: bool, without: bool) -> Trace:
        """``_step``; where that raises NotFinite, of the very token: within a stretch, what is no number
        spreads to the tokens before it, for zero times infinity is none."""
        try:
            return self._step(ids, writes, without)
        except NotFinite:
            half = len(ids) // 2
            for part in (ids[:half], ids[half:]) if half else ():
                self._exact_step(part, writes, without)
            raise

    @torch.inference_mode()
    @flushed()
    def _step(self, ids: list[int], writes: bool, without: bool) -> Trace:
        """Read up to the next snapshot."""
        before, rows = self.now, len(ids)
        # to read nothing gives the same columns, with no rows
        tensor = torch.tensor([ids or [self.tokenizer.begin]], device=self.model.device)
        edits = self.edits(before.position)
        hidden, state, reports = self.model.read(tensor, before.state, True, edits)
        expected = expect(self.model, hidden[0, :rows], ids[1:], GUESSES if writes else 0)
        columns = stack_columns(reports, rows) | {"nll": surprisal(before.logits, ids, expected)}
        check(columns, expected.wrong, before.position, bool(self.overrides))
        bare, unaided = None, None
        if without:
            alone = read_without(self.model, tensor, before.state, hidden, reports, edits)
            found = expect(self.model, alone[0, :rows], ids[1:], GUESSES)
            columns["nll_without"] = surprisal(self._bare(), ids, found)
            check({}, found.wrong, before.position, bool(self.overrides))
            bare, unaided = found.logits, found.guesses
        tokens = self._advance(ids, state, expected.logits, bare) if ids else []
        trace = Trace(before.position, tuple(ids), tokens, columns, guesses_without=unaided)
        if not writes:
            return trace
        factors = layer_writes(self.model, reports, before.state, edits, rows)
        return replace(trace, writes=factors, guesses=expected.guesses)

    def _advance(self, ids: list[int], state: ModelState, logits: Tensor, bare: Tensor | None) -> list[str]:
        """Stand after ``ids``; their strings. logits, and bare of a memory just wiped, [1, vocab]."""
        before = self.now
        decoder = copy.copy(before.decoder)
        tokens = decoder.feed(ids)
        last = "".join(tokens)[-1:] or before.last
        position = before.position + len(ids)
        self.now = Moment(position, state, logits, decoder, last, bare)
        self._remember(ids)
        return tokens

    def _bare(self) -> Tensor:
        """What would be expected now had the memory been wiped before the latest token, logits [1, vocab];
        NaN where that was not asked for when it was read."""
        if self.now.bare is not None:
            return self.now.bare
        if self.position:
            return torch.full_like(self.now.logits, torch.nan)
        begin = torch.tensor([[self.tokenizer.begin]], device=self.model.device)
        initial = self.model.initial_state()
        hidden, _, reports = self.model.read(begin, initial, True)
        return self.model.predict(read_without(self.model, begin, initial, hidden, reports, None))[:, -1]

    def _remember(self, ids: list[int]) -> None:
        """Keep ids and snapshots as far back as ``history`` asks, and no further."""
        self._ids += ids
        if self.position + 1 - self._snapshots[-1].position >= SNAPSHOT_EVERY:
            self.now = map_state(owned, self.now)
            self._snapshots.append(self.now)
        while len(self._snapshots) > 1 and self._snapshots[1].position <= self.position - self.history:
            gone = self._snapshots.pop(0)
            del self._ids[: self._snapshots[0].position - gone.position]

    def weights(self) -> dict[tuple[int, str], Floats]:
        """The memory's weights right now: (layer, "W1" … "Wn") -> [heads, rows, columns]."""
        return {
            (layer, f"W{n}"): to_numpy(matrix[0])
            for layer, memory in enumerate(memories(self.state))
            for n, matrix in enumerate(memory.weights, 1)
        }

    @property
    def reach(self) -> int:
        """How many of the last tokens can be gone back over."""
        return self.position - self._snapshots[0].position

    @property
    def nbytes(self) -> int:
        """How many bytes the states take that it keeps to go back to."""
        kept: dict[int, int] = {}
        for moment in (*self._snapshots, self.now):
            for part in flatten_state(moment).values():
                if isinstance(part, Tensor):
                    storage = part.untyped_storage()
                    kept[storage.data_ptr()] = storage.nbytes()
        return sum(kept.values())

    def past(self) -> Trace:
        """The trace, with writes, of the last ``reach`` tokens: they are read again."""
        start = self._at(self._snapshots[0], None, [])
        return Trace.join(list(start._read(self._ids, writes=True)))

    def attribution(self) -> Floats:
        """Which tokens wrote what the latest token reads: [layers, heads, tokens + 1], each token's component
        along the retrieval, the last entry what was there before: M₀ and S₀, the begin token and persistent
        ones, and what lies further back than ``history``. They sum to the retrieval's norm.

        A decomposition of the read, not a counterfactual; of a deep memory it is the last layer's. The past
        is read again for it. Raises ValueError where no token is kept to be read again, as before the first
        and after a wipe, and where there is no memory.
        """
        if not self.model.has_memory:
            raise ValueError("this model has no memory: nothing can be attributed")
        if not self.reach:
            kept = f", and none of the {self.position} read is kept to be read again" if self.position else ""
            raise ValueError(f"attribution is of the latest token{kept}: feed one first")
        first, trace = self._snapshots[0], self.past()
        frozen = [tuple(to_numpy(w[0]) for w in getattr(part, "frozen", ())) for part in first.state]
        found = attribution(trace, self.model.config, frozen if frozen[0] else ())
        before = np.zeros((*found.shape[:2], first.position), np.float32)
        return np.concatenate([before, found], 2)

    def fork(self) -> Stream:
        """An independent copy; tensors are shared, as nothing ever changes them."""
        return self._at(self.now, self._snapshots, self._ids, self._held)

    def at(self, position: int) -> Stream:
        """A stream as this one was after ``position`` tokens; what overrides do to later tokens is still to
        come in it. Text held back is kept at the present position and dropped anywhere before, as it does not
        follow on there. Raises ValueError beyond the history kept."""
        first, position = self._snapshots[0].position, whole(position, "a position")
        if not first <= position <= self.position:
            raise ValueError(
                f"token {position} is out of reach: this stream goes from {first} to {self.position}"
            )
        kept = [s for s in self._snapshots if s.position <= position]
        nearest = kept[-1].position
        held = self._held if position == self.position else ""
        then = self._at(kept[-1], kept, self._ids[: nearest - first], held)
        for _ in then._read(self._ids[nearest - first : position - first], writes=False):
            pass
        return then

    def wipe(self) -> Stream:
        """A stream whose memory is M₀ with zero momentum, so without what the begin token and persistent ones
        wrote, too; attention and convolution caches are kept."""
        return self._at(self.now._replace(state=without_memory(self.model, self.state)), None, [], self._held)

    def override(
        self,
        *,
        eta: float | None = None,
        theta: float | None = None,
        alpha: float | None = None,
        write: bool = True,
        read: bool = True,
        layers: int | Iterable[int] | None = None,
        heads: int | Iterable[int] | None = None,
        tokens: int | Iterable[int] | None = None,
        scale: bool = False,
    ) -> Stream:
        """A stream that reads on with gates clamped, or multiplied where ``scale``: from now on, or at the
        positions ``tokens`` alone. ``write=False``: M and S stay; ``read=False``: M₀ is read. ``layers`` and
        ``heads`` say where, None is everywhere.

        A clamped gate leaves the others as they are, but for θ, which is at most (1 − η) / 2 in a linear
        memory, as in training. Raises ValueError for a value out of bounds or NaN, a layer or
        head that is not there, an empty list of them, and a token that was read already, and TypeError for
        what is no number, no list of whole numbers, or no switch.
        """
        where = (places(layers), places(heads), places(tokens))
        gates = (number(eta), number(theta), number(alpha))
        change = Override(self.position, *gates, write, read, scale, *where)
        change.check(self.model.config)
        other = self.fork()
        other.overrides += (change,)
        return other

    def unchanged(self, position: int, tokens: int) -> int:
        """How many of the next ``tokens`` are read under the same overrides as the one at ``position``."""
        return int(min(tokens, next_border(self.overrides, position) - position))

    def edits(self, position: int) -> tuple[Edits, ...] | None:
        """What the overrides do to each layer while the token at ``position`` is read."""
        return edits(self.overrides, position, self.model.config, self.model.device)

    def _at(self, now: Moment, snapshots: list[Moment] | None, ids: list[int], held: str = "") -> Stream:
        """A stream that stands at ``now``; without snapshots its past begins there."""
        other = copy.copy(self)
        other.now, other._snapshots, other._ids, other._held = now, list(snapshots or [now]), list(ids), held
        return other

    def save(self, path: str | Path) -> None:
        """Write the stream as safetensors, with the checkpoint's name and hash, or one of the weights where
        they are no longer the checkpoint's. Its past is written only where it goes back to the first token:
        not after a wipe, nor once ``history`` has dropped the beginning. Raises ValueError where the file
        cannot be written, as where its folder is not there, and TypeError for what is no path."""
        # Ids alone bring back the whole past, but only where it goes back to the model's own beginning.
        past = self._ids if self._snapshots[0] is self._beginning else []
        write_stream(as_path(path), self.model, self.now, self._held, past, self.history, self.overrides)

    @classmethod
    def load(cls, path: str | Path, model: TitansLM | None = None) -> Stream:
        """Go on with a saved stream, bit for bit on the same device. Where its past was not written, see
        ``save``, it begins here: ``reach`` is 0, ``at`` goes no further back, ``attribution`` raises, and an
        answer has no ``source``, until more is read.

        Raises ValueError where the file is no saved stream, is damaged, or was saved with another checkpoint,
        with other weights, however they were changed, or in another precision, and TypeError for what is no
        path or no model.
        """
        if model is not None and not isinstance(model, TitansLM):
            raise TypeError(f"model= takes a model, as load('mac') gives it, not {model!r:.80}")
        saved = read_stream(as_path(path), model)
        stream = cls(saved.model, saved.history)
        stream.now, stream._held, stream._ids = saved.now, saved.held, saved.ids
        stream.overrides = saved.overrides
        if not 0 < len(saved.ids) == stream.position:  # before its first token it may have been wiped
            stream._ids, stream._snapshots = [], [stream.now]
        return stream

    def ask(self, question: str) -> Answer:
        """The model's answer, greedily decoded, and the candidates with and without memory; the stream is
        left as it was. A missing space before the question is supplied. Raises ValueError for a question
        of nothing but spaces, and as ``feed`` does."""
        # before the space, so that a wrong character is told by its own place
        self.tokenizer.encode(question)
        if not question.strip():
            raise ValueError("there is no question: give ask() some words")
        end = self._held[-1:] or self.now.last
        gap = " " if end and not end.isspace() and not question[:1].isspace() else ""
        asked, without = self.fork(), self.wipe()
        ids = asked.feed(gap + question).ids
        without.feed(gap + question)
        return answer(self.fork(), asked, without, ids)
