"""The way between hubs, through Redis: each publishes on one channel, and hears what the others do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.classroom.bus import Word
from app.classroom.outbox import Outbox
from app.classroom.rooms import new_secret
from app.hosting.redis import LAB, SOON

CHANNEL: Final[str] = f"{LAB}:words"
BEAT: Final[float] = 5.0  # seconds between two signs of life on the channel
SILENCE: Final[float] = 15.0  # seconds without one, after which the line is taken for dead
FIRST: Final[float] = 0.1  # seconds before a new try; each next one waits twice as long
LATEST: Final[float] = 2.0


class RedisBus:
    """``Bus`` in the Redis at ``address``. Words wait while it does not answer, of each kind the newest, and
    keep nobody waiting; after it was away every hub catches up."""

    def __init__(self, address: str) -> None:
        self._address, self._me, self._outbox = address, new_secret(), Outbox()
        self._tasks: list[asyncio.Task[None]] = []

    def join(self, deliver: Callable[[Word], None], catch_up: Callable[[], Awaitable[None]]) -> None:
        """As ``Bus.join``."""
        duties: list[Coroutine[Any, Any, None]] = [self._hear(deliver, catch_up), self._speak(), self._live()]
        self._tasks = [asyncio.create_task(duty) for duty in duties]

    def say(self, word: Word) -> None:
        """As ``Bus.say``."""
        self._outbox.put(f"{word.code} {word.kind}", f"{self._me} {json.dumps(asdict(word))}")

    def _connect(self) -> Redis:
        return Redis.from_url(
            self._address,
            decode_responses=True,
            socket_connect_timeout=SOON,
            socket_timeout=SOON,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),
        )

    async def _live(self) -> None:
        """Say now and then that the line is there: to oneself, for it takes the same way."""
        while True:
            self._outbox.put("", self._me)
            await asyncio.sleep(BEAT)

    async def _speak(self) -> None:
        async with self._connect() as redis:
            while True:
                texts, pause = await self._outbox.take(), FIRST
                while not await self._published(redis, texts):
                    await asyncio.sleep(pause)
                    pause = min(LATEST, 2 * pause)

    @staticmethod
    async def _published(redis: Redis, texts: list[str]) -> bool:
        try:
            async with redis.pipeline(transaction=False) as pipeline:
                for text in texts:
                    pipeline.publish(CHANNEL, text)
                await pipeline.execute()
        except (RedisError, OSError):
            return False
        return True

    async def _hear(self, deliver: Callable[[Word], None], catch_up: Callable[[], Awaitable[None]]) -> None:
        pause = FIRST
        async with self._connect() as redis:
            while True:
                with suppress(RedisError, OSError):
                    async with redis.pubsub() as line:
                        await line.subscribe(CHANNEL)
                        while (message := await line.get_message(timeout=SILENCE)) is not None:
                            pause = FIRST
                            if message["type"] == "subscribe":
                                await catch_up()
                            else:
                                self._understand(message["data"], deliver)
                await asyncio.sleep(pause)
                pause = min(LATEST, 2 * pause)

    def _understand(self, text: str, deliver: Callable[[Word], None]) -> None:
        """Deliver what another hub said."""
        speaker, _, said = text.partition(" ")
        if speaker == self._me or not said:
            return
        with suppress(ValueError, TypeError):  # said by another release: its hub speaks to its own guests
            deliver(Word(**json.loads(said)))
