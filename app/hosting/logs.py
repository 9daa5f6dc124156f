"""What the server writes about itself: one line an event, and never a word that a person typed.

Facts are numbers and names out of the program; how other libraries' lines are kept to the same is told in
``records``. Addresses are never written: what follows the question mark in them holds texts.
"""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from enum import Enum, StrEnum
from functools import partial
from typing import Final, TextIO

from streamlit import config
from streamlit import logger as streamlit_logger

from app.hosting import metrics, records
from app.hosting.records import Code, Fact, Record, Told, kind

LINE: Final[str] = "%(written)s"
UVICORN: Final[tuple[str, ...]] = ("uvicorn", "uvicorn.error")
ACCESS: Final[str] = "uvicorn.access"
UNTOLD: Final[dict[str, str]] = {  # loggers, and what each is not to write
    "streamlit.error_util": "Uncaught app execution",  # app/hosting/errors.py says it better
    "streamlit.runtime.app_session": "The fragment with id",  # that was left meanwhile: no news
    "uvicorn.error": "returned without completing handshake",  # app/hosting/origin.py refused it, and tells
}

log = logging.getLogger("titans")


class Event(StrEnum):
    """What can happen to a server."""

    STARTED = "started"
    STOPPED = "stopped"
    ERROR = "error"
    WARNING = "warning"
    STORE_PROBLEM = "store_problem"
    UNKNOWN_SETTING = "unknown_setting"
    REFUSED = "refused"
    SESSION_RESTORED = "session_restored"
    SESSION_REFUSED = "session_refused"
    SESSIONS_PUT_AWAY = "sessions_put_away"


def tell(event: Event, level: int = logging.INFO, error: BaseException | None = None, **facts: Fact) -> None:
    """Write an event; of an error, what it is and where it was raised. Raises TypeError for a fact that could
    be somebody's text."""
    for name, fact in facts.items():
        if not isinstance(fact, int | float | Enum | Code):
            raise TypeError(f"{name} is no number and no name out of the program: it is not logged")
    log.log(level, Told(event, facts), exc_info=error)


def failed(error: BaseException, **facts: Fact) -> None:
    """Count and write an error of ours."""
    metrics.ERRORS.labels(kind(error)).inc()
    tell(Event.ERROR, logging.ERROR, error, **facts)


def begin(form: str) -> None:
    """From now on all that this process writes is of this form, "text" or "json", whoever logs it."""
    Record.json = form == "json"
    logging.setLogRecordFactory(Record)
    logging.basicConfig(format=LINE, level=logging.WARNING)
    log.setLevel(logging.INFO)
    config.set_option("logger.enableRich", False)  # it would print an error with its message
    config.set_option("logger.messageFormat", LINE)
    streamlit_logger.update_formatter()
    for name, untold in UNTOLD.items():
        logging.getLogger(name).addFilter(partial(worth_telling, untold))
    logging.getLogger(ACCESS).handlers.clear()  # it would write every address
    for name in UVICORN:
        logging.getLogger(name).setLevel(logging.WARNING)  # else it tells of every connection
        for handler in logging.getLogger(name).handlers:
            handler.setFormatter(logging.Formatter(LINE))
    threading.excepthook = lambda about: failed(about.exc_value or about.exc_type())
    sys.unraisablehook = lambda about: failed(about.exc_value or about.exc_type())
    warnings.showwarning = warned


def worth_telling(untold: str, record: logging.LogRecord) -> bool:
    """Whether a line says something else."""
    return untold not in record.getMessage()


def warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Write that Python warned, and where; not of what, for that may quote a text."""
    tell(Event.WARNING, logging.WARNING, kind=Code(category.__name__), at=records.line(filename, lineno))
