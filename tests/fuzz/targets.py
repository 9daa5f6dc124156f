"""All that is fuzzed."""

from __future__ import annotations

from tests.fuzz import browser, files, lessons, links, sessions, texts
from tests.fuzz.target import Target

TARGETS: tuple[Target, ...] = (
    *texts.TARGETS,
    *links.TARGETS,
    *browser.TARGETS,
    *files.TARGETS,
    *lessons.TARGETS,
    *sessions.TARGETS,
)
BY_NAME = {target.name: target for target in TARGETS}
