"""Rooms in a SQLite file. One process serves them: who sits in a room is forgotten when it starts."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hmac import compare_digest
from pathlib import Path
from threading import Lock
from typing import Final

from app.classroom.rooms import (
    LIFE,
    MOST_CHECKPOINTS,
    MOST_LEARNERS,
    MOST_ROOMS,
    REMEMBERED,
    Look,
    NoSeat,
    NoSuchRoom,
    NotKept,
    NotTheHost,
    OtherChoices,
    Place,
    Room,
    RoomEnded,
    RoomFull,
    Tally,
    TooManyRooms,
    digest,
    new_code,
    new_secret,
    tidy,
)

TABLES: Final[str] = """
CREATE TABLE IF NOT EXISTS rooms (
    code TEXT PRIMARY KEY, secret TEXT NOT NULL, expires REAL NOT NULL, ended REAL,
    step INTEGER NOT NULL DEFAULT 0, path TEXT, query TEXT, length INTEGER, token INTEGER,
    frozen INTEGER NOT NULL DEFAULT 0, roam INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS seats (
    code TEXT NOT NULL REFERENCES rooms ON DELETE CASCADE, seat TEXT NOT NULL, present INTEGER NOT NULL,
    PRIMARY KEY (code, seat));
CREATE TABLE IF NOT EXISTS answers (
    code TEXT NOT NULL, seat TEXT NOT NULL, checkpoint TEXT NOT NULL, choice INTEGER NOT NULL,
    choices INTEGER NOT NULL, PRIMARY KEY (code, checkpoint, seat),
    FOREIGN KEY (code, seat) REFERENCES seats ON DELETE CASCADE);
UPDATE seats SET present = 0;
"""
LIVES: Final[str] = "SELECT step, path, query, length, token, frozen, roam FROM rooms WHERE code = ?"
PRESENT: Final[str] = "SELECT count(*) FROM seats WHERE code = ? AND present"


class SqliteRooms:
    """``Rooms`` in the file ``path``; ``now`` tells the time in seconds. Any thread may call it. Raises
    NotKept where the file cannot be."""

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        self._now, self._lock = now, Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = NORMAL")  # a crash may lose the last step, no more
            self._base.execute("PRAGMA foreign_keys = ON")
            self._base.executescript(TABLES)
        except (OSError, sqlite3.Error) as error:
            raise NotKept from error

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """All of a change, or nothing of it."""
        with self._lock:
            try:
                self._base.execute("BEGIN IMMEDIATE")
                yield self._base
                self._base.execute("COMMIT")
            except BaseException as error:
                if self._base.in_transaction:
                    self._base.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise NotKept from error
                raise

    def _check(self, base: sqlite3.Connection, code: str, secret: str | None = None) -> None:
        """Raise where the room is not there any more, or never was, or is not led by this secret."""
        row = base.execute("SELECT secret, expires, ended FROM rooms WHERE code = ?", (code,)).fetchone()
        if row is None:
            raise NoSuchRoom
        if row[2] is not None or row[1] <= self._now():
            raise RoomEnded
        if secret is not None and not compare_digest(row[0], digest(secret)):
            raise NotTheHost

    def _room(self, base: sqlite3.Connection, code: str) -> Room:
        step, path, query, length, token, frozen, roam = base.execute(LIVES, (code,)).fetchone()
        return Room(
            code,
            step,
            None if path is None else Place(path, query),
            None if length is None else Look(length, token),
            bool(frozen),
            bool(roam),
            base.execute(PRESENT, (code,)).fetchone()[0],
        )

    def open(self) -> tuple[str, str]:
        secret = new_secret()
        with self._change() as base:
            living = "SELECT count(*) FROM rooms WHERE ended IS NULL AND expires > ?"
            if base.execute(living, (self._now(),)).fetchone()[0] >= MOST_ROOMS:
                raise TooManyRooms
            code = new_code()
            while base.execute("SELECT 1 FROM rooms WHERE code = ?", (code,)).fetchone():
                code = new_code()
            base.execute(
                "INSERT INTO rooms (code, secret, expires) VALUES (?, ?, ?)",
                (code, digest(secret), self._now() + LIFE),
            )
        return code, secret

    def room(self, code: str) -> Room:
        with self._change() as base:
            self._check(base, code := tidy(code))
            return self._room(base, code)

    def host(self, code: str, secret: str) -> Room:
        return self._led(code, secret)

    def publish(self, code: str, secret: str, place: Place) -> Room:
        return self._led(
            code,
            secret,
            "step = step + 1, path = ?, query = ?, length = NULL, token = NULL",
            place.path,
            place.query,
        )

    def look(self, code: str, secret: str, look: Look) -> None:
        self._led(code, secret, "length = ?, token = ?", look.length, look.token)

    def rule(self, code: str, secret: str, frozen: bool | None = None, roam: bool | None = None) -> Room:
        return self._led(code, secret, "frozen = coalesce(?, frozen), roam = coalesce(?, roam)", frozen, roam)

    def reset(self, code: str, secret: str) -> Room:
        return self._led(code, secret, "frozen = 0", forget=True)

    def _led(
        self, code: str, secret: str, change: str = "", *values: str | int | None, forget: bool = False
    ) -> Room:
        """What the host changes, or forgets of answers, and the room after it; the host is there, so its life
        begins anew."""
        with self._change() as base:
            self._check(base, code := tidy(code), secret)
            changes = ", ".join(filter(None, ("expires = ?", change)))
            # The changes stand above, in this file; what comes from outside is in the values.
            update = f"UPDATE rooms SET {changes} WHERE code = ?"  # nosec B608
            base.execute(update, (self._now() + LIFE, *values, code))
            if forget:
                base.execute("DELETE FROM answers WHERE code = ?", (code,))
            return self._room(base, code)

    def close(self, code: str, secret: str) -> None:
        with self._change() as base:
            self._check(base, code := tidy(code), secret)
            self._end(base, code)

    def _end(self, base: sqlite3.Connection, code: str) -> None:
        """Only that there was such a room is kept."""
        base.execute("DELETE FROM seats WHERE code = ?", (code,))  # and with them their answers
        base.execute(
            "UPDATE rooms SET ended = ?, secret = '', path = NULL, query = NULL, length = NULL, token = NULL"
            " WHERE code = ?",
            (self._now(), code),
        )

    def join(self, code: str, seat: str | None = None) -> tuple[str, Room]:
        with self._change() as base:
            self._check(base, code := tidy(code))
            there = None if seat is None else self._sits(base, code, seat)
            if seat is None or there is None:  # a seat that is not known is not taken on trust
                seat = new_secret()
            if not there and base.execute(PRESENT, (code,)).fetchone()[0] >= MOST_LEARNERS:
                raise RoomFull
            base.execute(
                "INSERT INTO seats VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET present = 1",
                (code, digest(seat)),
            )
            return seat, self._room(base, code)

    def _sits(self, base: sqlite3.Connection, code: str, seat: str) -> bool | None:
        """Whether who has this seat is there; None where the room has no such seat."""
        row = base.execute(
            "SELECT present FROM seats WHERE code = ? AND seat = ?", (code, digest(seat))
        ).fetchone()
        return None if row is None else bool(row[0])

    def leave(self, code: str, seat: str) -> Room:
        with self._change() as base:
            self._check(base, code := tidy(code))
            base.execute("UPDATE seats SET present = 0 WHERE code = ? AND seat = ?", (code, digest(seat)))
            return self._room(base, code)

    def answer(self, code: str, seat: str, checkpoint: str, choice: int, choices: int) -> Tally:
        with self._change() as base:
            self._check(base, code := tidy(code))
            given = base.execute(
                "SELECT count(*) FROM answers WHERE code = ? AND seat = ? AND checkpoint != ?",
                (code, digest(seat), checkpoint),
            ).fetchone()[0]
            if not self._sits(base, code, seat) or given >= MOST_CHECKPOINTS:
                raise NoSeat
            if base.execute(
                "SELECT 1 FROM answers WHERE code = ? AND checkpoint = ? AND choices != ?",
                (code, checkpoint, choices),
            ).fetchone():
                raise OtherChoices
            base.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)",
                (code, digest(seat), checkpoint, choice, choices),
            )
            return self._tally(base, code, checkpoint)

    def _tally(self, base: sqlite3.Connection, code: str, checkpoint: str) -> Tally:
        rows = base.execute(
            "SELECT choice, choices, count(*) FROM answers WHERE code = ? AND checkpoint = ? GROUP BY 1, 2",
            (code, checkpoint),
        ).fetchall()
        counts = [0] * max(choices for _, choices, _ in rows)
        for choice, _, count in rows:
            counts[choice] += count
        return Tally(checkpoint, tuple(counts))

    def tallies(self, code: str) -> list[Tally]:
        with self._change() as base:
            self._check(base, code := tidy(code))
            latest = base.execute(
                "SELECT checkpoint FROM answers WHERE code = ? GROUP BY 1 ORDER BY max(rowid)", (code,)
            ).fetchall()
            return [self._tally(base, code, checkpoint) for (checkpoint,) in latest]

    def expire(self) -> None:
        with self._change() as base:
            past = "SELECT code FROM rooms WHERE ended IS NULL AND expires <= ?"
            for (code,) in base.execute(past, (self._now(),)).fetchall():
                self._end(base, code)
            base.execute("DELETE FROM rooms WHERE ended <= ?", (self._now() - REMEMBERED,))

    def end(self) -> None:
        """Let go of the file."""
        self._base.close()
