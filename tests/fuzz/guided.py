"""One target under atheris, which looks for inputs that reach new lines: `python -m tests.fuzz.guided NAME`.

It ends with 0 after so many inputs, and by libFuzzer's hand, with another number, at a fault. Bytes that make
no input, for there are too few of them, are not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

import atheris

with atheris.instrument_imports(include=["app", "lessons", "titans_core"]):
    from tests.fuzz.target import PATIENCE
    from tests.fuzz.targets import BY_NAME

from hypothesis import HealthCheck, given, settings

SEEDS, LENGTH = 16, 1024  # random beginnings, and bytes of each: from nothing no input would ever be made


def main() -> None:
    """Fuzz, and never come back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=sorted(BY_NAME))
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    asked = parser.parse_args()
    target, count, longest = BY_NAME[asked.name], 0, 0.0

    def check(case: Any) -> None:
        nonlocal count, longest
        started = time.perf_counter()
        target.check(case)
        count, longest = count + 1, max(longest, time.perf_counter() - started)
        if count == asked.runs:
            print(json.dumps({"inputs": count, "longest_s": round(longest, 3)}), flush=True)
            os._exit(0)

    checked = given(target.inputs)(check)
    checked = settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))(checked)
    given_bytes = checked.hypothesis.fuzz_one_input  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as folder:
        for number in range(SEEDS):
            Path(folder, str(number)).write_bytes(Random(asked.seed + number).randbytes(LENGTH))
        flags = {"seed": asked.seed, "timeout": 2 * int(PATIENCE), "max_len": 4 * LENGTH, "len_control": 0}
        own = [f"-{name}={value}" for name, value in flags.items()]
        atheris.Setup([sys.argv[0], *own, f"-artifact_prefix={tempfile.gettempdir()}/", folder], given_bytes)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
