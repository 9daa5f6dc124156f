"""What is shipped loads, is small, and remembers."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import titans_core as tc
from titans_core import checkpoint
from titans_core.__main__ import main
from titans_core.checkpoint import SHIPPED
from titans_core.config import VARIANTS
from titans_core.evaluate import Probe, recall
from titans_core.evaluate.reading import by_chapter, hostile, largest_norms
from titans_core.recipe import read_config, same_recipe
from titans_core.tasks.haystack import SENTENCES, UNSEEN
from titans_core.train import LOSS_EVERY, Recall, Training

CONFIGS = Path(__file__).parents[2] / "configs"


def test_all_five_variants_are_shipped_and_small() -> None:
    assert set(VARIANTS) <= set(tc.available())
    for name in tc.available():
        model = tc.load(name, device="cpu")
        assert model.parameter_count() <= 2_000_000, name
        assert (SHIPPED / f"{name}.safetensors").stat().st_size <= 8_000_000, name
        card = tc.model_card(name)
        assert card["parameters"] == model.parameter_count()
        assert card["steps"] == sum(stage["steps"] for stage in card["recipe"]["stages"])


def test_every_shipped_file_has_a_digest_that_tells_when_a_byte_of_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in SHIPPED.rglob("*.safetensors"):
        assert tc.load(path, device="cpu").digest == tc.model_card(path)["digest"], path
    monkeypatch.setattr(checkpoint, "SHIPPED", tmp_path)
    for ending in (".safetensors", ".json"):
        (tmp_path / f"lmm{ending}").write_bytes((SHIPPED / f"lmm{ending}").read_bytes())
    content = bytearray((tmp_path / "lmm.safetensors").read_bytes())
    content[-2] ^= 1  # the last bit of a number
    (tmp_path / "lmm.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match=r"lmm.safetensors is damaged, because its digest is not its card's"):
        tc.load("lmm", device="cpu")
    (tmp_path / "lmm.json").unlink()
    assert tc.load("lmm", device="cpu").name == "lmm"  # a model without a card is a model


def test_a_card_of_another_model_is_not_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, card = tmp_path / "x.safetensors", tmp_path / "x.json"
    path.write_bytes((SHIPPED / "mac.safetensors").read_bytes())
    mine = tc.model_card("mac")
    bare = {name: value for name, value in mine.items() if name != "digest"}
    for told in (mine, bare, {}):
        card.write_text(json.dumps(told))
        assert main(["info", str(path)]) == 0
        assert '"card": ' in capsys.readouterr().out
    other = {**bare["recipe"], "model": {"variant": "mag"}}
    for told in (tc.model_card("mag"), bare | {"parameters": 3}, bare | {"recipe": other}, {"digest": "0"}):
        card.write_text(json.dumps(told))
        assert main(["info", str(path)]) == 0
        said = capsys.readouterr().out
        assert "x.json is the card of another model, and is not shown" in said and '"card": ' not in said


REMEMBERING = [name for name in tc.available() if tc.load(name, device="cpu").has_memory]


@pytest.mark.slow
@pytest.mark.parametrize("name", REMEMBERING)
def test_eight_facts_are_remembered_at_eight_windows_and_lost_with_the_memory(name: str) -> None:
    model = tc.load(name, device="cpu")
    far = 8 * model.config.window
    kept = recall(model, Probe(8, far), asked=40, seed=77)
    lost = recall(model, Probe(8, far, ablation="wiped"), asked=40, seed=77)
    assert kept.recall >= 0.8, kept
    assert lost.recall <= 0.15, lost


def share(name: str, group: str, **about: object) -> float:
    """A card's recall in the first cell of ``group`` that asks this."""
    cells = tc.model_card(name)["scores"][group]
    return next(float(c["recall"]) for c in cells if all(c.get(k) == v for k, v in about.items()))


@pytest.mark.parametrize("name", ("mac", "mag", "mal", "lmm"))
def test_by_its_card_a_model_remembers_far_beyond_its_window(name: str) -> None:
    assert share(name, "recall", facts=8, distance=1024) >= (0.9 if name == "lmm" else 0.95)
    assert share(name, "recall", facts=24, distance=512) >= 0.85
    assert share(name, "recall", facts=8, distance=8192) >= 0.7
    assert share(name, "recall_by_haystack", haystack="unseen") >= 0.75
    assert share(name, "recall_by_kind", kind="PASSWORD") >= 0.7
    assert min(share(name, "overwriting", changes=changes) for changes in (1, 3)) >= 0.85
    assert share(name, "ablations", ablation="wiped") <= 0.1
    assert share(name, "overwriting", repeats=3) >= 0.7
    surprise = tc.model_card(name)["scores"]["by_mention"]["surprise"]
    assert surprise["third"] < 0.8 * surprise["first"]


@pytest.mark.slow
def test_attention_alone_cannot_remember_beyond_its_window() -> None:
    model = tc.load("attention", device="cpu")
    cell = recall(model, Probe(1, 8 * model.config.window), asked=50, seed=77)
    assert cell.recall <= 0.15, cell


@pytest.mark.parametrize("name", tc.available())
def test_a_card_tells_the_recipe_that_is_in_configs(name: str) -> None:
    recipe = read_config(CONFIGS / f"{name}.toml", tc.load(name, device="cpu").config.vocab_size)
    assert same_recipe(tc.model_card(name)["recipe"], recipe)


@pytest.mark.slow
def test_training_again_loses_as_the_card_says(tmp_path: Path) -> None:
    """The first steps of a shipped recipe, from scratch: other processors round otherwise, so to 1 %."""
    recipe = read_config(CONFIGS / "lmm.toml", tc.load("lmm", device="cpu").config.vocab_size)
    training = Training(recipe, tmp_path, device="cpu")
    losses = [training.advance(Recall()) for _ in range(LOSS_EVERY)]
    assert losses[-1] == pytest.approx(tc.model_card("lmm")["losses"][0], rel=0.01)
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.slow
def test_the_chapter_model_forgets_where_a_chapter_opens_and_by_forgetting() -> None:
    model = tc.load("lmm-chapters", device="cpu")
    alpha = by_chapter(model, stories=10, seed=77)["alpha"]
    assert alpha["chapter"] >= 20 * alpha["filler"]
    known, unknown, clinging = (
        recall(model, Probe(4, 200, chapter=chapter, ablation=ablation), asked=50, seed=77)
        for chapter, ablation in (("known", ""), ("unknown", ""), ("unknown", "no forgetting"))
    )
    assert known.recall >= 0.9 and unknown.recall >= 0.9, (known, unknown)
    assert clinging.recall <= unknown.recall - 0.2, clinging


def test_a_fact_told_again_is_less_surprising() -> None:
    """Written once, the value is expected when it comes again (mean over the layers and heads)."""
    trace = tc.Stream(tc.load("mac", device="cpu")).feed("Tom likes soup. " * 3)
    value = [i for i, token in enumerate(trace.tokens) if token == " soup"]
    first, second, third = trace["surprise"][value].mean((1, 2))
    assert third < first and second < first
    assert trace["nll"][value[2]] < trace["nll"][value[0]]


@pytest.mark.parametrize("name", tc.available())
def test_hostile_streams_stay_finite(name: str) -> None:
    model = tc.load(name, device="cpu")
    for text in ("the " * 1500, "a" * 1500, "Tom likes soup. " * 300, "\x00\x01🗝️" * 200):
        trace = tc.Stream(model).feed(text)
        for quantity in trace.quantities:
            assert np.isfinite(trace[quantity]).all(), (quantity, text[:8])


@pytest.mark.slow
@pytest.mark.parametrize("name", REMEMBERING)
def test_no_stream_drives_a_memory_beyond_a_norm_of_a_thousand(name: str) -> None:
    for stream, norm in largest_norms(tc.load(name, device="cpu"), hostile(seed=77, characters=4_000)):
        assert norm < 1000, stream  # nan is not below either


@pytest.mark.slow
@pytest.mark.parametrize("name", ("mag", "mac"))
def test_a_hundred_thousand_tokens_of_prose_are_read(name: str) -> None:
    stream = tc.Stream(tc.load(name, device="cpu"), history=0)
    rng = random.Random(5)
    while stream.position < 100_000:
        trace = stream.feed(" ".join(rng.choice(UNSEEN + SENTENCES) for _ in range(150)) + " ")
        assert np.isfinite(trace["nll"]).all() and trace["memory_norm"].max() < 1000


def test_only_checkpoints_can_be_loaded(tmp_path: Path) -> None:
    for name in ("mac2", ""):
        with pytest.raises(ValueError, match=f"no checkpoint '{name}'"):
            tc.load(name)
    whole = (SHIPPED / "mac.safetensors").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(whole[:5000])
    with pytest.raises(ValueError, match="is it complete"):
        tc.load(tmp_path / "cut.safetensors")
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(ValueError, match="cannot be read"):
        tc.load(tmp_path / "text.safetensors")


def command(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the command line as a person does, in a process of its own."""
    call = [sys.executable, "-m", "titans_core", *arguments]
    return subprocess.run(call, capture_output=True, text=True, cwd=Path(__file__).parents[2], **options)  # type: ignore[call-overload,no-any-return]


def test_the_command_line_streams_a_file_and_tells_of_mistakes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def mistaken(*arguments: str) -> tuple[object, str]:
        """Make a mistake in this process, which is sooner: how it ends, and what is said."""
        try:
            code: object = main(list(arguments))
        except SystemExit as ended:
            code = ended.code
        return code, capsys.readouterr().err

    text = tmp_path / "text.txt"
    text.write_text("Mara put the red key in the attic.")
    done = command("stream", str(text), "--model", "mac", "--csv", str(tmp_path / "trace.csv"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "trace.csv").read_text().startswith("position,token,layer,head,")
    assert main(["info", "mac"]) == 0
    below = str(text / "trace.csv")
    text_and_wrong = ["stream", str(text), "--csv", below], ["evaluate", "mac", "--asked", "0"]
    for wrong in text_and_wrong:
        code, said = mistaken(*wrong)
        assert code and "Traceback" not in said, said
    text.write_bytes(b"\xff\xfe\x00")
    refused = command("stream", str(text))
    assert refused.returncode == 1 and refused.stderr.count("\n") == 1, refused.stderr
    for wrong in (["stream", str(text)], ["stream", "nowhere.txt"], ["info", "nobody"], ["train", "no.toml"]):
        code, said = mistaken(*wrong)
        assert code == 1 and said.count("\n") == 1, said


def test_a_printed_token_without_a_text_says_what_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.txt").write_text("Émile drank.\nTom left.", encoding="utf-8")
    assert main(["stream", str(tmp_path / "text.txt"), "--model", "lmm"]) == 0
    shown = [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()]
    assert shown[:4] == ["token", "⟨ ⟩", "⟨C3⟩", '"É"'] and "⟨joined⟩" in shown and '""' not in shown


def test_a_reader_who_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Tom likes soup. " * 400)
    call = f"{sys.executable} -m titans_core stream {text} | head -1"
    done = subprocess.run(call, shell=True, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.stdout.startswith("token") and done.stderr == ""


def test_cards_and_devices_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no device"):
        tc.load("mac", device="abacus")
    (tmp_path / "bare.safetensors").write_bytes((SHIPPED / "mac.safetensors").read_bytes())
    assert tc.load(tmp_path / "bare.safetensors").name == "bare"
    with pytest.raises(ValueError, match="card"):
        tc.model_card(tmp_path / "bare.safetensors")
