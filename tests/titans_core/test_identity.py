"""A saved stream belongs to the very weights it was read with, however they are changed and whatever file
they came from."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import titans_core as tc
from titans_core.checkpoint import read_tensors, write_tensors


def half_as_much_again(model: tc.TitansLM) -> None:
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.5)


def one_bit(model: tc.TitansLM) -> None:
    """Past what autograd counts as a change."""
    model.norm.scale.data.view(torch.int32)[0] ^= 1


def another_parameter(model: tc.TitansLM) -> None:
    model.norm.scale = torch.nn.Parameter(2 * model.norm.scale.detach())


def other_weights(model: tc.TitansLM) -> None:
    model.load_state_dict(tc.TitansLM(model.config).state_dict())


def saved(model: tc.TitansLM, path: Path) -> tc.Stream:
    stream = tc.Stream(model)
    stream.feed("Mara put the red key in the attic.")
    stream.save(path)
    return stream


@pytest.mark.parametrize("change", [half_as_much_again, one_bit, another_parameter, other_weights])
def test_a_stream_of_changed_weights_is_not_taken_for_one_of_the_files(
    change: Callable[[tc.TitansLM], None], tmp_path: Path
) -> None:
    model, path = tc.load("mac", device="cpu"), tmp_path / "changed.st"
    change(model)
    stream = saved(model, path)
    for wrong in (None, tc.load("mac", device="cpu")):
        with pytest.raises(ValueError, match="another checkpoint 'mac', or with other weights of it"):
            tc.Stream.load(path, wrong)
    assert tc.Stream.load(path, copy.deepcopy(model)).position == stream.position
    saved(tc.load("mac", device="cpu"), path)
    with pytest.raises(ValueError, match="another checkpoint"):
        tc.Stream.load(path, model)


def test_a_stream_saved_with_the_digest_of_the_file_is_still_loaded(tmp_path: Path) -> None:
    """So every version wrote it. What was changed and changed back is the file's again."""
    model, path = tc.load("mac", device="cpu"), tmp_path / "stream.st"
    one_bit(model)
    one_bit(model)
    stream = saved(model, path)
    assert json.loads(read_tensors(path)[1]["stream"])["digest"] == model.digest
    for same in (None, model, copy.deepcopy(model).double().float()):
        assert tc.Stream.load(path, same).position == stream.position


def test_a_digest_alone_makes_no_model_that_of_a_file(tmp_path: Path) -> None:
    model, path = tc.load("lmm", device="cpu"), tmp_path / "stream.st"
    saved(model, path)
    with pytest.raises(ValueError, match="another checkpoint"):
        tc.Stream.load(path, tc.TitansLM(model.config, model.name, model.digest).eval())


def test_a_stream_of_the_family_is_loaded_by_the_name_it_was(tmp_path: Path) -> None:
    """Also where an older version left the folder out. What pages show is the short name."""
    model, path = tc.load("family/titans", device="cpu"), tmp_path / "stream.st"
    stream = saved(model, path)
    assert model.name == "titans" and tc.Stream.load(path).position == stream.position
    tensors, texts = read_tensors(path)
    facts = json.loads(texts["stream"])
    assert facts["model"] == "family/titans"
    write_tensors(path, tensors, {"stream": json.dumps(facts | {"model": "titans"})})
    assert tc.Stream.load(path).position == stream.position
    write_tensors(path, tensors, {"stream": json.dumps(facts | {"model": "../models/mac"})})
    with pytest.raises(ValueError, match="give it as model="):
        tc.Stream.load(path)


def test_a_stream_in_another_precision_is_not_called_damaged(tmp_path: Path) -> None:
    model, path = tc.load("mac", device="cpu"), tmp_path / "stream.st"
    double = copy.deepcopy(model).double()
    stream = saved(double, path)
    for wrong in (None, model):
        with pytest.raises(ValueError, match=r"saved in double precision: give .*model.double\(\)"):
            tc.Stream.load(path, wrong)
    with pytest.raises(ValueError, match=r"not in torch.bfloat16: give model.float\(\)"):
        tc.Stream.load(path, copy.deepcopy(model).bfloat16())
    assert tc.Stream.load(path, double).position == stream.position
    saved(model, path)
    with pytest.raises(ValueError, match=r"saved in single precision: give .*model.float\(\)"):
        tc.Stream.load(path, double)
