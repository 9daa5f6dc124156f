"""What a person can get wrong in Python: one sentence that says what to do."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import titans_core as tc
from tests.titans_core.conftest import tiny
from titans_core import __main__ as program
from titans_core import checkpoint, files
from titans_core.config import VARIANTS
from titans_core.console import check_output
from titans_core.files import write_text
from titans_core.stepping import step
from titans_core.tokenizer import Tokenizer


@pytest.mark.parametrize("name", [None, 3, b"mac", ["mac"]])
def test_what_is_no_name_and_no_path_is_told_in_one_sentence(name: object) -> None:
    stream = tc.Stream(tc.load("lmm", device="cpu"))
    for use in (tc.load, tc.model_card, stream.save, tc.Stream.load):
        with pytest.raises(TypeError, match="a file is named by a str or a Path, not by"):
            use(name)  # type: ignore[operator]


def test_what_is_no_device_and_no_model_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no device 'None' here"):
        tc.load("lmm", device=None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"model= takes a model, as load\('mac'\) gives it, not 'lmm'"):
        tc.Stream.load(tmp_path / "mine.safetensors", "lmm")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="is a folder: name the file in it"):
        tc.Stream.load(tmp_path)


def test_nothing_takes_the_place_of_what_is_no_file(tmp_path: Path) -> None:
    """Whoever may would otherwise replace /dev/null by a file of its name."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for place in (pipe, tmp_path):
        with pytest.raises(ValueError, match="is not a file"):
            write_text(place, "text")
        with pytest.raises(ValueError, match="is not a file|is a folder"):
            check_output(place)
    for name in ("a\0b", "x" * 300):
        with pytest.raises(ValueError, match="cannot write"):
            write_text(tmp_path / name, "text")
    assert pipe.is_fifo()


def test_what_links_lead_to_is_written_and_the_links_stay(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    real, link, first = tmp_path / "data" / "real.csv", tmp_path / "link.csv", tmp_path / "first.csv"
    link.symlink_to("data/real.csv")
    first.symlink_to(link)
    for path, text in ((link, "made"), (first, "replaced"), (link, "again")):
        check_output(path)
        write_text(path, text)
        assert real.read_text() == text and link.is_symlink() and first.is_symlink()
    assert list((tmp_path / "data").iterdir()) == [real]
    link.unlink()
    link.symlink_to(first)
    lost = tmp_path / "lost.csv"
    lost.symlink_to("nope/lost.csv")
    for path, complaint in ((first, "leads back to itself"), (lost, "there is no folder .*nope: make it")):
        with pytest.raises(ValueError, match=complaint):
            check_output(path)
    with pytest.raises(ValueError, match="leads back to itself"):
        write_text(first, "text")
    assert link.is_symlink() and first.is_symlink() and not (tmp_path / "nope").exists()


def test_no_link_leads_to_a_file_through_a_folder_of_devices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/dev/stdout is such a link, where standard output goes to a file."""
    devices, out, link = tmp_path / "dev", tmp_path / "out.txt", tmp_path / "link.csv"
    devices.mkdir()
    out.write_text("printed")
    (devices / "stdout").symlink_to(out)
    link.symlink_to(devices / "stdout")
    (tmp_path / "folder").symlink_to(devices)
    monkeypatch.setattr(files, "DEVICES", (devices,))
    for path in (devices / "stdout", link, tmp_path / "folder" / "stdout", devices / "new.csv"):
        for use in (check_output, lambda path: write_text(path, "text")):
            with pytest.raises(ValueError, match="is not a file"):
                use(path)
    assert out.read_text() == "printed" and [path.name for path in devices.iterdir()] == ["stdout"]
    assert link.is_symlink() and (devices / "stdout").is_symlink()
    monkeypatch.setattr(files, "IN_MEMORY", devices)
    write_text(link, "text")
    assert out.read_text() == "text"


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o400])
def test_who_may_read_a_file_that_is_replaced_stays_as_it_was(mode: int, tmp_path: Path) -> None:
    path, new = tmp_path / "table.json", tmp_path / "new.json"
    path.write_text("{}")
    path.chmod(mode)
    write_text(path, "[]")
    assert path.read_text() == "[]" and path.stat().st_mode & 0o777 == mode
    plain = tmp_path / "plain"
    plain.touch()
    write_text(new, "[]")
    assert new.stat().st_mode == plain.stat().st_mode


IDS = torch.tensor([[1, 2]])


@pytest.fixture(scope="module")
def model() -> tc.TitansLM:
    return tc.load("lmm", device="cpu")


@pytest.mark.parametrize(
    ("use", "complaint"),
    [
        (lambda model: tc.Stream(model, history="a"), "history must be a whole number, not 'a'"),
        (lambda model: tc.Stream(model, history=None), "history must be a whole number, not None"),
        (lambda model: tc.Stream(model).feed([1.5]), "a token id must be a whole number, not 1.5"),
        (lambda model: tc.Stream(model).feed(["a"]), "a token id must be a whole number, not 'a'"),
        (lambda model: tc.Stream(model).at(None), "a position must be a whole number, not None"),
        (lambda model: tc.Stream(model).at(True), "a position must be a whole number, not True"),
        (lambda model: tc.Stream(model).ask("Who?").chances(None), "a text is a str, not NoneType"),
        (lambda model: tc.Stream(model).feed("Tom").first(0.5), "count must be a whole number, not 0.5"),
        (lambda model: model.initial_state(True), "batch must be a whole number, not True"),
        (lambda model: model(IDS, None, True, "ab"), "edits are Edits, one a layer, .*, not 'ab'"),
        (lambda model: model(IDS, None, True, [1, 2]), r"edits are Edits, one a layer, .*, not \[1, 2\]"),
        (lambda _: Tokenizer.load().name(5.7), "a token id must be a whole number, not 5.7"),
        (lambda _: Tokenizer.load().decode([5.7]), "a token id must be a whole number, not 5.7"),
        (lambda _: Tokenizer.load().decode(5), "token ids are a list, not 5"),
        (lambda _: tc.Trace.join([1]), "traces are joined, a list of them, not 1"),
        (lambda model: tc.Trace.join(tc.Stream(model).feed("Tom")), "a list of them, not 'Tom'"),
        (lambda _: tc.Thinned(near=1.5), "near must be a whole number, not 1.5"),
        (lambda _: tc.Thinned(stretches=4.0), "stretches must be a whole number, not 4.0"),
        (lambda _: tc.Thinned().add(None), "takes in traces, as feed gives them, not None"),
        (lambda model: tc.read_together(tc.Stream(model), ["a"]), "streams are a list of Stream, not"),
        (lambda _: tc.read_together(["lmm"], ["a"]), "streams are a list of Stream, not .'lmm'."),
        (lambda model: tc.read_together([tc.Stream(model)], "a"), "texts are a list, one a stream, not 'a'"),
        (
            lambda model: tc.read_together([tc.Stream(model)], None),
            "texts are a list, one a stream, not None",
        ),
    ],
)
def test_what_is_of_another_type_is_told_in_one_sentence(
    model: tc.TitansLM, use: Callable[[tc.TitansLM], object], complaint: str
) -> None:
    with pytest.raises(TypeError, match=complaint):
        use(model)


def test_edits_are_one_a_layer(model: tc.TitansLM) -> None:
    with pytest.raises(ValueError, match="edits are one a layer: of 2 layers, 1 were given"):
        model(IDS, None, True, [None])  # type: ignore[list-item]


def test_a_model_in_half_precision_is_refused_with_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"not in torch.float16: give model.float\(\)"):
        tc.Stream(tc.load("lmm", device="cpu").half())
    for name, kind in (("mac", torch.float16), ("mag", torch.bfloat16)):
        with pytest.raises(ValueError, match=rf"not in {kind}: give model.float\(\)"):
            tc.load(name, device="cpu").to(kind)(torch.ones(1, 3, dtype=torch.long))


SMALL = tc.ModelConfig(variant="lmm", width=16, layers=1, heads=2, head_width=8, feed_forward=16)
STAGE = tc.Stage(length=64, batch=2, facts=(1,), steps=2)


@pytest.mark.parametrize(
    ("kind", "given", "complaint"),
    [
        (tc.MemoryConfig, {"depth": None}, "depth must be a whole number, not None"),
        (tc.MemoryConfig, {"depth": 1.5}, "depth must be a whole number, not 1.5"),
        (tc.MemoryConfig, {"hidden": True}, "hidden must be a whole number, not True"),
        (tc.MemoryConfig, {"step_max": "a"}, "step_max must be a number, not 'a'"),
        (tc.MemoryConfig, {"decayed": "no"}, "decayed must be true or false, not 'no'"),
        (tc.MemoryConfig, {"silu": "value"}, "silu must be a list of words, .*, not 'value'"),
        (tc.ModelConfig, {"width": "a"}, "width must be a whole number, not 'a'"),
        (tc.ModelConfig, {"memory": {}}, "memory must be a MemoryConfig, not {}"),
        (tc.ModelConfig, {"memory": True}, "memory must be a MemoryConfig, not True"),
        (tc.Stage, vars(STAGE) | {"batch": 1.5}, "batch must be a whole number, not 1.5"),
        (tc.Stage, vars(STAGE) | {"facts": 1}, "facts must be a list of whole numbers, .*, not 1"),
        (tc.TrainConfig, {"model": "lmm", "stages": (STAGE,)}, "model must be a ModelConfig, not 'lmm'"),
        (tc.TrainConfig, {"model": SMALL, "stages": STAGE}, "stages must be a tuple of Stage, not Stage"),
        (tc.TrainConfig, {"model": SMALL, "stages": ("a",)}, "stages must be a tuple of Stage, not"),
        (tc.TrainConfig, {"model": SMALL, "stages": (STAGE,), "seed": 1.5}, "seed must be a whole number"),
        (
            tc.TrainConfig,
            {"model": SMALL, "stages": (STAGE,), "texts": None},
            "texts must be a list of words",
        ),
        (tc.TitansLM, {"config": "mac"}, "a model is made from a ModelConfig, not from 'mac'"),
        (tc.Training, {"config": None, "folder": "run"}, "a training follows a TrainConfig, not None"),
    ],
)
def test_what_a_model_and_a_training_are_not_made_of_is_told_in_one_sentence(
    kind: type, given: dict[str, object], complaint: str
) -> None:
    with pytest.raises(TypeError, match=complaint):
        kind(**given)


@pytest.mark.parametrize("size", [50, 1793, 5000])
def test_a_model_of_another_vocabulary_is_refused_before_any_work(size: int, tmp_path: Path) -> None:
    """Of a larger one a training went to its end, and nothing could load what it had made."""
    config, folder = replace(SMALL, vocab_size=size), tmp_path / "run"
    for use in (
        lambda: tc.Training(tc.TrainConfig(config, (STAGE,)), folder, "cpu"),
        lambda: tc.Stream(tc.TitansLM(config)),
    ):
        with pytest.raises(ValueError, match=f"vocab_size is the tokenizer's, 1794, not {size}"):
            use()
    assert not folder.exists()


def test_a_training_needs_a_folder_and_steps_between_savings(tmp_path: Path) -> None:
    config = tc.TrainConfig(SMALL, (STAGE,))
    with pytest.raises(TypeError, match="a file is named by a str or a Path, not by None"):
        tc.Training(config, None, "cpu")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="saved every step or more rarely, not every 0 steps"):
        tc.Training(config, tmp_path, "cpu").run(0)


def test_a_place_below_a_file_is_told_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("text")
    with pytest.raises(ValueError, match="plain is not a folder: name a file elsewhere"):
        check_output(tmp_path / "plain" / "further" / "map.json")


@pytest.mark.parametrize(
    "command", [["stream", "-", "--csv"], ["evaluate", "lmm", "--json"], ["sweep", "lmm", "--json"]]
)
def test_a_folder_that_is_not_there_is_told_before_any_work_and_not_made(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.main([*command, str(tmp_path / "nope" / "further" / "x.json")]) == 1
    told = f"there is no folder {tmp_path / 'nope' / 'further'}: make it first, or name a file elsewhere"
    assert told in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_a_stream_is_not_saved_into_a_folder_that_is_not_there(tmp_path: Path, model: tc.TitansLM) -> None:
    told = f"there is no folder {tmp_path / 'nope'}: make it first, or name a file elsewhere"
    with pytest.raises(ValueError, match=re.escape(told)):
        tc.Stream(model).save(tmp_path / "nope" / "mara.safetensors")
    assert not list(tmp_path.iterdir())


def test_many_may_write_one_file_at_once_and_none_is_read_in_part(tmp_path: Path) -> None:
    path, texts = tmp_path / "table.json", ["a" * 100_000, "b" * 50_000]
    write_text(path, texts[0])
    with ThreadPoolExecutor(4) as pool:
        written = [pool.submit(write_text, path, texts[n % 2]) for n in range(60)]
        while not all(one.done() for one in written):
            assert path.read_text() in texts
        for one in written:
            one.result()
    assert list(tmp_path.iterdir()) == [path]


def test_a_writing_that_is_stopped_leaves_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(file: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        write_text(tmp_path / "table.json", "{}")
    assert not list(tmp_path.iterdir())


def test_the_state_of_another_variant_is_refused_in_words(model: tc.TitansLM) -> None:
    other = tc.load("mac", device="cpu")
    ids = torch.tensor([[1, 2]])
    for use in (lambda: model(ids, other.initial_state()), lambda: other(ids, model.initial_state())):
        with pytest.raises(TypeError, match="the state is another model's"):
            use()
    with pytest.raises(TypeError, match="the state is another model's"):
        model(ids, model.initial_state()[:1])


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    ("change", "tensor", "sizes"),
    [
        ({"heads": 1}, r"weights\.0|keys", r"\[1, 1, (8|0 to 5), 8\]"),
        ({"head_width": 4}, r"weights\.0|keys", r"\[1, 2, (4|0 to 5), 4\]"),
        ({"window": 3}, "keys", r"\[1, 2, 0 to 2, 8\]"),
        ({"memory": tc.MemoryConfig(convolution=2)}, "tail", r"\[1, 1, 54\]"),
        ({"memory": tc.MemoryConfig(depth=2, hidden=6, chunk_size=8)}, r"weights\.0", r"\[1, 2, 8, 6\]"),
    ],
    ids=str,
)
def test_the_state_of_a_model_of_other_sizes_is_refused_and_the_size_is_named(
    variant: str, change: dict[str, Any], tensor: str, sizes: str
) -> None:
    one = tiny(variant)
    other = tc.TitansLM(replace(one.config, **change)).double().eval()
    ids = torch.randint(0, 60, (1, 11))
    with torch.inference_mode():
        state = one(ids).state
        if (variant, *change) in (("attention", "memory"), ("lmm", "window")):
            other(ids, state)  # such a size is none of its state's
            return
        complaint = rf"of other sizes: its 0\..*({tensor}) is .*, where this model has {sizes}"
        for use in (lambda: other(ids, state), lambda: step(other, ids[0, :1], state)):
            with pytest.raises(ValueError, match=complaint):
                use()


def test_a_checkpoint_replaced_while_it_is_loaded_is_one_of_the_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, digests = tmp_path / "mine.safetensors", []
    for name in ("mag", "mac"):
        path.write_bytes((checkpoint.SHIPPED / f"{name}.safetensors").read_bytes())
        digests.append(tc.load(path, device="cpu").digest)
    outline = checkpoint.outline

    def replaced(*args: Any) -> tc.TitansLM:
        path.write_bytes((checkpoint.SHIPPED / "mag.safetensors").read_bytes())
        return outline(*args)

    monkeypatch.setattr(checkpoint, "outline", replaced)
    found = tc.load(path, device="cpu")
    assert (found.config.variant, found.digest) == ("mac", digests[1])


@pytest.mark.parametrize(
    "command",
    [["evaluate", "--suite", "niah"], ["train", "configs/lmm.toml", "--ship", "--out", "runs/none"]],
)
def test_where_nothing_can_be_written_no_training_begins(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "plain"
    place.write_text("text")
    monkeypatch.setattr(program, "path_of", lambda suite: place / f"{suite}.json")
    monkeypatch.setattr(program, "SHIPPED", place)
    monkeypatch.setattr(program, "run_suite", lambda *_: pytest.fail("it has begun"))
    monkeypatch.setattr(program, "Training", lambda *_: pytest.fail("it has begun"))
    assert program.main(command) != 0
    assert "plain is not a folder" in capsys.readouterr().err
