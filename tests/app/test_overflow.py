"""Models whose numbers overflow: each page says so in a sentence, and the session goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from streamlit.testing.v1 import AppTest
from torch import Tensor

import lessons  # noqa: F401 - before a view's folder, where another file has that name, is searched
import titans_core as tc
from app import models
from app.edits import decode
from tests.app.pressing import held, press
from titans_core import checkpoint
from titans_core.header import read_header
from titans_core.tokenizer import Tokenizer

VIEWS = Path(__file__).parents[2] / "app" / "views"
STORY = "Mara put the red key in the attic. "
SOUND = "Tom likes soup."
(KEY,) = Tokenizer.load().encode(" key", opening=False)
TOLD = "this model's numbers are no longer finite"


def page(name: str) -> AppTest:
    opened = AppTest.from_file(str(VIEWS / f"{name}.py"), default_timeout=120)
    opened.session_state.text = STORY
    return opened


def warnings(shown: AppTest) -> list[str]:
    assert not shown.exception
    return [warning.value for warning in shown.warning]


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every model's numbers overflow where it reads “ key”."""

    def spoil(module: torch.nn.Module, ids: tuple[Tensor], found: Tensor) -> Tensor:
        return found.masked_fill((ids[0] == KEY)[..., None], torch.nan)

    def load(name: str) -> tc.TitansLM:
        model = tc.load(name)
        model.embedding.register_forward_hook(spoil)
        return model

    monkeypatch.setattr(models, "load", load)


@pytest.mark.parametrize("name", ["stream", "compare", "intervene", "weights"])
def test_a_text_at_which_a_model_overflows_is_told_and_another_is_read(name: str, poisoned: None) -> None:
    shown = page(name).run()
    place = Tokenizer.load().encode(STORY).index(KEY) + 1
    assert warnings(shown) == [
        f"At token {place} {TOLD}: its weights are damaged or too large, so choose another model."
    ]
    shown.text_area(key="text").set_value(SOUND).run()
    assert warnings(shown) == []


def test_a_haystack_at_which_a_model_overflows_is_told_and_another_is_searched(poisoned: None) -> None:
    shown = page("needle").run()
    press(shown, "Search")
    (told,) = warnings(shown)
    assert told.startswith("At token ") and TOLD in told and "make train" not in told
    shown.text_input(key="fact").set_value("Tom likes soup.")
    shown.text_input(key="needle_question").set_value("What does Tom like?")
    shown.text_input(key="answer").set_value("soup").run()
    press(shown, "Search")
    assert warnings(shown) == [] and held(shown).search is not None


def test_an_extreme_edit_is_told_and_taken_back() -> None:
    shown = page("intervene")
    shown.session_state.edits = list(decode("theta*1e308,tokens=3-;theta*0,tokens=3-"))
    shown.run()
    assert warnings(shown) == [f"At token 3 {TOLD}: weaken or take back what changes its gates."]
    press(shown, "Clear all")
    assert warnings(shown) == [] and held(shown).intervention is not None


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of shipped models that may be damaged, without the cards that would tell it."""
    for name in ("mac.safetensors", "mag.safetensors"):
        (tmp_path / name).write_bytes((checkpoint.SHIPPED / name).read_bytes())
    monkeypatch.setattr(checkpoint, "SHIPPED", tmp_path)
    models.loaded.clear()
    yield tmp_path
    models.loaded.clear()


@pytest.mark.parametrize("value", [torch.nan, 3e38])
@pytest.mark.parametrize("name", ["stream", "compare", "intervene", "weights", "needle"])
def test_a_damaged_checkpoint_is_told_on_every_page_and_another_reads(
    name: str, value: float, shipped: Path
) -> None:
    path = shipped / "mac.safetensors"
    with path.open("rb") as file:
        texts = read_header(file).texts
    tensors = {key: tensor.float() for key, tensor in load_file(path).items()}
    tensors["mixers.0.attention.qkv.weight"].fill_(value)
    save_file(tensors, path, texts)
    shown = page(name).run()
    if name == "needle":
        press(shown, "Search")
    # the lab also says that not all models are here
    told = [text for text in warnings(shown) if text.startswith("This model cannot be loaded: ")]
    assert len(told) == 1 and ("holds values that are infinite" in told[0] or TOLD in told[0])
    with pytest.raises(ValueError):
        models.load("mac")
    assert models.load("mag").name == "mag"
