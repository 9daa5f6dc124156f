"""How each model of the tables is drawn: relatives by broken lines, Titans by whole ones."""

from __future__ import annotations

from app.exhibits.curves import DASHED, DOTTED, SOLID, Look
from titans_core.tables import Suite
from titans_core.tables.summary import GUESS

LOOKS = {
    "ttt-linear": ("nll", DOTTED),
    "mamba2": ("momentum", DASHED),
    "deltanet": ("theta", DASHED),
    "gated-deltanet": ("eta", DASHED),
    "lmm": ("ink", SOLID),
    "mac": ("retrieval", SOLID),
    "mag": ("alpha", SOLID),
    "mal": ("surprise", SOLID),
    "lmm-blocks": ("ink", DOTTED),
    "lmm-2": ("retrieval", SOLID),
    "lmm-3": ("alpha", DASHED),
    "lmm-4": ("surprise", DOTTED),
}


def looks(suite: Suite) -> dict[str, Look]:
    """By model, and for who guesses. A model of another recipe looks like the one that begins its name."""
    found = {}
    for entry in suite.entries:
        known = [name for name in LOOKS if entry.name == name or entry.name.startswith(f"{name}-")]
        colour, stroke = LOOKS[max(known, key=len)] if known else ("soft", DOTTED)
        found[entry.name] = Look(entry.title, colour, stroke)
    return found | {GUESS: Look("a guess", "soft", DOTTED)}
