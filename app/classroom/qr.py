"""An address as a QR picture."""

from __future__ import annotations

import segno


def picture(address: str) -> list[str]:
    """The picture's rows from the top, "1" where it is dark; the quiet zone around it is the drawer's."""
    return ["".join("01"[bit] for bit in row) for row in segno.make(address, error="m", micro=False).matrix]
