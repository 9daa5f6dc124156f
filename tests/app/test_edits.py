"""A list of edits, and the line that it is written in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.edits import MOST, WIPE, Edit, decode, encode
from app.limits import BadInput, token
from titans_core.config import ModelConfig
from titans_core.override import GATES

CONFIG = ModelConfig(variant="mag", vocab_size=10)
places = st.none() | st.integers(0, 99)
starts = st.integers(0, 9_000)
spans = st.tuples(starts, st.none() | st.integers(1, 900)).map(lambda s: (s[0], s[1] and s[0] + s[1]))
gates = st.builds(
    lambda kind, value, scale, layer, head, span: Edit(kind, value, scale, layer, head, *span),
    st.sampled_from(GATES),
    st.floats(0, 1e6),
    st.booleans(),
    places,
    places,
    spans,
)
stops = st.builds(
    lambda kind, layer, head, span: Edit(kind, None, False, layer, head, *span),
    st.sampled_from(("write", "read")),
    places,
    places,
    spans,
)
edits = gates | stops | st.builds(lambda start: Edit(WIPE, start=start), starts)


@given(st.lists(edits, max_size=MOST))
def test_what_is_written_is_read_again(some: list[Edit]) -> None:
    line = encode(some)
    assert decode(line) == tuple(some)
    assert all(c.isalnum() or c in "=*,;-.+" for c in line), "it stands in an address as it is"


def test_a_line_reads_as_a_person_wrote_it() -> None:
    assert decode("alpha=0.2;theta*2,layer=2,head=1,tokens=10-20;write=off,tokens=30;wipe,tokens=25-") == (
        Edit("alpha", 0.2),
        Edit("theta", 2.0, True, 1, 0, 9, 20),
        Edit("write", start=29, stop=30),
        Edit(WIPE, start=24),
    )
    assert decode("") == ()


@given(st.text(max_size=60))
def test_any_other_line_is_told_in_one_sentence(line: str) -> None:
    try:
        decode(line)
    except BadInput as problem:
        assert str(problem).endswith(".") and len(str(problem)) < 200


@pytest.mark.parametrize(
    "line",
    ["alpha", "alpha=", "alpha=1,layer=0", "beta=1", "wipe;", "alpha=1e", "write=on", "eta=1,tokens=0"],
)
def test_what_is_no_edit_is_refused(line: str) -> None:
    with pytest.raises(BadInput, match="is not an edit"):
        decode(line)


def test_a_list_that_is_too_long_is_refused() -> None:
    with pytest.raises(BadInput, match="33 edits"):
        decode(";".join(["wipe"] * (MOST + 1)))


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (Edit("alpha", 1.5), "Alpha must lie between 0 and 1"),
        (Edit("eta", 0.99), "Eta must lie between"),
        (Edit("theta", -1.0, scale=True), "at least 0"),
        (Edit("alpha", 0.5, layer=2), "There is no layer 3: the model has layers 1 to 2."),
        (Edit("alpha", 0.5, head=9), "There is no head 10: the model has "),
        (Edit("write", start=100), "Token 101 is not in the text"),
        (Edit(WIPE, start=100), "Token 101 is not in the text"),
        (Edit("write", start=5, stop=5), "comes before"),
    ],
)
def test_an_edit_that_cannot_be_is_told(edit: Edit, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        edit.check(CONFIG, tokens=100)


def test_an_edit_says_what_and_where() -> None:
    told = [
        f"{e.what}, {e.where}"
        for e in decode("alpha=0.2;theta*2,layer=2,head=1,tokens=10-20;write=off,tokens=30;wipe,tokens=25-")
    ]
    assert told == [
        "α = 0.2, everywhere",
        "θ × 2, layer 2, head 1, at tokens 10 to 20",
        "no writing, at token 30 alone",
        "wiped, before token 25",
    ]


def test_an_edit_that_ends_far_beyond_the_text_takes_no_memory_for_it() -> None:
    (edit,) = decode("alpha=0.2,tokens=3-900000")
    edit.check(CONFIG, 10)
    assert len(edit.override()["tokens"]) < 10_000
    (further,) = decode("alpha=0.2,tokens=3-999999999")
    with pytest.raises(BadInput, match="Token 999,999,999 is never read"):
        further.check(CONFIG, 10)


def test_a_browser_names_a_token_by_a_whole_number_alone() -> None:
    assert [token(told) for told in (0, 7)] == [0, 7]
    assert all(token(told) is None for told in (-1, 10**9, 7.0, True, "7", None, [7], {}, float("nan")))
