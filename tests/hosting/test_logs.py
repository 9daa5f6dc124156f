"""Logs: what anybody typed is in none of them, whichever library writes, and however an error quotes it."""

from __future__ import annotations

import importlib.util
import json
import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from app.hosting import logs, metrics
from app.hosting.logs import Event
from app.hosting.records import Code, Record

SECRET = "the password of Leo is zimorka"
HERE = "tests/hosting/test_logs.py"
WRITERS = {"uvicorn.error": "uvicorn.protocols.websockets.websockets_sansio_impl"}  # else named as the logger
library = logging.getLogger("a.library")


class Written(logging.Handler):
    """Keeps the lines that a handler of any library's would write."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(logging.Formatter("%(message)s").format(record))

    @property
    def last(self) -> dict[str, object]:
        """The last line, which is JSON."""
        told: dict[str, object] = json.loads(self.lines[-1])
        return told


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    """What is logged while the records are ours, as JSON; the rest of the tests keep Python's."""
    monkeypatch.setattr(Record, "json", True)
    level, before, handler = logs.log.level, logging.getLogRecordFactory(), Written()
    logs.log.setLevel(logging.INFO)
    logging.setLogRecordFactory(Record)
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)
    logging.setLogRecordFactory(before)
    logs.log.setLevel(level)


def test_a_library_s_sentence_stands_with_its_numbers_and_without_words(written: Written) -> None:
    library.warning("%s read %d tokens in %.1f s of %r", SECRET, 12, 0.5, {"text": SECRET})
    assert written.last["said"] == "… read 12 tokens in 0.5 s of '…'"
    assert written.last["by"] == "a.library" and str(written.last["at"]).startswith(HERE)


@pytest.mark.parametrize("sentence", [f"read {SECRET}", "read " + str(SECRET), "read %s" % SECRET])  # noqa: UP031
def test_a_sentence_put_together_while_running_is_left_out(written: Written, sentence: str) -> None:
    library.error(sentence)
    assert written.last["said"] == "…" and SECRET not in written.lines[-1]


def test_a_sentence_whose_numbers_are_words_stands_bare(written: Written) -> None:
    library.error("read %d tokens", SECRET)
    library.error("%(what)s took %(time).1f s", {"what": SECRET, "time": 2.0})
    assert [json.loads(line)["said"] for line in written.lines] == ["read %d tokens", "… took 2.0 s"]


def test_an_error_tells_its_class_and_its_way_and_nothing_it_quotes(written: Written) -> None:
    try:
        try:
            {}[SECRET]
        except KeyError as error:
            raise ValueError(SECRET) from error
    except ValueError:
        library.exception("It failed for %s", SECRET, stack_info=True)
    assert written.last["kind"] == "ValueError" and str(written.last["trace"]).startswith(f"{HERE}:")
    assert SECRET not in written.lines[-1] and "Traceback" not in written.lines[-1]


def test_an_error_of_ours_is_counted_and_told_once(written: Written) -> None:
    before = metrics.total(metrics.ERRORS)
    logs.failed(ArithmeticError(SECRET))
    assert metrics.total(metrics.ERRORS) == before + 1
    assert [json.loads(line)["event"] for line in written.lines] == ["error"]
    assert written.last["kind"] == "ArithmeticError" and SECRET not in written.lines[-1]


def test_a_fact_that_may_be_a_text_is_not_taken(written: Written) -> None:
    with pytest.raises(TypeError, match="page is no number and no name out of the program"):
        logs.tell(Event.STARTED, page=SECRET)  # type: ignore[arg-type]
    assert written.lines == []


def test_an_event_is_one_object_on_one_line(written: Written) -> None:
    logs.tell(Event.SESSION_RESTORED, bytes=12, seconds=0.25, model=Code("mac"))
    assert written.lines[-1].count("\n") == 0
    told = written.last
    assert str(told.pop("time")).endswith("Z")
    assert told == {
        "level": "info",
        "event": "session_restored",
        "bytes": 12,
        "seconds": 0.25,
        "model": "mac",
    }


def test_as_text_an_event_is_one_line_of_names_and_values(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Record, "json", False)
    logs.tell(Event.SESSION_RESTORED, bytes=12, model=Code("mac"))
    library.warning("first\nsecond")
    assert written.lines[0].endswith("Z info session_restored bytes=12 model=mac")
    assert written.lines[1].endswith(r'said="first\nsecond"') and "\n" not in written.lines[1]


def test_a_warning_of_python_s_tells_where_and_not_what(written: Written) -> None:
    logs.warned(UserWarning(SECRET), UserWarning, __file__, 7)
    assert written.last["kind"] == "UserWarning" and written.last["at"] == f"{HERE}:7"
    assert SECRET not in written.lines[-1]


@pytest.mark.parametrize("name", logs.UNTOLD)
def test_what_others_say_better_is_not_told_by_this_library(written: Written, name: str) -> None:
    """``begin`` gives each of these loggers this filter; what it is not to write stands in its code."""
    source = importlib.util.find_spec(WRITERS.get(name, name))
    assert source is not None and source.origin is not None
    assert logs.UNTOLD[name] in Path(source.origin).read_text(encoding="utf-8")
    filtered = logging.getLogger(f"a.library.{name}")
    filtered.addFilter(partial(logs.worth_telling, logs.UNTOLD[name]))
    filtered.warning(
        "The fragment with id %s, Uncaught app execution, returned without completing handshake", SECRET
    )
    filtered.warning("Something else")
    assert [json.loads(line)["said"] for line in written.lines] == ["Something else"]
