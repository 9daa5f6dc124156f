"""One's own texts are trained on as they are, by the same steps again and again; mistakes are told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.titans_core.test_training import SMALL, stop_after
from titans_core.__main__ import main
from titans_core.checkpoint import model_card
from titans_core.recipe import Stage, TrainConfig, as_read, read_config, recipe
from titans_core.tasks import Tag
from titans_core.tasks.texts import BETWEEN, Texts, read_texts
from titans_core.tokenizer import VOCAB_SIZE, Tokenizer
from titans_core.train import MODEL, Recall, Training

TOKENIZER = Tokenizer.load()
ONE = "Der Wind hat sich gedreht; das Haus steht still.\nNiemand weiß, wer die Türe schließt. " * 12
TWO = "One day the keeper found the lamp unlit, and nobody could say why it was so. " * 12
EXAMPLE = Path(__file__).parents[2] / "configs" / "examples" / "own-texts.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder beside a recipe, of two texts and what is none."""
    place = tmp_path / "beside" / "mine"
    (place / "more").mkdir(parents=True)
    (place / "one.txt").write_bytes(b"\xef\xbb\xbf" + ONE.replace("\n", "\r\n").encode())
    (place / "more" / "two.md").write_text(TWO, encoding="utf-8")
    (place / "picture.png").write_bytes(b"\x89PNG\0")
    return place


def config(*stages: Stage, seed: int = 1) -> TrainConfig:
    return replace(SMALL, stages=stages, texts=("mine",), seed=seed)


def of_texts(steps: int, length: int = 48, batch: int = 4) -> Stage:
    return Stage(length, batch, (), steps, task="texts")


@pytest.mark.parametrize(
    "patterns", [("mine",), ("mine/more/two.md", "mine/*.txt", "mine/one.txt"), ("**/*.*t*", "mine")]
)
def test_files_folders_and_names_with_a_star_are_the_same_texts_each_once(
    patterns: tuple[str, ...], folder: Path
) -> None:
    if patterns[0] == "**/*.*t*":
        (folder / "picture.png").unlink()
    texts = read_texts(patterns, folder.parent)
    assert TOKENIZER.decode(texts.ids) == TWO + BETWEEN + ONE
    assert (texts.files, texts.characters) == (2, len(ONE) + len(TWO) + len(BETWEEN))


def test_a_stretch_is_a_piece_of_the_texts_that_begins_with_a_word(folder: Path) -> None:
    texts = read_texts(["mine"], folder.parent)
    whole = TWO + BETWEEN + ONE
    made = texts.stretches(Random(1), 200, 30)
    assert made.ids.shape == (200, 31) and (made.ids[:, 0] == TOKENIZER.begin).all()
    assert (made.tags == Tag.TEXT).all() and not made.distance.any()
    found = set()
    for row in made.ids:
        text = TOKENIZER.decode(row[1:])
        place = f" {whole}".find(f" {text.rstrip('�')}")
        place = place if place >= 0 else f"\n{whole}".find(f"\n{text.rstrip('�')}")
        assert place >= 0, text
        found.add(place)
    assert len(found) > 30


def test_a_text_as_long_as_a_stretch_has_one_and_a_shorter_one_none(folder: Path) -> None:
    ids = np.array(TOKENIZER.encode("Tom likes soup."), np.int32)
    texts = Texts(ids, 1, 15, TOKENIZER)
    texts.check(len(ids))
    assert texts.stretches(Random(1), 3, len(ids)).ids[:, 1:].tolist() == [ids.tolist()] * 3
    with pytest.raises(ValueError, match="more at once: add texts, or make length smaller"):
        texts.check(len(ids) + 1)


def test_their_loss_is_that_of_every_next_token_alike(folder: Path, tmp_path: Path) -> None:
    training = Training(config(of_texts(1)), tmp_path / "run", "cpu", folder.parent)
    ids = torch.from_numpy(training.draw(training.config.stages[0]).ids)
    with torch.no_grad():
        logits = training.model(ids[:, :-1])[0].flatten(0, 1)
        expected = F.cross_entropy(logits, ids[:, 1:].flatten())
    assert training.advance(Recall()) == pytest.approx(expected.item(), rel=1e-5)


def test_among_stories_each_of_their_tokens_weighs_one(folder: Path, tmp_path: Path) -> None:
    stage = Stage(64, 4, (1,), 1, 8, texts=0.5)
    mixed = replace(config(stage), others_kept=1.0)
    training = Training(mixed, tmp_path / "run", "cpu", folder.parent)
    made = training.draw(stage)
    ids, tags = torch.from_numpy(made.ids), made.tags[:, 1:]
    weight = np.where(tags == Tag.ANSWER, 10.0, np.where(tags == Tag.TEXT, 1.0, 0.3))
    assert set(weight.flat) == {10.0, 1.0, 0.3}
    with torch.no_grad():
        logits = training.model(ids[:, :-1])[0].flatten(0, 1)
        losses = F.cross_entropy(logits, ids[:, 1:].flatten(), reduction="none").numpy()
    expected = np.average(losses, weights=weight.flatten())
    assert training.advance(Recall()) == pytest.approx(expected, rel=1e-5)


def test_a_share_of_a_batch_is_of_texts_on_average_exactly(folder: Path, tmp_path: Path) -> None:
    stage = Stage(48, 3, (1,), 200, 8, texts=0.25)
    training = Training(config(stage), tmp_path / "run", "cpu", folder.parent)
    rows = []
    for training.step in range(200):
        made = training.draw(stage)
        assert made.ids.shape == (3, 49)
        rows.append((made.tags[:, 1] == Tag.TEXT).sum())
    assert set(rows) == {0, 1} and np.mean(rows) == pytest.approx(0.75, abs=0.1)


def test_a_resumed_training_on_texts_is_the_uninterrupted_one(folder: Path, tmp_path: Path) -> None:
    stages = (Stage(48, 2, (1,), 2, 8, texts=0.5), of_texts(2))
    whole = Training(config(*stages), tmp_path / "whole", "cpu", folder.parent)
    whole.run()
    halted = Training(config(*stages), tmp_path / "halves", "cpu", folder.parent)
    stop_after(halted, 3)
    halted.save()
    again = Training(config(*stages), tmp_path / "halves", "cpu", folder.parent)
    assert again.resume() and again.step == 3
    again.run()
    for mine, theirs in zip(whole.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    card = model_card(tmp_path / "halves" / MODEL)
    assert card["texts"]["files"] == 2 and str(tmp_path) not in str(card)


def test_a_run_is_not_gone_on_with_once_its_texts_are_others(folder: Path, tmp_path: Path) -> None:
    Training(config(of_texts(2)), tmp_path / "run", "cpu", folder.parent).save()
    (folder / "one.txt").write_text(ONE + "More.", encoding="utf-8")
    with pytest.raises(ValueError, match="other content of the texts"):
        Training(config(of_texts(2)), tmp_path / "run", "cpu", folder.parent).resume()


MISTAKES = {
    "missing": (lambda mine: None, ["yours.txt"], "'yours.txt' names no file"),
    "no name": (lambda mine: None, [""], "a name is empty: name a file, a folder"),
    "no match": (lambda mine: None, ["mine/*.text"], "names no file"),
    "empty folder": (
        lambda mine: (mine / "none").mkdir(),
        ["mine/none"],
        "holds no file that ends in .txt or .md",
    ),
    "empty": (lambda mine: (mine / "e.txt").write_text(" \n"), ["mine"], "e.txt is empty: leave it out"),
    "latin": (
        lambda mine: (mine / "l.txt").write_bytes("Tür".encode("latin-1")),
        ["mine/l.txt"],
        r"l.txt is not UTF-8 text \(byte 1\); save it as UTF-8 first",
    ),
    "binary": (lambda mine: None, ["mine/*"], "picture.png is"),
    "large": (
        lambda mine: (mine / "b.txt").open("wb").truncate(64_000_001),
        ["mine/b.txt"],
        "over the limit of 64,000,000: name fewer",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_one_sentence_and_begins_no_run(mistake: str, folder: Path, tmp_path: Path) -> None:
    make, patterns, told = MISTAKES[mistake]
    make(folder)
    wrong = replace(config(of_texts(1)), texts=tuple(patterns))
    with pytest.raises(ValueError, match=told) as caught:
        Training(wrong, tmp_path / "run", "cpu", folder.parent)
    assert "\n" not in str(caught.value) and not (tmp_path / "run").exists()


def test_too_short_texts_are_told_before_the_training_begins(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="add texts, or make length smaller"):
        Training(config(of_texts(1), of_texts(1, length=5000)), tmp_path / "run", "cpu", folder.parent)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("head", "stage", "told"),
    [
        ("", "task = 'texts'", "none are named: begin the recipe with texts ="),
        ("", "facts = [1]\ntexts = 0.5", "none are named"),
        ("texts = ['mine']", "facts = [1]", "no stage trains on them"),
        ("texts = ['mine']", "task = 'texts'\nfacts = [1]", "facts are not for texts"),
        ("texts = ['mine']", "facts = [1]\ntexts = 1.5", "between 0 and 1"),
        ("texts = 'mine'", "task = 'texts'", "a list of words"),
        ("texts = ['mine']", "task = 'texts'\nchapters = 0.5", "for stories alone"),
        ("texts = ['mine']", "task = 'text'\nfacts = [1]", "must be one of story, babi, mqar, texts"),
    ],
)
def test_a_wrong_recipe_of_texts_is_refused(head: str, stage: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(f"{head}\n[model]\n[[stages]]\nlength = 64\nbatch = 2\nsteps = 3\n{stage}\n")
    with pytest.raises(ValueError, match=told):
        read_config(path, VOCAB_SIZE)


def test_the_example_can_be_read_and_is_the_same_from_its_card() -> None:
    example = read_config(EXAMPLE, VOCAB_SIZE)
    assert read_texts(example.texts, EXAMPLE.parent).files == 12
    assert recipe(as_read(example), VOCAB_SIZE) == example
    assert [stage.own for stage in example.stages] == [0.0, 0.25, 1.0]


def test_how_well_the_vocabulary_fits_is_said_when_training_begins(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder.parent / "mine.toml"
    path.write_text(
        "texts = ['mine/*.txt']\n"
        "[model]\nwidth = 16\nlayers = 1\nheads = 1\nhead_width = 8\nfeed_forward = 8\n"
        "[[stages]]\ntask = 'texts'\nlength = 32\nbatch = 1\nsteps = 1\n"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["train", str(path)]) == 0
    told = capsys.readouterr().out.splitlines()[0]
    tokens = len(TOKENIZER.encode(ONE))
    assert told.startswith(
        f"1 text, {len(ONE):,} characters, {tokens:,} tokens: {len(ONE) / tokens:.1f} characters"
    )
    assert (tmp_path / "runs" / "mine" / MODEL).is_file()
    chinese = "我家门前有两棵树，一棵是枣树。"
    ids = np.array(TOKENIZER.encode(chinese), np.int32)
    assert "fits them badly" in Texts(ids, 1, len(chinese), TOKENIZER).fit()


def test_brackets_in_a_name_are_part_of_it(folder: Path) -> None:
    odd = folder.parent / "my [new] texts"
    folder.rename(odd)
    (odd / "b[1].txt").write_text(TWO, encoding="utf-8")
    assert read_texts(["*.txt", "b[1].txt"], odd, TOKENIZER).files == 2
    assert read_texts([str(odd / "b[1].txt")], folder.parent, TOKENIZER).files == 1
