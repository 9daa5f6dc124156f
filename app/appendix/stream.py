"""How fast a model reads on a processor."""

from __future__ import annotations

import streamlit as st

from app.appendix.tables import machine, measured, say, table


def draw() -> None:
    """All that benchmarks/results/stream.json has."""
    result = measured("stream", "make bench")
    if result is None:
        return
    version = result["peer"]["titans-pytorch"]
    lines = [
        [
            say(f"stream_{row['task']}", tokens=f"{row['tokens']:,}", after=f"{row['after']:,}"),
            say(f"way_{row['way']}", version=version),
            str(row["threads"]),
            f"{1e3 * row['median_ms'] / row['tokens']:,.0f}",
        ]
        for row in result["rows"]
    ]
    st.html(table(machine(result), [say("what"), say("who"), say("threads"), say("a_token")], lines, words=2))
