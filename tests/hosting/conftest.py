"""Where the sessions of a test are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import keeping
from app.hosting.store import FolderStore


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderStore:
    """An empty store, in which sessions are kept from here on."""
    found = FolderStore(tmp_path / "store", 3600)
    monkeypatch.setattr(keeping, "store", lambda: found)
    monkeypatch.setattr(keeping, "failed_at", -keeping.PAUSE)
    keeping.living.clear()
    return found
