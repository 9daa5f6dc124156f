"""A long text: read whole with a thinned trace, and any stretch of it again, exactly as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import titans_core as tc
from app import book, leafing, limits, textbox, typed
from app.book import Book, BookReading, Stretch, floor
from app.session import Held
from app.settings import settings
from tests.app.pressing import State, held, press
from titans_core.tasks import filler

PAGE = Path(__file__).parents[2] / "app" / "views" / "stream.py"
LONG = " ".join(filler(seed) for seed in range(200))[:42_000]  # more than a page reads
TEXT = LONG[:14_000]  # enough to have states to go back to
NAMES = ["mac", "attention"]


@pytest.fixture(scope="module", params=NAMES)
def read(request: pytest.FixtureRequest) -> BookReading:
    *_, last = book.stages(tc.load(request.param), Book("hours.txt", TEXT), None)
    return last.value


def test_a_stretch_is_read_again_bit_for_bit_as_the_whole_was(read: BookReading) -> None:
    assert read.complete and read.position == len(read.ids) > 4_000
    stream = tc.Stream(read.stream.model, history=0)
    whole = book.means(stream.feed(read.ids.tolist()))
    for asked in ((0, 10), (1_500, 3_100), (read.position - 5, read.position)):
        stretch = read.aligned(*asked)
        again = book.means(read.read(stretch))
        assert again.start == stretch.start <= asked[0] and asked[1] <= stretch.end
        for name in whole.quantities:
            np.testing.assert_array_equal(again[name], whole[name][stretch.start : stretch.end])
        assert "".join(again.tokens) == "".join(whole.tokens[stretch.start : stretch.end])


def test_the_peaks_of_the_overview_are_those_of_the_text(read: BookReading) -> None:
    rows, columns = read.thin.peaks()
    whole = book.means(tc.Stream(read.stream.model, history=0).feed(read.ids.tolist()))
    for name in set(book.SHOWN) & set(whole.quantities):
        places = [int(rows.positions[row]) for row in book.apart(rows.positions, columns[name])]
        assert places[0] == int(whole[name].argmax())
        assert len(places) == book.PEAKS and min(np.diff(sorted(places))) >= book.APART


def test_what_is_read_piece_by_piece_can_be_left_and_gone_on_with() -> None:
    model, long_text = tc.load("lmm"), Book("hours.txt", TEXT)
    steps = book.stages(model, long_text, None)
    first = [next(steps).value for _ in range(3)][-1]
    *_, last = book.stages(model, long_text, first)
    *_, straight = book.stages(model, long_text, None)
    assert last.value.overview(Stretch(0, 1023)) == straight.value.overview(Stretch(0, 1023))
    assert first.position == 3 * book.STEP - 1 and not first.complete  # it stays as it was


def test_a_book_of_any_length_keeps_so_many_states_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "KEPT", 4)
    *_, last = book.stages(tc.load("lmm"), Book("hours.txt", TEXT), None)
    places = [stream.position for stream in last.value.kept]
    assert len(places) <= 4 and places[0] == 0
    assert places[1:] == [n * last.value.every - 1 for n in range(1, len(places))]


@pytest.mark.parametrize("asked", [(-5, -1), (0, 10**9), (10**9, 10**9 + 1), (500, 400), (8_000, 8_001)])
def test_whatever_stretch_is_asked_for_lies_within_what_was_read(asked: tuple[int, int]) -> None:
    steps = book.stages(tc.load("lmm"), Book("hours.txt", TEXT), None)
    read = [next(steps).value for _ in range(2)][-1]
    stretch = read.aligned(*asked)
    assert 0 <= stretch.start < stretch.end <= read.position
    assert stretch.end - stretch.start <= settings().text_tokens
    assert floor(stretch.start) == stretch.start and read.aligned(*stretch) == stretch


def test_half_a_surrogate_pair_is_told() -> None:
    with pytest.raises(limits.BadInput, match="surrogate"):
        book.begin(tc.load("lmm"), Book("broken.txt", "x" * 50_000 + "\ud83e"))


class Upload:
    def __init__(self, text: str) -> None:
        self.name, self.text = "hours.txt", text

    def getvalue(self) -> bytes:
        return self.text.encode()


@pytest.mark.parametrize("opens", [True, False])
def test_an_upload_too_long_for_the_box_is_opened_where_the_page_can(
    monkeypatch: pytest.MonkeyPatch, opens: bool
) -> None:
    state = State(upload=Upload(LONG), text="what stood there", sample=None, book=None)
    monkeypatch.setattr(textbox, "state", state)
    textbox.take_upload(opens)
    assert state.text == "what stood there"
    if opens:
        assert state.book == Book("hours.txt", LONG) and state.upload_problem is None
    else:
        assert state.book is None and "Upload it on the page Stream" in state.upload_problem


def test_an_upload_too_long_for_an_overview_is_refused_with_both_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    most = settings().book_characters
    state = State(upload=Upload("x" * (most + 1)), text="what stood there", book=None)
    monkeypatch.setattr(textbox, "state", state)
    textbox.take_upload(True)
    assert state.book is None and f"{most + 1:,} characters" in state.upload_problem
    assert f"up to {most:,}" in state.upload_problem


def test_a_short_upload_closes_the_book_and_goes_into_the_box(monkeypatch: pytest.MonkeyPatch) -> None:
    state = State(upload=Upload("A short one."), text="", sample="a", book=Book("hours.txt", TEXT))
    for module in (textbox, typed):
        monkeypatch.setattr(module, "state", state)
    textbox.take_upload(True)
    assert (state.text, state.book) == ("A short one.", None)


def test_the_page_reads_a_long_text_shows_it_and_closes_it_again() -> None:
    page = AppTest.from_file(str(PAGE), default_timeout=120).run()
    box = page.text_area(key="text").value
    page.session_state.book = Book("<b>hours</b>.txt", TEXT)
    page.run()
    held(page).jobs["Stream"].wait(120)
    page.run()
    assert not page.exception and not page.text_area
    shown = held(page).stretch
    assert held(page).book.complete and shown.stretch == Stretch(0, 1023)
    assert len(shown.trace) == 1023 and shown.trace.writes == ()
    facts, unasked = page.caption
    assert f"{len(held(page).book.ids):,} tokens, read in" in facts.value
    assert unasked.value.startswith("A text as long as this cannot be asked about or added to")
    before = held(page).book
    press(page, "Read")
    assert held(page).book is before
    press(page, "Close")
    assert page.text_area(key="text").value == box and held(page).book is None


def test_while_a_book_is_read_its_bar_alone_tells_how_far() -> None:
    model, long_text = tc.load("lmm"), Book("hours.txt", TEXT)
    half, *_, last = (step.value for step in book.stages(model, long_text, None))
    assert "token" not in leafing.describe(model, half)
    assert f"{last.position:,} tokens, read in" in leafing.describe(model, last)


def choose(page: AppTest, name: str) -> BookReading:
    """The book as this model has read it, once it is read to its end."""
    page.pills(key="model").set_value(name).run()
    for job in held(page).jobs.values():
        job.wait(120)
    page.run()
    assert not page.exception
    found = held(page).book
    assert found is not None and found.complete and found.stream.model.name == name
    return found


def test_going_back_to_the_model_before_reads_nothing_again() -> None:
    page = AppTest.from_file(str(PAGE), default_timeout=120).run()
    page.session_state.book = Book("hours.txt", TEXT)
    first, second = choose(page, "lmm"), choose(page, "attention")
    assert choose(page, "lmm") is first and held(page).book_before is second
    assert held(page).stretch.key == first.key
    assert choose(page, "attention") is second and held(page).book_before is first
    page.session_state.book = Book("other.txt", TEXT[:9_000])
    page.run()
    assert choose(page, "attention") is not second and held(page).book_before is None, "two of one book"


def test_what_another_model_has_read_is_let_go_before_what_is_in_sight() -> None:
    steps = book.stages(tc.load("lmm"), Book("hours.txt", TEXT), None)
    first, second = (next(steps).value for _ in range(2))
    mine = Held(book=second, book_before=first)
    mine.shrink(mine.nbytes, {"book", "stretch"})
    assert mine.book_before is first
    mine.shrink(mine.nbytes - 1, {"book", "stretch"})
    assert mine.book is second and mine.book_before is None


def test_what_is_typed_and_too_long_for_the_box_can_be_read_as_a_long_text() -> None:
    page = AppTest.from_file(str(PAGE), default_timeout=120).run()
    page.text_area(key="text").set_value(LONG).run()
    assert "up to 40,000" in page.warning[0].value
    press(page, "Read it as a long text")
    assert page.session_state.book == Book("What was typed", LONG) and not page.warning
    press(page, "Close")
    assert page.text_area(key="text").value == LONG


@pytest.mark.parametrize(
    "told", [None, 7, {}, {"book": "of another"}, {"book": "x", "start": -1, "end": "9"}]
)
def test_whatever_a_browser_sends_asks_for_no_stretch(monkeypatch: pytest.MonkeyPatch, told: object) -> None:
    monkeypatch.setattr(leafing, "wanted", lambda: told)
    assert leafing.told("x") is None
