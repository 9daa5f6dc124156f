"""What must not be lost: the server is killed while it reads, saved sessions are damaged, the disk is full.

`make load` keeps the result in ``benchmarks/results/faults.json``. For the full disk a small file system is
mounted, which takes an administrator's rights; without them that is told, and left out.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.hosting.store import name
from benchmarks.machine import describe, keep
from tests.load.server import Server, serving
from tests.load.tab import Tab
from tests.load.texts import shown_by, text, told_by

LONG = 4_000  # tokens of a text that is being read when the server is killed
DISK = 256  # kilobytes of the disk that is filled
AGAIN = 11.0  # seconds after which a server tries a store again that failed


class Reader:
    """Somebody who reads a text and goes on with another; what is done is done again by ``twin`` where
    nothing fails, and must give the same numbers."""

    def __init__(self, address: str, number: int, tokens: int) -> None:
        self.address, self.number, self.tokens = address, number, tokens
        self.tab = Tab(address)
        self.words = text(number, 0, tokens)

    async def begin(self) -> None:
        """Open the page, and have the text read as far as it is shown first."""
        await self.tab.open()
        await self.tab.until(lambda: self.tab.frame != b"" and not self.tab.running)
        await self.tab.write("text", self.words)
        await self.tab.until(lambda: self.words.startswith(shown_by(self.tab.frame)))

    async def end(self) -> None:
        """Wait until all of it is there."""
        await self.tab.until(lambda: shown_by(self.tab.frame) == self.words and not self.tab.running)

    async def come_back(self) -> None:
        """Wait until a server that began anew goes on where the one before was."""
        await self.tab.come_back()
        await self.tab.until(lambda: self.tab.known and not self.tab.running)

    async def go_on(self, number: int) -> None:
        """Have a text read after it."""
        more = " " + text(self.number, number)
        await self.tab.submit("addition", more, "Read on")
        self.words += more
        await self.end()

    async def reload(self) -> None:
        """Load the page anew in the same tab, whose store is all that is left of it."""
        key = self.tab.key
        await self.tab.close()
        self.tab = Tab(self.address)
        self.tab.key = key
        await self.tab.open()

    async def twin(self, additions: int) -> bytes:
        """The numbers that this person would have had without any fault."""
        other = Reader(self.address, self.number, self.tokens)
        await other.begin()
        await other.end()
        for number in range(1, additions + 1):
            await other.go_on(number)
        await other.tab.close()
        return told_by(other.tab.frame)


async def killed(server: Server, people: int) -> dict[str, Any]:
    """Kill the server while half of the people wait for a long text and the others look at theirs; start it
    again, and compare what everybody has when they go on."""
    waiting = [Reader(server.address, number, LONG) for number in range(people // 2)]
    looking = [Reader(server.address, number, 200) for number in range(people // 2, people)]
    for reader in looking:
        await reader.begin()
        await reader.end()
        await reader.go_on(1)
    await asyncio.gather(*(reader.begin() for reader in waiting))
    unread = sum(shown_by(reader.tab.frame) != reader.words for reader in waiting)
    server.kill()
    await asyncio.to_thread(server.start)
    await asyncio.gather(*(reader.come_back() for reader in waiting + looking))
    await asyncio.gather(*(reader.end() for reader in waiting))
    for reader in looking:
        await reader.go_on(2)
    twins = [(reader, await reader.twin(0)) for reader in waiting]
    twins += [(reader, await reader.twin(2)) for reader in looking]
    same = sum(told_by(reader.tab.frame) == twin for reader, twin in twins)
    problems = sorted({problem for reader in waiting + looking for problem in reader.tab.problems})
    for reader in waiting + looking:
        await reader.tab.close()
    return {"people": people, "in_the_middle": unread, "identical": same, "problems": problems}


async def damaged(server: Server, state: Path) -> dict[str, Any]:
    """Cut one saved session short, change a byte of another, and leave two as they are: who is told what."""
    readers = [Reader(server.address, number, 200) for number in range(4)]
    for reader in readers:
        await reader.begin()
        await reader.end()
    before = [told_by(reader.tab.frame) for reader in readers]
    server.kill()
    short, changed = (state / "titans-lab" / "sessions" / name(reader.tab.key) for reader in readers[:2])
    short.write_bytes(short.read_bytes()[:-100])
    content = bytearray(changed.read_bytes())
    content[len(content) // 2] ^= 1
    changed.write_bytes(content)
    await asyncio.to_thread(server.start)
    for reader in readers:
        await reader.reload()
    for reader in readers[2:]:
        await reader.end()
    for reader in readers[:2]:
        await reader.tab.until(lambda tab=reader.tab: bool(tab.problems) and not tab.running)  # type: ignore[misc]
        reader.tab.frame = b""
        await reader.tab.write("text", reader.words)
        await reader.end()
    told = [reader.tab.problems for reader in readers]
    after = [told_by(reader.tab.frame) for reader in readers]
    for reader in readers:
        await reader.tab.close()
    return {
        "refused": sum(any("damaged" in problem for problem in problems) for problems in told[:2]),
        "untouched": sum(not problems for problems in told[2:]),
        "identical": sum(one == other for one, other in zip(before, after, strict=True)),
        "told": sorted({problem for problems in told for problem in problems}),
    }


async def full(server: Server, disk: Path) -> dict[str, Any]:
    """Fill the disk: who reads is told, and reads on; a server starts on it; and once there is space again,
    sessions are saved."""
    reader = Reader(server.address, 0, 200)
    await reader.begin()
    await reader.end()
    fill(disk)
    await reader.go_on(1)
    told = list(reader.tab.problems)
    server.kill()
    await asyncio.to_thread(server.start)
    await reader.tab.come_back()
    other = Reader(server.address, 1, 200)
    await other.begin()
    await other.end()
    (disk / "filler").unlink()
    await asyncio.sleep(AGAIN)
    await other.go_on(1)
    numbers = told_by(other.tab.frame)
    server.kill()
    await asyncio.to_thread(server.start)
    await other.reload()
    await other.end()
    saved = told_by(other.tab.frame) == numbers
    for one in (reader, other):
        await one.tab.close()
    return {"told": told, "saved_once_there_is_space": saved}


def fill(disk: Path) -> None:
    """Leave no byte free."""
    with (disk / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"0" * 512)
        except OSError:
            return


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of ``DISK`` kilobytes. Raises PermissionError where we may not mount one."""
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK}k", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if mount.returncode:
        raise PermissionError(f"A full disk was not tried, for none can be mounted: {mount.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


async def all_of_it(people: int) -> dict[str, Any]:
    """One fault after another, each on a server of its own."""
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        result["killed"] = await killed(server, people)
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        result["damaged"] = await damaged(server, Path(folder))
    try:
        with tempfile.TemporaryDirectory() as folder, small_disk(Path(folder)) as disk:
            with serving(disk) as server:
                result["full"] = await full(server, disk)
    except PermissionError as problem:
        result["full"] = str(problem)
    return result


def failures(result: dict[str, Any]) -> list[str]:
    """What did not hold, a sentence each."""
    killed, damaged, full = result["killed"], result["damaged"], result["full"]
    wrong = []
    if killed["identical"] < killed["people"] or killed["problems"]:
        wrong.append(f"Killed, not everybody went on as before: {killed}.")
    if damaged["refused"] < 2 or damaged["untouched"] < 2 or damaged["identical"] < 4:
        wrong.append(f"What was damaged was not refused, or cost others: {damaged}.")
    if isinstance(full, dict) and not (full["told"] and full["saved_once_there_is_space"]):
        wrong.append(f"The full disk was not told, or sessions were not saved after it: {full}.")
    return wrong


def main() -> None:
    """Try all of it, keep the result, and fail where something was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.faults", description=__doc__)
    parser.add_argument("--people", type=int, default=10, help="how many are there at the kill (default: 10)")
    given = parser.parse_args()
    machine = describe("streamlit", "torch", "uvicorn", "websockets")
    result = asyncio.run(all_of_it(given.people))
    path = keep("faults", {"machine": machine} | result)
    for fault, how in result.items():
        print(f"{fault}: {how}")
    print(f"kept as {path.name}")
    if wrong := failures(result):
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
