"""The map of a needle: what is asked, in which haystacks, and the same numbers wherever it is measured."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

import titans_core as tc
from titans_core.__main__ import main
from titans_core.checkpoint import find
from titans_core.sweep import Found, Haystack, Plan, Step, alone, command, over_processes, over_ray
from titans_core.sweep.haystacks import TABLE, known_rows, read_table
from titans_core.sweep.haystacks import table as haystacks_table
from titans_core.sweep.measure import measure
from titans_core.tasks.document import Tag
from titans_core.tasks.hidden import LAST, Needle, asked, drawn, generated, hide, of_text
from titans_core.tokenizer import Tokenizer

TOKENIZER = Tokenizer.load()
RED_KEY = Needle("Mara put the red key in the attic.", "Where is the red key?", "Attic")
SMALL = Plan((64, 128), (0.0, 1.0), asked=2)
LICENCE = Path(__file__).parents[2] / "LICENSE"


def found(steps: Iterator[Step]) -> list[Found]:
    return sorted(step.found for step in steps if step.found)


@given(
    st.text(min_size=1, max_size=300).filter(str.strip),
    st.integers(0, 9),
    st.integers(64, 600),
    st.one_of(st.floats(0, 1), st.sampled_from((0.0, 1.0))),
)
@example("x" * 1000, 3, 300, 0.5)
@example("漢字" * 500, 3, 300, 0.5)
@example("\n\n a", 0, 64, 1.0)
@settings(max_examples=60)
def test_a_fact_is_hidden_in_any_text_at_its_depth(text: str, number: int, length: int, depth: float) -> None:
    hay = hide(RED_KEY.fact, of_text(text, number), length, depth)
    assert TOKENIZER.decode(hay.ids[: hay.start]) == hay.before
    assert TOKENIZER.decode(hay.ids[: hay.told]) == f"{hay.before} {RED_KEY.fact}".lstrip()
    rest = len(hay.ids) - (hay.told - hay.start)
    assert hay.start <= depth * length and length <= rest and hay.told <= len(hay.ids) - LAST
    assert set("".join(hay.before.split() + hay.after.split())) <= set("".join(text.split()))


def test_a_text_is_read_from_its_begin_over_and_over_and_other_numbers_begin_elsewhere() -> None:
    text = "One is here. Two is there.\nThree? Four!"
    pieces = [piece for _, piece in zip(range(6), of_text(text), strict=False)]
    assert pieces == [
        " One is here.",
        " Two is there.",
        "\nThree?",
        " Four!",
        " One is here.",
        " Two is there.",
    ]
    assert {next(of_text(text, number)) for number in range(8)} == set(pieces)
    with pytest.raises(ValueError, match="holds no text"):
        next(of_text(" \n"))


def test_a_question_ends_what_is_read_and_its_value_is_what_counts() -> None:
    hay = hide(RED_KEY.fact, generated(Random(1)), 64, 0.5)
    story = asked(hay, RED_KEY)
    assert story.ids[0] == TOKENIZER.begin
    tail = TOKENIZER.decode(story.ids[1 + len(hay.ids) :], opening=False)
    assert tail == " Where is the red key? attic."
    assert TOKENIZER.decode(story.ids[story.tags == Tag.ANSWER], opening=False) == " attic."


def test_a_cell_gives_what_a_stream_answers(one_thread: None) -> None:
    plan, model = Plan((128,), (0.5,), asked=3), tc.load("mac", "cpu")
    (got,) = found(alone(model, plan))
    chances, right = [], 0
    for number in range(3):
        rng = Random(f"sweep 1 {number}")
        needle = drawn(rng)
        stream = tc.Stream(model)
        stream.feed(hide(needle.fact, generated(rng), 128, 0.5).ids)
        answer = stream.ask(needle.question)
        chances.append(answer.chances(needle.value)[0])
        right += answer.text == needle.value
    assert (got.right, got.asked) == (right, 3)
    assert got.chance == pytest.approx(sum(chances) / 3, rel=1e-3)


def test_reading_in_pieces_is_reading_at_once(one_thread: None, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, model = (
        Plan((600,), (0.2,), asked=2, haystack=Haystack("text", "Far away. " * 40)),
        tc.load("lmm", "cpu"),
    )
    steps = list(measure(model, plan, plan.cells[0]))
    whole = found(alone(model, plan))
    monkeypatch.setattr("titans_core.sweep.measure.PIECE", 128)
    pieces = found(alone(model, plan))
    assert len(steps) > 1 and pieces[0].right == whole[0].right
    assert pieces[0].chance == pytest.approx(whole[0].chance, rel=1e-3)


@pytest.mark.slow
def test_processes_measure_the_same_bit_for_bit(one_thread: None) -> None:
    there = found(over_processes(str(find("lmm")), SMALL, 2))
    assert len(there) == 4 and there == found(alone(tc.load("lmm", "cpu"), SMALL))


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="Ray is not installed: pip install ray")
def test_a_cluster_of_two_nodes_measures_the_same_bit_for_bit(
    one_thread: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    cluster = Cluster(True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        cluster.add_node(num_cpus=1)
        there = found(over_ray(str(find("lmm")), SMALL, cluster.gcs_address))
    finally:
        cluster.shutdown()
    assert len(there) == 4 and there == found(alone(tc.load("lmm", "cpu"), SMALL))


def test_without_ray_or_its_cluster_one_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ValueError, match="pip install ray"):
        next(over_ray("lmm", SMALL, "auto"))

    class Nobody:
        @staticmethod
        def init(**_: object) -> None:
            raise ConnectionError("nobody there")

    monkeypatch.setitem(sys.modules, "ray", Nobody)
    with pytest.raises(ValueError, match="no Ray cluster answers at local"):
        next(over_ray("lmm", SMALL, "local"))


def test_an_address_that_nobody_answers_is_told_before_ray_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Waiting:
        @staticmethod
        def init(**_: object) -> None:
            pytest.fail("Ray was asked, and waits for minutes")

    monkeypatch.setitem(sys.modules, "ray", Waiting)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # and never listens
        silent = f"127.0.0.1:{deaf.getsockname()[1]}"
        monkeypatch.setenv("RAY_ADDRESS", silent)
        for address in (silent, f"ray://{silent}", "127.0.0.1:123456", "auto"):
            with pytest.raises(ValueError, match=f"no Ray cluster answers at {address}"):
                next(over_ray("lmm", SMALL, address))


def ended(*_: object) -> None:
    os._exit(9)


@pytest.mark.slow
def test_a_process_that_is_ended_ends_the_sweep_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("titans_core.sweep.spread.cell_alone", ended)
    with pytest.raises(ValueError, match="ended from outside"):
        next(over_processes("lmm", SMALL, 1))


def test_the_command_writes_how_and_what_was_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], one_thread: None
) -> None:
    out = tmp_path / "map.json"
    wanted = ["sweep", "lmm", "--lengths", "64", "1024", "--depths", "0", "--asked", "1", "--seed", "7"]
    assert main([*wanted, "--haystack", str(LICENCE), "--json", str(out)]) == 0
    told = capsys.readouterr().out
    assert "LICENSE has" in told and "cut to 64 tokens, and repeated over and over to fill 1,024" in told
    made = json.loads(out.read_text())
    assert made["complete"] and made["seed"] == 7 and made["torch"] == torch.__version__
    assert made["haystack"]["text"] == "LICENSE" and len(made["haystack"]["sha256"]) == 64
    assert made["devices"] and [cell["length"] for cell in made["cells"]] == [64, 1024]
    assert all(0 <= cell["probability"] <= 1 and cell["asked"] == 1 for cell in made["cells"])


def stopped_after(monkeypatch: pytest.MonkeyPatch, cells: int) -> None:
    def interrupted(model: tc.TitansLM, plan: Plan) -> Iterator[Step]:
        yield from alone(model, plan, plan.cells[:cells])
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "alone", interrupted)


THREE = ["sweep", "lmm", "--lengths", "64", "--depths", "0", "0.5", "1", "--asked", "1"]


def test_what_is_measured_when_the_sweep_is_stopped_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, one_thread: None
) -> None:
    stopped_after(monkeypatch, 1)
    out = tmp_path / "map.json"
    assert main([*THREE, "--json", str(out)]) == 130
    assert f"stopped: 1 of 3 cells are measured, written to {out}\n" in capsys.readouterr().err
    made = json.loads(out.read_text())
    assert not made["complete"] and len(made["cells"]) == 1


def test_a_sweep_that_is_stopped_replaces_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, one_thread: None
) -> None:
    out = tmp_path / "map.json"
    out.write_text("an earlier map")
    for number, cells in enumerate((1, 2), 1):
        stopped_after(monkeypatch, cells)
        assert main([*THREE, "--json", str(out)]) == 130
        beside = tmp_path / f"map.part-{number}.json"
        assert f"written to {beside}; {out} is left as it was" in capsys.readouterr().err
        assert len(json.loads(beside.read_text())["cells"]) == cells
    assert out.read_text() == "an earlier map"


def test_a_sweep_that_is_stopped_before_its_first_cell_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, one_thread: None
) -> None:
    stopped_after(monkeypatch, 0)
    assert main([*THREE, "--json", str(tmp_path / "map.json")]) == 130
    assert "stopped: 0 of 3 cells are measured\n" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--depths", "1.5"], "a depth is a share from 0"),
        (["--depths", "nan"], "a depth is a share from 0"),
        (["--lengths", "8"], "take 64 to 1,048,576 tokens"),
        (["--haystack", "none.txt"], "cannot read none.txt"),
        (["--fact", ""], "needs all of --fact, --question and --answer"),
        (["--fact", "Tom likes soup."], "needs all of --fact, --question and --answer"),
        (
            ["--fact", "Tom likes soup.", "--question", "What?", "--answer", "."],
            "a fact, a question and an answer",
        ),
    ],
)
def test_a_wrong_sweep_is_refused_in_one_sentence(
    options: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", "lmm", *options]) == 1
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1


def test_a_cluster_without_a_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["sweep", "lmm", "--ray", ""])
    assert "must name a cluster: HOST:PORT, auto or local" in capsys.readouterr().err


@pytest.mark.parametrize(("content", "told"), [(b"\xff", "not UTF-8 text"), (b" \n", "holds no text")])
def test_a_file_that_is_no_text_is_refused(
    tmp_path: Path, content: bytes, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hay.txt"
    path.write_bytes(content)
    assert main(["sweep", "lmm", "--haystack", str(path)]) == 1
    assert told in capsys.readouterr().err


def test_the_comparison_of_haystacks_goes_on_with_what_was_measured_in_the_same_texts(tmp_path: Path) -> None:
    path = tmp_path / "haystacks.json"
    text, plain = Haystack("own.txt", "Far away."), Haystack("mixed")
    row = {"model": "lmm", "digest": "d"}
    rows = [{**row, "haystack": "own.txt"}, {**row, "haystack": "mixed"}]
    wanted = haystacks_table([Plan(haystack=text), Plan(haystack=plain)], rows)
    path.write_text(json.dumps(wanted))
    assert known_rows(path, wanted) == {("lmm", "d", "own.txt"): rows[:1], ("lmm", "d", "mixed"): rows[1:]}
    other = haystacks_table([Plan(haystack=Haystack("own.txt", "Else.")), Plan(haystack=plain)], [])
    assert known_rows(path, other) == {("lmm", "d", "mixed"): rows[1:]}
    assert known_rows(path, haystacks_table([Plan(haystack=plain, seed=2)], [])) == {}
    path.write_text("{}")
    with pytest.raises(ValueError, match="is damaged"):
        known_rows(path, wanted)


@pytest.mark.parametrize(
    "other", [["--seed", "-1"], ["--models", "mac"], ["--texts", "LICENSE"], ["--asked", "1"]]
)
def test_the_shipped_table_is_for_what_the_usual_command_measures(
    other: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    shipped = TABLE.read_bytes()
    assert main(["haystacks", *other]) == 1
    assert "a file of their own with --json FILE" in capsys.readouterr().err
    assert TABLE.read_bytes() == shipped


def test_the_readme_tells_what_was_measured() -> None:
    measured = read_table()
    assert measured
    shares = {(row["haystack"], row["model"]): f"{100 * row['recall']:.0f} %" for row in measured["results"]}
    readme = (LICENCE.parent / "README.md").read_text(encoding="utf-8")
    head, _, *rows = re.search(r"\| haystack .*?\n\n", readme, re.DOTALL)[0].strip().splitlines()
    models = re.findall(r"`(\w+)`", head)
    kinds = "mixed unseen LICENSE SECURITY.md reference.py 05-forgetting.md README.md code words".split()
    assert [row.split(" | ")[1:] for row in rows] == [
        [shares[kind, name] + (" |" if name == models[-1] else "") for name in models] for kind in kinds
    ]
