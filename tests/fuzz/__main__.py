"""Fuzz every target, by Hypothesis and by atheris: `make fuzz`. Ends with 1 where a fault was found.

What is counted are inputs that were given to the lab; what Hypothesis itself discards is not.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
import traceback
from random import SystemRandom
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from tqdm import tqdm

from benchmarks.machine import describe, keep
from tests.fuzz.target import PATIENCE, Target
from tests.fuzz.targets import TARGETS

PHASES = (Phase.generate, Phase.target, Phase.shrink)
EDGES = re.compile(r"\bcov: (\d+)")


def drawn(target: Target, inputs: int, number: int) -> dict[str, Any]:
    """So many inputs as Hypothesis draws them: how many it were, how long the longest took, and the fault."""
    given_now, longest = 0, 0.0

    def check(case: Any) -> None:
        nonlocal given_now, longest
        given_now += 1
        started = time.perf_counter()
        target.check(case)
        longest = max(longest, time.perf_counter() - started)

    quiet = settings(
        max_examples=inputs,
        deadline=None,
        database=None,
        phases=PHASES,
        suppress_health_check=list(HealthCheck),
    )
    fault = None
    try:
        seed(number)(quiet(given(target.inputs)(check)))()
    except Exception as error:
        traceback.print_exception(error)
        fault = type(error).__name__
    return {"inputs": given_now, "longest_s": round(longest, 3), "fault": fault}


def guided(target: Target, inputs: int, number: int) -> dict[str, Any]:
    """So many inputs as atheris makes them, guided by the lines that they reach."""
    command = [sys.executable, "-m", "tests.fuzz.guided", target.name, f"--runs={inputs}", f"--seed={number}"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        print(done.stdout[-4000:], done.stderr[-8000:], file=sys.stderr)
        return {"inputs": 0, "fault": f"atheris ended with {done.returncode}"}
    told = json.loads(done.stdout.splitlines()[-1])
    return {**told, "edges": max(map(int, EDGES.findall(done.stderr)), default=0), "fault": None}


def main() -> int:
    """Fuzz, tell, and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000, help="of each of the two, over all targets")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(2**31))
    asked = parser.parse_args()
    machine = describe("hypothesis", "atheris")
    share, started = -(-asked.inputs // len(TARGETS)), time.monotonic()
    rows = [
        {"target": target.name, way.__name__: way(target, share, asked.seed)}
        for way in (drawn, guided)
        for target in tqdm(TARGETS, desc=way.__name__, unit="target")
    ]
    found = [(row["target"], way, told) for row in rows for way, told in row.items() if way != "target"]
    totals = {way: sum(told["inputs"] for _, by, told in found if by == way) for way in ("drawn", "guided")}
    faults = [f"{name}, {way}: {told['fault']}" for name, way, told in found if told["fault"]]
    result = {
        "seed": asked.seed,
        "inputs": totals,
        "limit_s": PATIENCE,
        "seconds": round(time.monotonic() - started),
        "faults": faults,
        "machine": machine,
        "targets": {
            target.name: {way: told for name, way, told in found if name == target.name} for target in TARGETS
        },
    }
    path = keep("fuzz", result)
    print(f"{totals['drawn']:,} inputs by Hypothesis, {totals['guided']:,} by atheris, seed {asked.seed}")
    print("no fault" if not faults else "\n".join(faults), f"kept in {path.name}", sep="; ")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
