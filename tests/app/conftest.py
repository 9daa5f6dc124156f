"""What all tests of the pages without a browser share."""

from __future__ import annotations

import pytest

import lessons  # noqa: F401  # a page of the same name stands in the folder that AppTest puts on the path
from app import work


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing looks at a page again while a job goes on, as a browser would: each run waits for its end."""
    monkeypatch.setattr(work.Job, "first_sight", lambda job: job.wait(600))
