"""What a measurement ran on, and where its result is kept."""

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from titans_core.machine import processor

RESULTS = Path(__file__).resolve().parent / "results"


def describe(*packages: str) -> dict[str, Any]:
    """The processor, its cores usable by us, how busy it is, the versions, and the date by the clock."""
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {package: version(package) for package in packages},
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def keep(name: str, result: dict[str, Any]) -> Path:
    """Write ``results/NAME.json``."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
