"""A checkpoint that is missing keeps nobody from the others; who wants it is told how it is made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from lessons import survey
from titans_core import checkpoint, recipes

VIEWS = Path(__file__).resolve().parents[2] / "app" / "views"
LESSON = next(lesson for lesson in survey().lessons if lesson.name == "surprise")
MODEL = "lmm"  # which that lesson reads with


@pytest.fixture(autouse=True)
def without(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """All shipped checkpoints but MODEL's."""
    for path in checkpoint.SHIPPED.iterdir():
        if path.stem != MODEL:
            (tmp_path / path.name).symlink_to(path)
    monkeypatch.setattr(checkpoint, "SHIPPED", tmp_path)
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def test_it_is_known_to_be_missing() -> None:
    assert recipes.missing() == [MODEL]
    assert MODEL in recipes.known() and MODEL not in checkpoint.available()


def test_stream_names_it_and_offers_the_others() -> None:
    page = AppTest.from_file(str(VIEWS / "stream.py"), default_timeout=120).run()
    (warning,) = page.warning
    assert MODEL in warning.value and f'`make train MODEL="{MODEL}"`' in warning.value
    assert not page.exception and MODEL.upper() not in page.pills(key="model").options


def test_its_lesson_opens_and_names_it() -> None:
    assert not survey().problems
    script = (
        "import streamlit as st\n"
        f"st.navigation([st.Page({str(VIEWS / 'lessons.py')!r}, title='Lessons', url_path='lessons')]).run()"
    )
    page = AppTest.from_string(script, default_timeout=120)
    page.query_params["lesson"] = LESSON.name
    page.run()
    (warning,) = page.warning
    assert f"'{MODEL}'" in warning.value and "`make train`" in warning.value
    assert not page.exception and any(LESSON.title in block.body for block in page.get("html"))
    assert [block.value for block in page.markdown] == [LESSON.opening]
