"""What a person can get wrong on the command line: one sentence, an exit code, and nothing lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

import titans_core as tc
from titans_core.__main__ import main
from titans_core.checkpoint import SHIPPED, write_text

MAC = SHIPPED / "mac.safetensors"
RECIPE = """
[model]
variant = "lmm"
width = 16
layers = 1
heads = 2
head_width = 8
feed_forward = 16
[[stages]]
length = 64
batch = 2
facts = [1]
steps = 2
"""


def truncated(path: Path) -> None:
    path.write_bytes(MAC.read_bytes()[:-1000])


def tampered_header(path: Path) -> None:
    content = bytearray(MAC.read_bytes())
    content[8:40] = b"\xff" * 32
    path.write_bytes(content)


def of_another_shape(path: Path) -> None:
    config = tc.load("mac", device="cpu").config.to_dict() | {"width": 64}
    save_file(load_file(MAC), path, {"config": json.dumps(config)})


def with_an_unknown_key(path: Path) -> None:
    config = tc.load("mac", device="cpu").config.to_dict() | {"colour": 3}
    save_file(load_file(MAC), path, {"config": json.dumps(config)})


def of_another_tokenizer(path: Path) -> None:
    config = tc.load("mac", device="cpu").config.to_dict()
    fewer = config["vocab_size"] - 1
    tensors = load_file(MAC)
    tensors["embedding.weight"] = tensors["embedding.weight"][:fewer].contiguous()
    save_file(tensors, path, {"config": json.dumps(config | {"vocab_size": fewer})})


def without_a_tensor(path: Path) -> None:
    tensors = load_file(MAC)
    del tensors["norm.scale"]
    save_file(tensors, path, {"config": json.dumps(tc.load("mac", device="cpu").config.to_dict())})


def without_a_header(path: Path) -> None:
    save_file(load_file(MAC), path)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("command", ["evaluate", "info"])
@pytest.mark.parametrize(
    "damage",
    [
        truncated,
        tampered_header,
        of_another_shape,
        with_an_unknown_key,
        of_another_tokenizer,
        without_a_tensor,
        without_a_header,
        empty,
    ],
)
def test_a_wrong_checkpoint_is_one_sentence(
    command: str, damage: Callable[[Path], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model.safetensors"
    damage(path)
    assert main([command, str(path)]) == 1
    assert_one_sentence(capsys, "model.safetensors")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"\xff\xfe not UTF-8", "cannot read"),
        (RECIPE.encode() + b"colour = 1\n", "unknown key 'colour' in [stages]"),
        (RECIPE.replace("steps = 2", "").encode(), "steps"),
        (
            RECIPE.replace("facts = [1]", "facts = 1").encode(),
            "facts in [stages] must be a list of whole numbers",
        ),
        (RECIPE.replace("heads = 2", "heads = true").encode(), "heads in [model] must be a whole number"),
    ],
)
def test_a_wrong_recipe_is_one_sentence(
    content: bytes, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "recipe.toml"
    path.write_bytes(content)
    assert main(["train", str(path), "--out", str(tmp_path / "run"), "--device", "cpu"]) == 1
    assert_one_sentence(capsys, complaint)


def test_a_text_that_is_not_utf8_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes("Grüße".encode("latin-1"))
    assert main(["stream", str(path)]) == 1
    assert_one_sentence(capsys, "is not UTF-8 text (byte 2)")


def test_a_full_disk_ends_a_training_in_one_sentence_and_keeps_what_was_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, run = tmp_path / "recipe.toml", tmp_path / "run"
    recipe.write_text(RECIPE)
    assert main(["train", str(recipe), "--out", str(run), "--device", "cpu"]) == 0
    before = {name: (run / name).read_bytes() for name in ("model.safetensors", "progress.json")}
    recipe.write_text(RECIPE)
    (run / "progress.json").write_text(json.dumps({"step": 1, "seconds": 1.0, "tokens": 128}))
    capsys.readouterr()

    def full(path: Path, content: bytes) -> int:
        with open("/dev/full", "wb", buffering=0) as disk:  # noqa: PTH123
            return disk.write(content)

    monkeypatch.setattr(Path, "write_bytes", full)
    assert main(["train", str(recipe), "--out", str(run), "--device", "cpu"]) == 1
    assert_one_sentence(capsys, "No space left on device")
    assert (run / "model.safetensors").read_bytes() == before["model.safetensors"]
    with pytest.raises(ValueError, match="No space left"):
        write_text(tmp_path / "card.json", "{}")
    assert not list(tmp_path.rglob("*.part"))


def assert_one_sentence(capsys: pytest.CaptureFixture[str], complaint: str) -> None:
    """The last line on stderr is the complaint; there is no traceback."""
    told = capsys.readouterr().err
    assert "Traceback" not in told
    last = told.strip().splitlines()[-1]
    assert last.startswith("titans_core: ") and complaint in last, last
