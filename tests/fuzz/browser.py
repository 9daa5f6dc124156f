"""What a browser may send: components' messages, the class room's, a learner's progress."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

from hypothesis import strategies as some

from app import continuing, limits, session, typed
from app.classroom import messages
from app.components import progress as kept_progress
from app.components import session as kept_session
from app.components import tour
from app.reading import Reading, begin
from app.teaching import progress
from app.teaching.progress import BadProgress
from lessons import load_all
from tests.fuzz.models import small
from tests.fuzz.target import CHARACTERS, JSON, TEXTS, Target, damaged


class State(dict[str, Any]):
    """A session's state: what stands in it has names, and is reached by them."""

    __getattr__, __setattr__ = dict.__getitem__, dict.__setitem__


SHOWN: Reading = begin(small(), "Mara put the red key in the attic.")
LESSONS = load_all()


def place(told: Any) -> None:
    """A token that a person went back to."""
    state = State(player={"place": told})
    with patch.object(continuing, "state", state), patch.object(session, "state", state):
        session.held().reading = SHOWN
        continuing.take_place()
        assert SHOWN.whole_at(continuing.place_in(SHOWN)) <= len(SHOWN.ids)


def picked(told: Any) -> None:
    """A token that an edit is to begin with."""
    token = limits.token(told)
    assert token is None or token == told


def step(told: Any) -> None:
    """A step of the tour."""
    state = State({"the-tour": {"go": told}})
    with patch.object(tour, "state", state), patch.object(typed, "state", state):
        tour.take_step()
        assert state.get("tour_goes_to") in (None, *tour.PAGES.values())


def kept(told: Any) -> None:
    """What the browser's own stores have kept: progress, and a session's key."""
    state = State({"kept-progress": {"kept": told}, "tab-key": {"found": told}})
    with patch.object(progress, "state", state), patch("streamlit.session_state", state):
        kept_progress.tell(progress.take)
        kept_session.tell(lambda key: None)
        for lesson in LESSONS:
            done = progress.record(lesson)
            assert isinstance(done.complete(lesson), bool)
        assert progress.packed(progress.progress())


def room(told: tuple[str, bool]) -> None:
    """A message to a class room."""
    messages.read(*told)


def progress_file(content: bytes) -> None:
    """A file of progress that was uploaded."""
    assert progress.from_file(content, LESSONS)


PLACES = JSON | some.fixed_dictionaries(
    {"reading": some.sampled_from((SHOWN.key, SHOWN.name)) | JSON, "token": some.integers() | JSON}
)
NAMES = some.sampled_from([lesson.name for lesson in LESSONS]) | TEXTS
ANSWERS = some.dictionaries(some.integers(-1, 9).map(str) | TEXTS, JSON, max_size=4)
RECORDS = some.fixed_dictionaries({}, optional={"steps": ANSWERS | JSON, "checks": ANSWERS | JSON})
PROGRESS = some.fixed_dictionaries(
    {"titans-lab-progress": some.just(progress.VERSION) | JSON},
    optional={"lessons": some.dictionaries(NAMES, RECORDS | JSON, max_size=3) | JSON},
).map(json.dumps)
DEEP = some.sampled_from(("[" * 90_000, '{"a":' * 19_000))
WORDS = some.sampled_from(
    ("open", "lead", "join", "alive", "place", "look", "rule", "reset", "close", "answer")
)
FORMS = some.fixed_dictionaries(
    {"do": WORDS | JSON},
    optional={
        name: JSON | some.integers(-1, 40) | some.sampled_from((None, True, "stream", "surprise/1"))
        for name in ("code", "secret", "seat", "path", "query", "length", "token", "frozen", "roam")
        + ("checkpoint", "choice", "choices")
    },
).map(json.dumps)
MESSAGES = some.tuples(FORMS | DEEP | JSON.map(json.dumps) | some.text(CHARACTERS), some.booleans())
SOUND = progress.packed({LESSONS[0].name: progress.Record({1: 0}, {1: 0})}).encode()

TARGETS = (
    Target("place gone back to", PLACES, place),
    Target("token picked", JSON | some.integers(), picked),
    Target("step of the tour", JSON | some.sampled_from(tour.STEPS), step),
    Target("kept in the browser", PROGRESS | DEEP | JSON, kept),
    Target("class room", MESSAGES, room, (messages.BadMessage,)),
    Target(
        "file of progress",
        damaged(SOUND) | PROGRESS.map(str.encode) | DEEP.map(str.encode) | some.binary(max_size=80),
        progress_file,
        (BadProgress,),
    ),
)
