"""What browsers may say to a room: whatever comes is understood, or refused with a sentence."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.classroom.messages import LONGEST, Answer, BadMessage, Join, Message, read
from app.classroom.rooms import MOST_CHOICES, Look, Place

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "code",
    "secret",
    "seat",
    "path",
    "query",
    "length",
    "token",
    "frozen",
    "roam",
    "checkpoint",
    "choice",
)
DOING = ("open", "lead", "join", "alive", "place", "look", "rule", "reset", "close", "answer", "sing")


@given(st.text(max_size=300), st.booleans())
def test_any_text_is_understood_or_refused(text: str, host: bool) -> None:
    try:
        assert isinstance(read(text, host), get_args(Message))
    except BadMessage as problem:
        assert str(problem).endswith(".")


@given(st.sampled_from(DOING), st.dictionaries(st.sampled_from([*FIELDS, "choices"]), JSON))
def test_whatever_its_fields_hold_a_message_is_understood_or_refused(do: str, fields: dict[str, Any]) -> None:
    try:
        message = read(json.dumps({"do": do} | fields), host=True)
    except BadMessage:
        return
    match message:
        case Place(path, query):
            assert path.isascii() and query.isascii() and "/" not in path
        case Look(length, token):
            assert 0 <= token < length
        case Answer(checkpoint, choice, choices):
            assert 0 <= choice < choices <= MOST_CHOICES and checkpoint.isascii()


def test_a_host_may_send_a_whole_text_and_a_learner_may_not() -> None:
    text = json.dumps({"do": "place", "path": "", "query": "text=" + "x" * 200_000})
    assert isinstance(read(text, host=True), Place)
    with pytest.raises(BadMessage, match=f"may have {LONGEST[False]:,} characters; this one has 200,"):
        read(text, host=False)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 900,
        '{"do": "look", "length": 1' + "0" * 800 + ', "token": 0}',
        '{"do": "place", "path": "\\ud83e", "query": ""}',
        '{"do": "place", "path": "//elsewhere.example", "query": ""}',
        '{"do": "place", "path": "", "query": "a b"}',
        '{"do": "answer", "checkpoint": "a/1", "choice": 2, "choices": 2}',
        '{"do": "answer", "checkpoint": "../1", "choice": 0, "choices": 2}',
        '{"do": "answer", "checkpoint": "a/hop-1", "choice": 0, "choices": 2}',
    ],
)
def test_what_means_no_good_is_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        read(text, host=False)


@pytest.mark.parametrize("checkpoint", ["surprise/2", "surprise/step-2"])
def test_a_step_is_answered_as_a_closing_question_is(checkpoint: str) -> None:
    told = json.dumps({"do": "answer", "checkpoint": checkpoint, "choice": 0, "choices": 1})
    assert read(told, host=False) == Answer(checkpoint, 0, 1)


def test_a_code_is_taken_as_it_was_typed() -> None:
    assert read('{"do": "join", "code": " bcd-fgh ", "seat": null}', host=False) == Join(" bcd-fgh ", None)
