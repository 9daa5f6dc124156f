"""How fast the memory alone is written on a processor."""

from __future__ import annotations

import streamlit as st

from app.appendix.tables import machine, measured, say, table


def draw() -> None:
    """All that benchmarks/results/memory.json has."""
    result = measured("memory", "make bench")
    if result is None:
        return
    version = result["peer"]["titans-pytorch"]
    lines = []
    for row in result["rows"]:
        by = say(f"backend_{row['backend']}", version=version)
        who = say("telemetry", name=by) if row["telemetry"] else by
        lines.append(
            [say(f"task_{row['task']}", tokens=result["tokens"]), who, f"{row['tokens_per_second']:,}"]
        )
    st.html(table(machine(result), [say("what"), say("who"), say("per_second")], lines, words=2))
