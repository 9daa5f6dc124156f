"""Compare: several models read the same text side by side, and answer the same question."""

from __future__ import annotations

from app import choosing
from app.heading import heading
from app.side_by_side import side_by_side

NAME = "Compare"
ABOUT = "The same text in several models: what each memory writes, hands over and answers."
DEFAULT = ("mac", "mag", "mal")

link = heading(NAME, ABOUT)
side_by_side(NAME, link, choosing.trained(), "models", DEFAULT)
