"""A checkpoint put into the folder of models is on every page; what cannot be used costs only itself."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

import titans_core as tc
from app import choosing, models, own, reading
from app.hosting import saving
from app.needle import Needle
from app.notebook import notebook
from app.settings import settings
from titans_core.checkpoint import save_model
from titans_core.config import MemoryConfig, ModelConfig
from titans_core.model import TitansLM

VIEWS = Path(__file__).resolve().parents[2] / "app" / "views"
PAGES = {  # each page's choice of models
    "stream": "model",
    "compare": "models",
    "intervene": "edited-model",
    "weights": "weights-model",
    "needle": "searchers",
}
WITH_MEMORY = ("intervene", "weights")  # pages that offer models with memory alone
TEXT = "Mara put the red key in the attic."


def model(variant: str = "lmm", seed: int = 0, **more: object) -> TitansLM:
    """An untrained model of no shipped one's shape."""
    torch.manual_seed(seed)
    sizes = {"width": 16, "layers": 3, "heads": 1, "head_width": 8, "window": 8, "feed_forward": 8}
    return TitansLM(ModelConfig(variant=variant, **sizes, **more))  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of models, empty at first."""
    monkeypatch.setenv("TITANS_MODELS", str(tmp_path / "models"))
    settings.cache_clear()
    (tmp_path / "models").mkdir()
    yield tmp_path / "models"
    settings.cache_clear()


def put(folder: Path, name: str, what: TitansLM | None = None) -> Path:
    path = folder / f"{name}.safetensors"
    save_model(what or model(), path, {})
    return path


def page(name: str, **address: str) -> AppTest:
    shown = AppTest.from_file(str(VIEWS / f"{name}.py"), default_timeout=120)
    for key, value in address.items():
        shown.query_params[key] = value
    return shown


def choice(shown: AppTest, name: str) -> list[str]:
    (found,) = (widget for widget in shown.pills if widget.key == PAGES[name])  # on every page alike
    return list(found.options)


def warnings(shown: AppTest) -> list[str]:
    return [warning.value.replace("\\", "") for warning in shown.warning]


def test_without_a_folder_there_are_none(folder: Path) -> None:
    folder.rmdir()
    assert own.usable() == [] and own.problems() == ""


@pytest.mark.parametrize("name", PAGES)
def test_it_can_be_chosen_on_every_page_by_its_files_name(name: str, folder: Path) -> None:
    before = [models.title(other) for other in tc.available() if name != "stream" or other in models.VARIANTS]
    before = [other for other in before if name not in WITH_MEMORY or other != "Attention"]
    put(folder, "My notes-2", model(memory=MemoryConfig(depth=3, hidden=6, block_size=32)))
    put(folder, "no_memory", model("attention"))
    shown = page(name).run()
    added = ["My notes-2"] if name in WITH_MEMORY else ["My notes-2", "no_memory"]
    assert choice(shown, name) == [*before, *added]
    assert not shown.exception and warnings(shown) == []


@pytest.mark.parametrize("name", ["weights", "intervene"])
def test_a_link_opens_it_and_it_reads(name: str, folder: Path) -> None:
    put(folder, "mine")
    shown = page(name, v="1", **{PAGES[name]: "mine"}).run()
    assert not shown.exception and warnings(shown) == []
    mine = shown.session_state.session.held
    read = mine.weighing.reading if name == "weights" else mine.intervention.original
    assert read.complete and read.stream.model.name == "mine"


@pytest.mark.parametrize(
    ("name", "named"), [("stream", "yours"), ("compare", "../models/mine"), ("weights", "<b>*x*</b>")]
)
def test_a_link_to_what_is_not_here_says_so_and_opens_another(name: str, named: str, folder: Path) -> None:
    put(folder, "mine")
    shown = page(name, **{PAGES[name]: named}).run()
    assert not shown.exception
    (told,) = warnings(shown)
    assert "names a model that this page does not offer" in told and named in told


def test_a_link_names_shipped_ones_beside_it(folder: Path) -> None:
    put(folder, "mine")
    shown = page("compare")
    shown.query_params["models"] = ["MAG", "mine"]
    shown.run()
    assert warnings(shown) == [] and not shown.exception
    assert shown.session_state.session.held.comparison.shown == ("mag", "mine")


def test_no_path_is_taken_for_a_name(folder: Path) -> None:
    path = put(folder, "mine")
    for name in (str(path), "../models/mine", f"../{path.parent.name}/mine", "models/mine", "mine/"):
        with pytest.raises(ValueError, match="there is no model"):
            models.load(name)
    assert models.load("mine").digest == tc.load(path).digest


def broken(folder: Path) -> dict[str, str]:
    """Files that cannot be used, and what is said of each."""
    whole = put(folder, "whole").read_bytes()
    (folder / "cut.safetensors").write_bytes(whole[:-9])
    (folder / "empty.safetensors").write_bytes(b"")
    (folder / "foreign.safetensors").write_bytes(
        (len(b"{}").to_bytes(8, "little")) + b"{}",
    )
    (folder / "mag-deep.safetensors").write_bytes(whole)
    (folder / "MAC deep.safetensors").write_bytes(whole)
    (folder / "a[b](c).safetensors").write_bytes(whole)
    (folder / f"{'x' * 41}.safetensors").write_bytes(whole)
    sick = model()
    with torch.no_grad():
        sick.embedding.weight.fill_(torch.nan)
    put(folder, "sick", sick)
    (folder / "lost.safetensors").symlink_to(folder / "nowhere")  # neither told nor there
    return {
        "cut": "it is damaged, or not whole",
        "empty": "it is damaged, or not whole",
        "foreign": "it is not a model of this version of the lab (its header has no configuration)",
        "mag-deep": "it has a shipped model's name",
        "MAC deep": "it has a shipped model's name",
        "a[b](c)": "its name cannot be shown",
        "x" * 41: "its name has more than 40 characters",
        "sick": "it is not a model of this version of the lab",
    }


def test_a_name_that_would_not_be_shown_is_refused_before_it_is_trained() -> None:
    # These tests may themselves be run by make, which would then tell of each folder that it enters.
    command = ["make", "--no-print-directory", "-n", "-o", ".venv/ready", "train"]
    first, second, *_ = subprocess.check_output(
        [*command, "CONFIG=my/titans.toml"], cwd=own.ROOT, text=True
    ).splitlines()
    assert first.endswith('-m app.own "titans"') and "titans_core train" in second
    unnamed, *_ = subprocess.check_output([*command, "CONFIG="], cwd=own.ROOT, text=True).splitlines()
    assert unnamed.endswith('-m app.own ""'), "a name forgotten trains nothing of ours"
    for name, told in {
        "titans": "it has a shipped model's name. Give it another name.",
        "a[b]": "its name cannot be shown. Give it another name: letters and digits",
        "": "its name cannot be shown",
        "x" * 41: "its name has more than 40 characters",
    }.items():
        assert f"The lab shows no model of a recipe called {name!r}: {told}" in str(own.main(name))
    assert own.main("own-texts") is None


def test_one_that_cannot_be_used_is_told_in_a_line_and_costs_only_itself(folder: Path) -> None:
    told_of = broken(folder)
    every = [path for path in folder.glob("*.safetensors") if path.stem in told_of]
    for path in every:
        path.rename(path.with_suffix(".away"))
    for name, said in told_of.items():
        path = folder / f"{name}.safetensors"
        path.with_suffix(".away").rename(path)
        (told,) = own.problems().splitlines()
        shown = own.short(path.name)
        assert told.replace("\\", "").startswith(f"{shown} cannot be used: {said}") and len(told) < 200
        assert told.endswith((own.plain(f"{own.REPLACE}."), "between\\.", own.plain(f"{own.RENAME}.")))
        path.unlink()
    assert own.problems() == "" and own.usable() == ["whole"]


def test_several_that_cannot_be_used_are_one_message_which_names_the_first(folder: Path) -> None:
    told_of = broken(folder)
    shown = page("weights").run()
    (told,) = warnings(shown)
    names = sorted(f"{name}.safetensors" for name in told_of)
    assert told.startswith(f"{len(names)} files in the folder of models cannot be used: ")
    assert [name for name in names if name in told] == names[: own.MOST]
    assert f" and {len(names) - own.MOST} more. Put whole ones in their place" in told and len(told) < 400
    assert choice(shown, "weights")[-1] == "whole" and not shown.exception
    assert r"a\[b\]\(c\)" in shown.warning[0].value, "what a file is called is no Markdown"


def test_the_message_opens_to_all_of_them(folder: Path) -> None:
    told_of = broken(folder)
    shown = page("weights").run()
    (all_of_them,) = shown.expander
    listed = all_of_them.markdown[0].value.replace("\\", "").splitlines()
    assert all_of_them.label == f"All {len(told_of)} files that cannot be used"
    assert sorted(listed) == listed and len(listed) == len(told_of)
    for name, said in told_of.items():
        assert any(f"{name[:40]}" in line and f"cannot be used: {said}" in line for line in listed)


@pytest.mark.parametrize("names", [["cut", "sick"], ["cut", "empty", "sick"]], ids=len)
def test_few_that_cannot_be_used_are_all_named(names: list[str], folder: Path) -> None:
    for name in broken(folder):
        if name not in names:
            (folder / f"{name}.safetensors").unlink()
    told = own.problems().replace("\\", "")
    assert all(f"{name}.safetensors (it is " in told for name in names) and "more" not in told
    assert own.each_problem() == []


def wait_for(function: Callable[[], list[str]]) -> list[str]:
    """What it gives; where it waits for ever, the test fails, and the thread ends with the tests."""
    found: list[list[str]] = []
    thread = threading.Thread(target=lambda: found.append(function()), daemon=True)
    thread.start()
    thread.join(30)
    assert found, "it waits for ever"
    return found[0]


def test_only_regular_files_are_opened(folder: Path) -> None:
    whole = put(folder, "whole")
    (folder / "linked.safetensors").symlink_to(whole)
    assert own.usable() == ["linked", "whole"] and own.problems() == ""
    os.mkfifo(folder / "pipe.safetensors")
    (folder / "drawer.safetensors").mkdir()
    (folder / "endless.safetensors").symlink_to("/dev/zero")
    assert wait_for(own.usable) == ["linked", "whole"]
    told = own.problems().replace("\\", "")
    assert all(
        f"{name}.safetensors (it is not a regular file)" in told for name in ("pipe", "drawer", "endless")
    )


def test_an_ending_in_capitals_is_told_and_costs_no_other(folder: Path) -> None:
    put(folder, "mine").rename(folder / "mine.SAFETENSORS")
    assert own.usable() == []
    told = own.problems().replace("\\", "")
    assert (
        told == "mine.SAFETENSORS cannot be used: its name does not end in .safetensors. " + f"{own.RENAME}."
    )
    put(folder, "mine")
    assert own.usable() == ["mine"]


def test_a_file_that_may_not_be_opened_is_told_to_be_that(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "locked")

    def refused(path: Path, *how: object, **more: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    assert "it cannot be opened (Permission denied)" in own.problems().replace("\\", "")


def test_a_file_written_anew_is_another_model_and_the_text_is_read_again(folder: Path) -> None:
    put(folder, "mine", model(seed=1))
    shown = page("stream", model="mine").run()
    before = shown.session_state.session.held.reading
    put(folder, "mine", model(seed=2))
    shown.run()
    after = shown.session_state.session.held.reading
    assert after.complete and after.text == before.text
    assert after.trace["nll"].tolist() != before.trace["nll"].tolist()


@pytest.mark.parametrize("name", ["stream", "compare"])
def test_a_file_that_goes_away_leaves_the_page_with_the_others(name: str, folder: Path) -> None:
    path = put(folder, "mine")
    shown = page(name, **{PAGES[name]: "mine"}).run()
    path.unlink()
    shown.run()
    assert not shown.exception and "mine" not in choice(shown, name)


def test_a_saved_session_goes_on_with_it_and_begins_anew_where_it_is_another(folder: Path) -> None:
    put(folder, "mine", model(seed=1))
    read = reading.read(models.load("mine"), TEXT)
    kept = saving.kept_reading(read)
    revived = saving.revived(kept)
    assert revived is not None and revived.stream.model.digest == read.stream.model.digest
    path = put(folder, "mine", model(seed=2))
    assert saving.revived(kept) is None
    path.unlink()
    assert saving.revived(kept) is None
    assert kept is not None and saving.revived(kept.model_copy(update={"model": str(path)})) is None


def test_it_is_counted_under_one_name_and_its_notebook_names_its_file(folder: Path) -> None:
    put(folder, "mine")
    assert models.counted("mine") == "own" and models.counted("mac") == "mac"
    book = notebook(["mine", "mac"], TEXT)
    assert "read('mine.safetensors')" in book and "read('mac')" in book
    assert "mine.safetensors" in notebook(["mine"], TEXT).split("TEXT")[0], "that it is needed is said first"
    assert ".safetensors" not in notebook(["mac"], TEXT)


def test_all_of_them_search_for_a_needle(folder: Path) -> None:
    put(folder, "mine")
    assert choosing.trained()[-1] == "mine"
    from app import needle

    wanted = Needle(TEXT, "Where is the red key?", "attic", 256, 0.5, 1)
    last = None
    for step in needle.stages(needle.begin([models.load("mine")], wanted)):
        last = step.value
    assert last is not None and last.complete and set(last.found) == {"mine"}
