"""Saved sessions in Redis, which several servers share: whichever of them a person comes to can go on."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, OutOfMemoryError, RedisError
from redis.exceptions import ConnectionError as Unconnected
from redis.exceptions import TimeoutError as Late
from redis.retry import Retry

from app.hosting.store import StoreProblem, name
from app.settings import WRONG, BadSettings

SOON: Final[float] = 0.5  # seconds within which Redis is connected, and within which it answers
LIKE: Final[str] = "TITANS_REDIS should be like redis://:PASSWORD@HOST:6379/0."
LAB: Final[str] = "titans-lab"  # every key and channel begins with it: one Redis may serve others too


def connected(address: str, **options: Any) -> Redis:
    """Redis at ``address``, connected to once it is asked; who asks is told soon where it does not answer,
    for nothing is tried twice. Raises BadSettings where that is no address."""
    try:
        return Redis.from_url(
            address,
            socket_connect_timeout=SOON,
            socket_timeout=SOON,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),
            **options,
        )
    except ValueError:
        raise BadSettings(WRONG + LIKE) from None  # not what was set: it may hold a password


def check_password(address: str) -> None:
    """Raise BadSettings where Redis does not take the password, which waiting will not mend. One that is away
    is waited for later."""
    with connected(address) as redis, suppress(RedisError):
        try:
            redis.ping()
        except AuthenticationError:
            raise BadSettings(
                WRONG + "Redis refuses the password in TITANS_REDIS: give it the one that Redis has."
            ) from None


def why(error: RedisError) -> str:
    """What is wrong with Redis, in a few words."""
    if isinstance(error, OutOfMemoryError):
        return "Redis is full"
    return "Redis does not answer" if isinstance(error, Unconnected | Late) else "Redis refuses it"


class RedisStore:
    """``Store`` in the Redis at ``address``, which itself forgets what was not put for ``kept`` seconds."""

    def __init__(self, address: str, kept: float) -> None:
        self._redis, self._kept = connected(address), kept

    def put(self, key: str, content: bytes) -> None:
        """As ``Store.put``."""
        try:
            self._redis.set(self._name(key), content, px=round(1000 * self._kept))
        except RedisError as error:
            raise StoreProblem(f"a session cannot be kept: {why(error)}") from error

    def get(self, key: str) -> bytes | None:
        """As ``Store.get``."""
        try:
            content = self._redis.get(self._name(key))
        except RedisError as error:
            raise StoreProblem(f"saved sessions cannot be read: {why(error)}") from error
        return content if isinstance(content, bytes) else None

    def expire(self) -> None:
        """As ``Store.expire``: Redis forgets by itself, so here it is only asked whether it is there."""
        try:
            self._redis.ping()
        except RedisError as error:
            raise StoreProblem(f"a session cannot be kept: {why(error)}") from error

    @staticmethod
    def _name(key: str) -> str:
        return f"{LAB}:session:{name(key)}"
