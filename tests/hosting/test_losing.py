"""What is lost with a model that is away, or another by now, is told on the page; what only waits is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

from app import keeping, mapping, models, reading
from app.hosting import saving
from app.hosting.saving import KeptSession
from app.hosting.store import FolderStore
from app.mapping import Map
from app.needle import Needle
from app.session import Session
from app.settings import settings
from tests.app.pressing import held
from titans_core.checkpoint import save_model
from titans_core.config import ModelConfig
from titans_core.model import TitansLM
from titans_core.sweep import Found

KEY = "0" * 32
TEXT = "Leo hid the coin in the barn. Ivy likes tea."
ASKED = Needle("Mara put the red key.", "Where is it?", "key", 512, 0.0, 1)
PAGE = """
import runpy
from app import keeping
keeping.come_back()
with keeping.kept():
    runpy.run_path("app/views/{name}.py")
"""


@pytest.fixture(autouse=True)
def one_model(store: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder with one model, beside the store."""
    monkeypatch.setenv("TITANS_MODELS", str(tmp_path))
    settings.cache_clear()
    train(tmp_path, 1)
    yield
    settings.cache_clear()


def train(folder: Path, seed: int) -> Path:
    """The model, trained so often."""
    torch.manual_seed(seed)
    path = folder / "mine.safetensors"
    sizes = {"width": 16, "layers": 2, "heads": 1, "head_width": 8, "window": 8, "feed_forward": 8}
    save_model(TitansLM(ModelConfig(variant="lmm", **sizes)), path, {})  # type: ignore[arg-type]
    return path


def drawn() -> Map:
    """The model's map, with its first cell."""
    plan = mapping.plan(ASKED)
    first = Found(plan.cells[0], plan.asked, 3, 0.5, 1_100, "a machine")
    return Map("mine", models.load("mine").digest, plan, (first,))


def loaded(name: str, **address: str) -> AppTest:
    """The page as a tab loads it again, whose session was saved under KEY."""
    page = AppTest.from_string(PAGE.format(name=name), default_timeout=120)
    for field, value in address.items():
        page.query_params[field] = value
    page.session_state.session = Session(unread=KEY)
    page.run()
    assert not page.exception
    return page


def needle() -> AppTest:
    return loaded("needle", **{"view-of-needle": "By depth and length", "longest": "512"})


def warnings(page: AppTest) -> list[str]:
    assert not page.exception
    return [warning.value for warning in page.warning]


def kept_map(store: FolderStore) -> Map | None:
    saved = store.get(KEY)
    assert saved is not None
    return saving.decode(saved).map


@pytest.mark.parametrize("there", [True, False])
def test_who_read_the_text_is_told_to_be_another_until_something_is_done(
    store: FolderStore, tmp_path: Path, there: bool
) -> None:
    read = saving.kept_reading(reading.read(models.load("mine"), TEXT))
    store.put(KEY, saving.encode(KeptSession(text=TEXT, reading=read)))
    (tmp_path / "mine.safetensors").unlink()
    if there:
        train(tmp_path, 2)
    page = loaded("stream", **({"model": "mine"} if there else {}))
    told = keeping.NEWER if there else keeping.AWAY
    assert warnings(page) == [told]
    held(page).jobs["Stream"].wait(120)
    assert warnings(page.run()) == [told], "it was saved meanwhile, as it is now"
    assert held(page).reading.text == TEXT and held(page).reading.complete
    page.text_area(key="text").set_value("Ivy likes tea.").run()
    assert warnings(page) == []


def test_a_model_trained_anew_while_its_text_is_in_sight_is_told_until_another_is_chosen(
    store: FolderStore, tmp_path: Path
) -> None:
    store.put(KEY, saving.encode(KeptSession(text=TEXT)))
    page = loaded("stream", model="mine")
    held(page).jobs["Stream"].wait(120)
    before = held(page.run()).reading
    train(tmp_path, 2)
    assert warnings(page.run()) == [keeping.NEWER]
    held(page).jobs["Stream"].wait(120)
    assert warnings(page.run()) == [keeping.NEWER] and held(page).reading.text == TEXT
    assert held(page).reading.stream.model.digest != before.stream.model.digest
    page.query_params["model"] = "LMM"  # as the browser puts there what is chosen
    page.pills(key="model").set_value("lmm").run()
    assert warnings(page) == []


def test_a_map_whose_model_is_another_by_now_is_told_to_be_gone_until_something_is_done(
    store: FolderStore, tmp_path: Path
) -> None:
    store.put(KEY, saving.encode(KeptSession(map=drawn())))
    train(tmp_path, 2)
    page = needle()
    assert warnings(page) == warnings(page.run()) == [keeping.UNMAPPED] and kept_map(store) is None
    next(button for button in page.button if button.label == "Draw the map").click().run()
    assert warnings(page) == [] and held(page).map is not None
    held(page).jobs["Needle map"].wait(120)  # other tests count what is computed


def test_a_map_whose_model_is_away_is_shown_and_kept_and_goes_on_once_it_is_back(
    store: FolderStore, tmp_path: Path
) -> None:
    known = drawn()
    store.put(KEY, saving.encode(KeptSession(map=known, text=TEXT)))
    path = tmp_path / "mine.safetensors"
    whole = path.read_bytes()
    path.unlink()
    page = needle()
    (told,) = warnings(page)
    assert "\\'mine\\' is not here now. Put its file back" in told and "to go on with this map" in told
    assert any(mapping.told(known) == caption.value for caption in page.caption) and not held(page).jobs
    page.text_input(key="fact").set_value("Tom likes soup.").run()
    assert kept_map(store) == known
    path.write_bytes(whole)
    page = needle()
    held(page).jobs["Needle map"].wait(120)
    page.run()
    assert warnings(page) == [] and held(page).map.complete and held(page).map.found[0] == known.found[0]


def test_a_model_trained_anew_while_its_map_is_in_sight_is_told(store: FolderStore, tmp_path: Path) -> None:
    store.put(KEY, saving.encode(KeptSession(map=drawn())))
    page = needle()
    train(tmp_path, 2)
    assert warnings(page.run()) == [keeping.UNMAPPED] and held(page).map is None
    assert held(page).jobs == {}, "nothing is drawn that nobody asked for"


def test_a_search_whose_model_is_away_is_told_and_done_once_it_is_back(
    store: FolderStore, tmp_path: Path
) -> None:
    store.put(KEY, saving.encode(KeptSession(search=(("mine",), ASKED))))
    path = tmp_path / "mine.safetensors"
    whole = path.read_bytes()
    path.unlink()
    (told,) = warnings(loaded("needle"))
    assert "\\'mine\\' is not here now. Put its file back" in told and "to search for this" in told
    path.write_bytes(whole)
    page = loaded("needle")
    held(page).jobs["Needle"].wait(120)
    page.run()
    assert warnings(page) == [] and held(page).search.complete
