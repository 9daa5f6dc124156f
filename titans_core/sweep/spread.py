"""The cells of a map are spread over processes of this machine, or over a cluster with Ray: every cell is
measured by itself and on one thread, so that its numbers are those of one process."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

import torch

from titans_core.checkpoint import load
from titans_core.model import TitansLM
from titans_core.places import HERE
from titans_core.sweep.measure import Found, Step, alone
from titans_core.sweep.plan import Cell, Plan

ANSWER: Final[float] = 5.0  # seconds within which a cluster's address must take a call
NO_RAY = "a sweep over a cluster needs Ray: install it with `python -m pip install ray`"


def cell_alone(checkpoint: str, plan: Plan, cell: Cell) -> Found:
    """One cell, in a process that has nothing else to do."""
    torch.set_num_threads(1)
    *_, last = alone(known(checkpoint), plan, [cell])
    if last.found is None:
        raise RuntimeError("a cell was not measured to its end")
    return last.found


@lru_cache(1)
def known(checkpoint: str) -> TitansLM:
    """A model, loaded once a process, on the CPU: processes would only queue for one card."""
    return load(checkpoint, "cpu")


def longest_first(plan: Plan) -> list[Cell]:
    """The order in which processes are done at about the same time."""
    return plan.cells[::-1]


def over_processes(checkpoint: str, plan: Plan, processes: int) -> Iterator[Step]:
    """Measure all cells in so many processes, and tell of each as it is done. Raises ValueError where one of
    them ended."""
    before = multiprocessing.active_children()
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"))
    try:
        with undisturbed():
            jobs = [pool.submit(cell_alone, checkpoint, plan, cell) for cell in longest_first(plan)]
        for job in as_completed(jobs):
            found = job.result()
            yield Step(found.tokens, found)
    except BrokenProcessPool as error:
        raise ValueError(
            "a process of the sweep was ended from outside, as happens where memory runs out: take fewer "
            "processes"
        ) from error
    finally:
        for process in multiprocessing.active_children():
            if process not in before:
                process.terminate()
        pool.shutdown(cancel_futures=True)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Processes begun within do not hear Ctrl+C: whoever began them does, and ends them."""
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)


def over_ray(checkpoint: str, plan: Plan, address: str) -> Iterator[Step]:
    """Measure all cells on a Ray cluster, one a processor, and tell of each as it is done.

    ``address`` is the cluster's, "auto" the one of this machine, "local" a new one that ends with the sweep.
    Every node needs this package and the checkpoint at the same path. Raises ValueError where there is no
    Ray, no cluster, or a node that cannot measure.
    """
    ray = connected(address)
    try:
        task = ray.remote(num_cpus=1)(cell_alone)
        jobs = [task.remote(checkpoint, plan, cell) for cell in longest_first(plan)]
        while jobs:
            (done,), jobs = ray.wait(jobs)
            found = ray.get(done)
            yield Step(found.tokens, found)
    except ray.exceptions.RayError as error:
        *_, reason = str(error).strip().splitlines()
        raise ValueError(
            f"the Ray cluster could not measure a cell ({reason.strip()}); every node needs this package, "
            "and the checkpoint at the same path"
        ) from error
    finally:
        ray.shutdown()  # which ends this sweep's tasks


def connected(address: str) -> Any:
    """Ray, once it is connected."""
    try:
        ray = importlib.import_module("ray")
    except ModuleNotFoundError:
        raise ValueError(NO_RAY) from None
    paths = os.pathsep.join(filter(None, (str(HERE.parent), os.environ.get("PYTHONPATH"))))
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster begun here tells nobody of itself
    try:
        call(address if address != "auto" else os.environ.get("RAY_ADDRESS", ""))
        ray.init(
            address=address,
            log_to_driver=False,
            logging_level="error",
            runtime_env={"env_vars": {"PYTHONPATH": paths}},
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"no Ray cluster answers at {address}: start one with `ray start --head` and give its address, "
            "or take --ray local"
        ) from error
    return ray


def call(address: str) -> None:
    """Raise OSError or ValueError where nobody listens at a host and port: Ray would wait for minutes. What
    is none, as "auto" and "local", is left to Ray."""
    place = urlsplit(address if "://" in address else f"//{address}")
    if place.scheme in ("", "ray") and place.port is not None:
        socket.create_connection((place.hostname, place.port), ANSWER).close()
