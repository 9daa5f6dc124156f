"""What the player and the comparison share, and how their modules become what Streamlit takes.

Sources are ES modules that import one another; Streamlit takes one string, so they are laid one after
another, without the lines that connect them.
"""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODULES = ("format", "view", "trace", "memory", "picture", "bars", "answer", "playhead", "text", "curve", "axis", "tracks", "vector", "lettering", "redraw", "portrait", "save", "transport", "theme")  # fmt: skip # noqa: E501


def bundle(folder: Path, modules: tuple[str, ...], shared: tuple[str, ...] = MODULES) -> str:
    """The shared modules and a component's own as one; what a module needs comes before it."""
    paths = [HERE / f"{name}.js" for name in shared] + [folder / f"{name}.js" for name in modules]
    source = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    source = re.sub(r"^import [^;]*;\n", "", source, flags=re.MULTILINE)
    return re.sub(r"^export (?!default)", "", source, flags=re.MULTILINE)


def markup(path: Path) -> str:
    """A component's HTML, with the shared parts where it asks for them."""
    html = path.read_text(encoding="utf-8")
    for part in ("transport", "save"):
        html = html.replace(f"<!-- {part} -->", (HERE / f"{part}.html").read_text(encoding="utf-8"))
    return html


def styles(path: Path) -> str:
    """The shared styles, and a component's own after them."""
    return (HERE / "common.css").read_text(encoding="utf-8") + path.read_text(encoding="utf-8")
