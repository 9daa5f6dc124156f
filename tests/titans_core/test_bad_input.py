"""What a person can get wrong on the command line: one sentence, an exit code, and nothing lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import titans_core as tc
from titans_core.__main__ import main
from titans_core.checkpoint import SHIPPED
from titans_core.files import write_text
from titans_core.train import MODEL, RUN

ROOT = Path(__file__).resolve().parents[2]
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


def test_only_the_projects_own_recipes_replace_what_is_shipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mac.toml"
    path.write_text(RECIPE)
    shipped = MAC.read_bytes()
    assert main(["train", str(path), "--out", str(tmp_path / "run"), "--device", "cpu", "--ship"]) == 1
    assert "takes only a recipe of configs/" in capsys.readouterr().err
    assert MAC.read_bytes() == shipped and not (tmp_path / "run").exists()


def test_a_text_that_is_not_utf8_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes("Grüße".encode("latin-1"))
    assert main(["stream", str(path)]) == 1
    assert_one_sentence(capsys, "is not UTF-8 text (byte 2)")


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"])
def test_a_text_that_is_empty_is_one_sentence(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    assert main(["stream", str(path)]) == 1
    assert_one_sentence(capsys, "text.txt holds no text: name a file that does")
    assert main(["stream", ""]) == 1
    assert_one_sentence(capsys, "name a text file, or - for standard input")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("LICENSE >&-", "standard output is closed: leave it open, or send it to a file"),
        ("- <&-", "standard input is closed: send a text to it, or name a file"),
    ],
)
def test_a_stream_that_the_shell_has_closed_is_one_sentence(arguments: str, told: str) -> None:
    out = shell(f"stream {arguments}")
    assert (out.returncode, out.stderr) == (1, f"titans_core: {told}\n")


def test_nothing_is_told_where_nobody_would_hear_it() -> None:
    out = shell("stream - --model lmm 2>&-", "Tom likes soup.")
    assert out.returncode == 0 and out.stdout.startswith("token\tnll")


def shell(command: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command as a shell does, which can close its streams."""
    program = [f"{sys.executable} -m titans_core {command}"]
    return subprocess.run(program, shell=True, cwd=ROOT, input=text, capture_output=True, text=True)


def test_bars_are_drawn_on_terminals_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe, text = tmp_path / "recipe.toml", tmp_path / "text.txt"
    recipe.write_text(RECIPE)
    text.write_text("Tom likes soup.")
    model = str(tmp_path / "run" / MODEL)
    sweep = ["sweep", model, "--lengths", "64", "--depths", "0", "--asked", "1"]
    for command in (
        ["train", str(recipe), "--out", str(tmp_path / "run"), "--device", "cpu"],
        ["evaluate", model, "--asked", "1"],
        ["stream", str(text), "--model", model],
        sweep,
    ):
        assert main(command) == 0
        assert not capsys.readouterr().err, command[0]


def unfinished(run: Path, **progress: object) -> None:
    """Make a finished run one that stands at another step, or anything else that its header may say."""
    with safe_open(run / RUN, framework="pt") as file:
        facts = json.loads(file.metadata()["run"])
    facts["progress"] |= progress
    save_file(load_file(run / RUN), run / RUN, {"run": json.dumps(facts)})


def test_a_full_disk_ends_a_training_in_one_sentence_and_keeps_what_was_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, run = tmp_path / "recipe.toml", tmp_path / "run"
    recipe.write_text(RECIPE)
    assert main(["train", str(recipe), "--out", str(run), "--device", "cpu"]) == 0
    before = {path: path.read_bytes() for path in run.iterdir()}
    assert main(["train", str(recipe), "--out", str(run), "--device", "cpu"]) == 0  # nothing is left to do
    unfinished(run, step=1)
    before[run / RUN] = (run / RUN).read_bytes()
    capsys.readouterr()

    def full(path: Path, content: bytes) -> int:
        with open("/dev/full", "wb", buffering=0) as disk:  # noqa: PTH123
            return disk.write(content)

    monkeypatch.setattr(Path, "write_bytes", full)
    assert main(["train", str(recipe), "--out", str(run), "--device", "cpu"]) == 1
    assert_one_sentence(capsys, "No space left on device")
    assert all(path.read_bytes() == content for path, content in before.items())
    with pytest.raises(ValueError, match="No space left"):
        write_text(tmp_path / "card.json", "{}")
    assert not list(tmp_path.rglob("*.part"))


def test_a_run_cut_off_between_two_files_goes_on_as_if_nothing_had_happened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The model may be older or newer than the run: all that going on needs is in one file."""
    recipe, run = tmp_path / "recipe.toml", tmp_path / "run"
    recipe.write_text(RECIPE)
    assert main(["train", str(recipe), "--out", str(run), "--device", "cpu"]) == 0
    whole = (run / MODEL).read_bytes()
    (run / MODEL).write_bytes(whole[: len(whole) // 2])
    assert main(["train", str(recipe), "--out", str(run), "--device", "cpu"]) == 0
    assert (run / RUN).is_file() and "trained to the end" in capsys.readouterr().out
    (run / RUN).unlink()
    assert main(["train", str(recipe), "--out", str(run), "--device", "cpu"]) == 1
    assert_one_sentence(capsys, "no run to go on with")


@pytest.mark.parametrize("progress", [{"step": "x"}, {"step": 3}, {"step": -1}, {"step": 1.5}, {"losses": 3}])
def test_a_run_that_says_what_cannot_be_is_left_alone(
    progress: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, run = tmp_path / "recipe.toml", tmp_path / "run"
    recipe.write_text(RECIPE)
    assert main(["train", str(recipe), "--out", str(run), "--device", "cpu"]) == 0
    unfinished(run, **progress)
    assert main(["train", str(recipe), "--out", str(run), "--device", "cpu"]) == 1
    assert_one_sentence(capsys, "damaged run")


def test_nothing_is_written_over_what_it_is_made_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, model = tmp_path / "text.txt", tmp_path / "mine.safetensors"
    text.write_text("Tom likes soup.")
    model.write_bytes(MAC.read_bytes())
    card = model.with_suffix(".json")
    card.write_text("{}")
    for command in (
        ["stream", str(text), "--csv", str(text)],
        ["stream", str(text), "--csv", str(tmp_path)],
        ["evaluate", str(model), "--json", str(card)],
        ["evaluate", str(model), "--json", str(model)],
    ):
        assert main(command) == 1
        assert_one_sentence(capsys, "name")
    assert text.read_text() == "Tom likes soup." and card.read_text() == "{}"


def assert_one_sentence(capsys: pytest.CaptureFixture[str], complaint: str) -> None:
    """The last line on stderr is the complaint; there is no traceback."""
    told = capsys.readouterr().err
    assert "Traceback" not in told
    last = told.strip().splitlines()[-1]
    assert last.startswith("titans_core: ") and complaint in last, last
