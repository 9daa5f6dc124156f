"""What a training lessens: the loss of a batch, or of the rows of it that one of several processes reads."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from titans_core.model import TitansLM
from titans_core.recipe import Stage, TrainConfig
from titans_core.tasks import Batch, Tag

ALL = slice(None)


def answer_loss(
    model: TitansLM,
    hidden: Tensor,
    data: Batch,
    config: TrainConfig,
    rng: np.random.Generator,
    rows: slice = ALL,
) -> tuple[Tensor, NDArray[np.bool_]]:
    """Weighted cross entropy of what ``model`` predicts from hidden [B, T, width], and whether each answer
    token was foretold.

    Most of the tokens carry little of the loss, and predicting over the whole vocabulary is a third of the
    work: so ``others_kept`` of them, drawn by ``rng``, stand for all, the loss being the same on average.
    Where hidden is of some ``rows`` alone, the loss is their part of the whole batch's, and no other row's
    answers count as foretold.
    """
    asked, own = data.tags[:, 1:] == Tag.ANSWER, data.tags[:, 1:] == Tag.TEXT  # [B, T]
    kept = asked | own | (rng.random(asked.shape) < config.others_kept)
    weight = np.where(asked, config.answer_weight, config.other_weight / config.others_kept)
    weight[own] = 1.0  # of one's own texts every token counts alike
    whole = weight[kept].sum() or 1.0  # where nothing counts, nothing is lost
    mine, answers, weight = kept[rows], asked[rows], weight[rows]
    logits = model.predict(hidden[torch.from_numpy(mine).to(hidden.device)]).float()  # [kept, vocab]
    target = torch.from_numpy(data.ids[rows, 1:][mine]).to(logits.device)
    loss = F.cross_entropy(logits, target, reduction="none")
    mean = loss @ torch.from_numpy(weight[mine]).to(loss) / whole
    foretold = np.zeros(asked.shape, np.bool_)
    foretold[rows][answers] = (logits.argmax(-1) == target).cpu().numpy()[answers[mine]]
    return mean, foretold[asked]


def batch_loss(
    model: TitansLM, config: TrainConfig, data: Batch, stage: Stage, step: int, rows: slice = ALL
) -> tuple[Tensor, NDArray[np.bool_]]:
    """The part that ``rows`` have in a batch's loss, gates' costs among it, and whether each answer token of
    the batch was foretold: none is of another row."""
    ids = torch.from_numpy(data.ids[rows, :-1]).to(model.device)
    hidden, _, reports = model.read(ids)
    rng = np.random.default_rng((config.seed, step))
    loss, right = answer_loss(model, hidden, data, config, rng, rows)
    share = len(ids) / len(data.ids)
    for report in reports:
        loss = loss + share * stage.write_cost * 2 * report.columns["theta"].mean()
        loss = loss + share * stage.forget_cost * report.columns["alpha"].mean()
    return loss, right
