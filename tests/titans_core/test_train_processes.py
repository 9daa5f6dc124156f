"""Training outlives its processes: killed, it goes on to the same losses; and several train as one would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from titans_core.checkpoint import read_tensors
from titans_core.loss import batch_loss
from titans_core.recipe import read_config
from titans_core.team import Team
from titans_core.tokenizer import VOCAB_SIZE
from titans_core.train import MODEL, RUN, Recall, Training

RECIPE = """
warmup = 2
[model]
variant = "mag"
width = 16
layers = 1
heads = 2
head_width = 8
window = 8
persistent = 2
feed_forward = 16
[model.memory]
chunk_size = 16
[[stages]]
length = 48
batch = {batch}
facts = [1, 2]
steps = {steps}
min_distance = 8
write_cost = 0.1
forget_cost = 0.1
"""
TRAIN = ["-m", "titans_core", "train", "recipe.toml", "--device", "cpu"]
TORCHRUN = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
# The names of the threads that are left after a training.
THREADS = """
import sys
from pathlib import Path
from titans_core.__main__ import main
ended = main(sys.argv[1:])
print(*(name.read_text() for name in Path("/proc/self/task").glob("*/comm")))
sys.exit(ended)
"""
ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def recipe(folder: Path, steps: int, batch: int = 3) -> Path:
    """A tiny recipe in a folder."""
    path = folder / "recipe.toml"
    path.write_text(RECIPE.format(steps=steps, batch=batch))
    return path


def begin(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Python in this folder, what it says to be read."""
    command = [sys.executable, *arguments]
    return subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)


def numbers(folder: Path) -> dict[str, torch.Tensor]:
    """All that a run left: weights, and the optimiser's moments."""
    return read_tensors(folder / RUN)[0]


def losses(folder: Path) -> list[float]:
    """The loss curve of a run's card."""
    curve: list[float] = json.loads((folder / MODEL).with_suffix(".json").read_text())["losses"]
    return curve


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_a_training_killed_at_once_goes_on_to_the_same_losses_bit_for_bit(tmp_path: Path) -> None:
    config = read_config(recipe(tmp_path, 240), VOCAB_SIZE)
    whole = Training(config, tmp_path / "whole", device="cpu")
    whole.run()
    killed = begin(tmp_path, *TRAIN, "--out", "halves")
    while not (tmp_path / "halves" / RUN).is_file():  # when a hundred are done
        assert killed.poll() is None, f"it ended by itself: {killed.communicate()[1]}"
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait(60) == -signal.SIGKILL
    again = Training(config, tmp_path / "halves", device="cpu")
    assert again.resume() and 100 <= again.step < 240
    again.run()
    ours, theirs = numbers(tmp_path / "halves"), numbers(tmp_path / "whole")
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())
    assert losses(tmp_path / "halves") == losses(tmp_path / "whole") and len(losses(tmp_path / "whole")) == 12


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only Linux lists a process's threads")
def test_no_thread_outlives_what_processes_train_together(tmp_path: Path) -> None:
    recipe(tmp_path, 2)
    alone = {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "localhost", "MASTER_PORT": "0"}
    command = [sys.executable, "-c", THREADS, *TRAIN[2:], "--out", "both"]
    told = subprocess.run(
        command, cwd=tmp_path, env=ENVIRONMENT | alone, capture_output=True, text=True, timeout=300
    )
    assert told.returncode == 0, told.stderr
    assert "python" in told.stdout.lower() and "gloo" not in told.stdout


@pytest.mark.slow
def test_two_processes_train_what_one_would(tmp_path: Path) -> None:
    config = read_config(recipe(tmp_path, 20), VOCAB_SIZE)
    alone = Training(config, tmp_path / "alone", device="cpu")
    alone.run()
    halted = Training(config, tmp_path / "both", device="cpu")
    for _ in range(5):
        halted.advance(Recall())
    halted.save()  # they go on with what one process has begun
    both = begin(tmp_path, *TORCHRUN, *TRAIN, "--out", "both")
    _, told = both.communicate(timeout=300)
    assert both.returncode == 0, told
    ours, theirs = numbers(tmp_path / "both"), numbers(tmp_path / "alone")
    for name in (name for name in ours if name.startswith("model.")):
        torch.testing.assert_close(ours[name], theirs[name], rtol=1e-3, atol=1e-5)
    assert losses(tmp_path / "both") == pytest.approx(losses(tmp_path / "alone"), abs=2e-3)


@pytest.mark.slow
def test_where_one_process_fails_all_end_with_one_sentence(tmp_path: Path) -> None:
    recipe(tmp_path, 20, batch=1)
    both = begin(tmp_path, *TORCHRUN, *TRAIN, "--out", "both")
    _, told = both.communicate(timeout=300)
    assert both.returncode and told.count("titans_core: ") == 1
    assert "titans_core: a batch of 1 cannot be shared by 2 processes" in told


def test_every_row_of_a_batch_is_read_by_one_process() -> None:
    for size in (1, 2, 3, 7):
        rows = [row for rank in range(size) for row in range(7)[Team(rank, size).rows(7)]]
        assert rows == list(range(7))


def test_the_parts_of_a_loss_add_up_to_the_whole(tmp_path: Path) -> None:
    config = read_config(recipe(tmp_path, 8, batch=5), VOCAB_SIZE)
    training = Training(config, tmp_path / "run", device="cpu")
    stage, data = config.stages[0], training.draw(config.stages[0])
    whole, right = batch_loss(training.model, config, data, stage, 0)
    rows = [Team(rank, 2).rows(5) for rank in range(2)]
    parts = [batch_loss(training.model, config, data, stage, 0, part) for part in rows]
    assert sum(loss.item() for loss, _ in parts) == pytest.approx(whole.item(), rel=1e-5)
    assert (parts[0][1] | parts[1][1]).tolist() == right.tolist()
    assert not (parts[0][1] & parts[1][1]).any()
