"""A text read as it is, and again with edits from where the first one stands: the value a session keeps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import titans_core as tc
from app import payload
from app.edits import WIPE, Edit
from app.reading import Reading
from app.work import Step


@dataclass(frozen=True)
class Intervention:
    """``original`` and ``fork`` have read the same text, the fork under ``edits``; their answers are None
    where nothing was asked, or not yet."""

    original: Reading
    edits: tuple[Edit, ...]
    fork: Reading
    question: str
    answers: tuple[tc.Answer | None, tc.Answer | None] = field(default=(None, None))

    @property
    def complete(self) -> bool:
        """Whether both have read all of it, and answered."""
        return (
            self.original.complete and self.fork.complete and (not self.question or None not in self.answers)
        )

    @property
    def traces(self) -> dict[str, tc.Trace]:
        """What happened in both, by name; the original's alone where there are no edits."""
        name = self.original.stream.model.name
        edited = {f"{name}, edited": self.fork.trace} if self.edits else {}
        return {name: self.original.trace} | edited

    @cached_property
    def message(self) -> bytes:
        """What the browser needs to show both; made once."""
        traces = (self.original.trace, self.fork.trace)
        spans = [
            (e.start, len(self.fork.ids) if e.stop is None else e.stop) for e in self.edits if e.kind != WIPE
        ]
        wipes = [edit.start for edit in self.edits if edit.kind == WIPE]
        key = f"{self.original.key} {self.fork.key} {self.question} {self.complete}"
        name = self.original.stream.model.name
        edits = "; ".join(str(edit) for edit in self.edits)
        named = f"{name}, edited: {edits}" if edits else name
        return payload.encode_fork(traces, key, named, (spans, wipes), self.question, self.answers)


def begin(
    original: Reading, edits: Sequence[Edit], question: str, before: Intervention | None = None
) -> Intervention:
    """An intervention that has not begun, but for the original's answer where ``before`` has it. Raises
    BadInput where the edits do not fit the model or the text."""
    edits = tuple(edits)
    for edit in edits:
        edit.check(original.stream.model.config, len(original.ids))
    same = before is not None and (before.original.key, before.question) == (original.key, question)
    answer = before.answers[0] if before and same else None
    return Intervention(original, edits, forked(original, edits), question, (answer, None))


def forked(original: Reading, edits: Sequence[Edit]) -> Reading:
    """The original up to the first edit: what follows is to be read again. Without edits, the original."""
    if not edits or not original.complete:
        return original
    first = min(edit.start for edit in edits)
    parts = (original.trace.first(first),) if first else ()
    name = f"{original.name} {hash(tuple(edits)):x}"
    return replace(original, stream=original.stream.at(first), parts=parts, seconds=0.0, name=name)


def stages(intervention: Intervention) -> Iterator[Step[Intervention]]:
    """Read the original where it is not read yet, then the fork, then ask both."""
    if intervention.complete:
        total = 2 * len(intervention.original.ids)
        yield Step(total, total, intervention, True)
    while not intervention.complete:
        intervention = grown(intervention)
        done = intervention.original.stream.position + intervention.fork.stream.position
        yield Step(done, 2 * len(intervention.original.ids), intervention, intervention.complete)


def grown(intervention: Intervention) -> Intervention:
    """One step on."""
    original, fork, edits = intervention.original, intervention.fork, intervention.edits
    if not original.complete:
        original = original.grown()
        return replace(intervention, original=original, fork=forked(original, edits))
    if not fork.complete:
        return replace(intervention, fork=edited(fork, edits))
    answer, other = intervention.answers
    if answer is None:
        return replace(intervention, answers=(original.stream.ask(intervention.question), other))
    if fork is original:
        return replace(intervention, answers=(answer, answer))
    return replace(intervention, answers=(answer, fork.stream.ask(intervention.question)))


def edited(fork: Reading, edits: Sequence[Edit]) -> Reading:
    """The fork's next piece, read under the edits that begin with it; it ends where another begins."""
    position = fork.stream.position
    stream = fork.stream
    for edit in edits:
        if edit.start == position:
            stream = stream.wipe() if edit.kind == WIPE else stream.override(**edit.override())
    later = [edit.start for edit in edits if edit.start > position]
    return replace(fork, stream=stream).grown(min(later, default=None))
