"""Training: next-token prediction on generated stories, in stages, by a recipe.

Every step draws its batch from a generator seeded by (seed, step), so a resumed training goes on exactly.
"""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from operator import index
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from titans_core.checkpoint import (
    choose_device,
    read_tensors,
    save_model,
    write_tensors,
)
from titans_core.events import Events
from titans_core.files import as_path
from titans_core.header import LARGEST, MOST
from titans_core.loss import batch_loss
from titans_core.machine import device_name
from titans_core.model import TitansLM
from titans_core.recipe import Stage, TrainConfig, as_read, different, recipe
from titans_core.tasks import Batch, Tag
from titans_core.tasks.stages import TASKS
from titans_core.tasks.texts import read_texts
from titans_core.team import Team
from titans_core.tokenizer import Tokenizer

LOSS_EVERY = 20  # steps between two losses that the card and TensorBoard show
PROGRESS = ("step", "seconds", "tokens", "losses")
ALONE = Team()
RUN, MODEL = "run.safetensors", "model.safetensors"  # in a run's folder


class Training:
    """A model, its optimiser and how far they are, in a folder that can be gone on with. The recipe names
    texts relative to the folder ``beside``; ValueError where they cannot be read, and for a model of another
    vocabulary than the tokenizer's, TypeError for what is no recipe or no folder. ``team``: the processes
    that share every batch, of which the first writes what they made."""

    def __init__(
        self,
        config: TrainConfig,
        folder: Path | str,
        device: str = "auto",
        beside: Path | str = ".",
        team: Team = ALONE,
    ) -> None:
        if not isinstance(config, TrainConfig):
            raise TypeError(f"a training follows a TrainConfig, not {config!r:.80}")
        self.config, self.folder, self.device = config, as_path(folder), choose_device(device)
        self.team = team
        for stage in config.stages:
            team.rows(stage.batch)
        self.tokenizer = Tokenizer.load()
        self.tokenizer.check_vocabulary(config.model.vocab_size)
        self.texts = read_texts(config.texts, Path(beside), self.tokenizer) if config.texts else None
        for stage in config.stages:
            if stage.own and self.texts:
                self.texts.check(stage.length)
        make_folder(self.folder)
        torch.manual_seed(config.seed)
        self.model = TitansLM(config.model, self.folder.name).to(self.device)
        check_size(self.model)
        matrices = [p for p in self.model.parameters() if p.ndim >= 2]
        vectors = [p for p in self.model.parameters() if p.ndim < 2]
        groups = [
            {"params": matrices, "weight_decay": config.weight_decay},
            {"params": vectors, "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.95))
        self.step, self.seconds, self.tokens = 0, 0.0, 0
        self.losses: list[float] = []  # of every LOSS_EVERY-th step

    def run(self, save_every: int = 100) -> None:
        """Train to the end, and save every so many steps. Raises FloatingPointError where the loss is no
        number; the batch is then in the folder. Raises ValueError for fewer steps than one."""
        if index(save_every) < 1:
            raise ValueError(f"a training is saved every step or more rarely, not every {save_every} steps")
        self.team.check_same(self.step, self.device)
        total = self.config.steps
        hidden = None if self.team.leads else True  # None: where no terminal shows it
        with tqdm(total=total, initial=self.step, unit="step", dynamic_ncols=True, disable=hidden) as bar:
            self._run(bar, save_every)

    def _run(self, bar: tqdm[NoReturn], save_every: int) -> None:
        hits, events = Recall(), Events(self.folder) if self.team.leads else None
        while self.step < self.config.steps:
            loss = self.advance(hits)
            bar.update()
            if self.step % LOSS_EVERY == 0:
                self.losses.append(round(loss, 3))
                bar.set_postfix_str(f"loss {loss:.3f}{f' · recall {hits}' if hits else ''}")
                if events:
                    events.write(self.step, self.scalars(loss, hits))
            if self.step % save_every == 0 or self.step == self.config.steps:
                self.save()
                if self.team.leads:
                    tqdm.write(
                        f"step {self.step}: {self.seconds:.0f} s, {self.tokens:,} tokens, "
                        f"loss {loss:.3f}{f', recall {hits}' if hits else ''}"
                    )
                hits = Recall()

    def draw(self, stage: Stage) -> Batch:
        """This step's batch: documents of its task, and stretches of one's own texts for a share of them."""
        rng = random.Random(f"{self.config.seed} {self.step}")
        parts, rest = [], stage.batch
        if self.texts and stage.own:
            rest -= (own := int(stage.own * stage.batch + rng.random()))  # on average the share, exactly
            parts.append(self.texts.stretches(rng, own, stage.length))
        if rest:
            parts.append(TASKS[stage.task].batch(rng, self.tokenizer, replace(stage, batch=rest)))
        return parts[0] if len(parts) == 1 else Batch(*map(np.concatenate, zip(*parts, strict=True)))

    def advance(self, hits: Recall) -> float:
        """One step; returns its loss."""
        started = time.monotonic()
        stage = self.config.stage(self.step)
        data = self.draw(stage)
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.rate(self.step)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            rows = self.team.rows(stage.batch)
            part, right = batch_loss(self.model, self.config, data, stage, self.step, rows)
        self.optimizer.zero_grad()
        part.backward()
        loss, right = self.team.total(part, right, self.model)
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        if not torch.isfinite(norm):
            kept = self.folder / "offending.safetensors"
            if self.team.leads:
                make_folder(self.folder)
                write_tensors(kept, {"ids": torch.from_numpy(data.ids)}, {})
            raise FloatingPointError(
                f"the gradient of step {self.step} is not finite; its batch is in {kept}; "
                "a lower learning_rate may help"
            )
        self.optimizer.step()
        hits.add(right, data.distance[data.tags == Tag.ANSWER])
        self.step += 1
        self.tokens += stage.batch * stage.length
        self.seconds += time.monotonic() - started
        return loss

    def scalars(self, loss: float, hits: Recall) -> dict[str, float]:
        """What TensorBoard shows of a step."""
        pace = {
            "learning rate": self.config.rate(self.step - 1),
            "tokens per second": self.tokens / self.seconds,
        }
        return {"loss": loss, **pace, **{f"recall/{end} tokens": share for end, share in hits.shares()}}

    def save(self) -> None:
        """Write all that going on needs as one file, whose parts cannot disagree, then the model for use. In
        a team the first does."""
        if not self.team.leads:
            return
        make_folder(self.folder)  # somebody may have tidied up meanwhile: the training is worth more
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()} | {
            f"{key}.{name}": value
            for name, parameter in self.model.named_parameters()
            for key, value in self.optimizer.state[parameter].items()
        }
        progress = {name: getattr(self, name) for name in PROGRESS}
        facts = {**self.card(), "progress": progress}
        tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
        write_tensors(self.folder / RUN, tensors, {"run": json.dumps(facts)}, own=True)
        save_model(self.model, self.folder / MODEL, self.card(), half=False)

    def resume(self) -> bool:
        """Go on where ``save`` left off; False where there is nothing to go on with.

        Raises ValueError where the folder's run is damaged, or was begun with another recipe.
        """
        if not (self.folder / RUN).is_file():
            if (self.folder / MODEL).is_file():
                raise ValueError(
                    f"{self.folder} holds a model, but no run to go on with: name another folder (--out)"
                )
            return False
        try:
            tensors, header = read_tensors(self.folder / RUN, own=True)
            facts = json.loads(header["run"])
            former = recipe(
                facts["recipe"], self.tokenizer.vocab_size
            )  # a key that is new since is its default
            changed = different(as_read(former), as_read(self.config))
            if facts.get("texts") != self.card().get("texts"):
                changed.append("content of the texts")
            changes = ", ".join(changed)
            if not changes:
                self._restore(tensors, facts["progress"])
                return True
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
            raise ValueError(
                f"{self.folder} holds a damaged run: remove it, or name another folder (--out)"
            ) from error
        raise ValueError(
            f"{self.folder} holds a run of another recipe (other {changes}): "
            "remove it, or name another folder (--out)"
        )

    def _restore(self, tensors: dict[str, Tensor], progress: dict[str, Any]) -> None:
        if not 0 <= index(progress["step"]) <= self.config.steps or not isinstance(progress["losses"], list):
            raise ValueError("no training of this recipe stands there")
        model = {name: tensors[f"model.{name}"] for name in self.model.state_dict()}
        self.model.load_state_dict(model)
        for name, parameter in self.model.named_parameters() if progress["step"] else ():
            if not parameter.numel():
                continue  # no persistent tokens: what has no numbers has no gradient and no state
            self.optimizer.state[parameter] = {
                key: tensors[f"{key}.{name}"] if key == "step" else tensors[f"{key}.{name}"].to(self.device)
                for key in ("step", "exp_avg", "exp_avg_sq")
            }
        for name in PROGRESS:
            setattr(self, name, progress[name])

    def card(self) -> dict[str, Any]:
        """The recipe half of the model card."""
        return {
            "recipe": as_read(self.config),
            "parameters": self.model.parameter_count(),
            "steps": self.step,
            "losses": self.losses,
            "tokens": self.tokens,
            "seconds": round(self.seconds),
            "device": device_name(self.device),
            "torch": torch.__version__,
        } | ({"texts": self.texts.about()} if self.texts else {})


def make_folder(folder: Path) -> None:
    """Make a run's folder now, not after the first hundred steps. Raises ValueError where it cannot be
    made."""
    if folder.is_file():
        raise ValueError(f"{folder} is a file: name a folder (--out)")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"cannot make the folder {folder}: {error.strerror}") from error


def check_size(model: TitansLM) -> None:
    """Raise ValueError where no file could hold the model: now, not after the first hundred steps."""
    if (size := 4 * model.parameter_count()) > LARGEST:
        raise ValueError(
            f"the model's file would have {size:,} bytes, and none of more than {LARGEST:,} is read: "
            "make it narrower, or give it fewer layers"
        )
    if (tensors := len(list(model.parameters()))) > MOST:
        raise ValueError(
            f"the model's file would have {tensors:,} tensors, and none of more than {MOST:,} is read: "
            "give it fewer layers"
        )


class Recall:
    """Right answers by distance, in bins whose upper ends double."""

    BINS = tuple(2**n for n in range(5, 21))  # no story is longer

    def __init__(self) -> None:
        self.right = np.zeros(len(self.BINS), dtype=np.int64)
        self.total = np.zeros(len(self.BINS), dtype=np.int64)

    def add(self, right: np.ndarray[Any, Any], distance: np.ndarray[Any, Any]) -> None:
        """Count the answer tokens of a batch; those that answer "unknown" have no distance, and no bin."""
        asked = distance > 0
        bins = np.searchsorted(self.BINS, np.minimum(distance[asked], self.BINS[-1]))
        self.total += np.bincount(bins, minlength=len(self.BINS))
        self.right += np.bincount(bins, weights=right[asked], minlength=len(self.BINS)).astype(np.int64)

    def __bool__(self) -> bool:
        return bool(self.total.any())

    def shares(self) -> list[tuple[int, float]]:
        """Each bin's upper end and its share of right answers, where any were given."""
        bins = zip(self.BINS, self.right, self.total, strict=True)
        return [(end, float(right / total)) for end, right, total in bins if total]

    def __str__(self) -> str:
        return " ".join(f"≤{end}: {share:.2f}" for end, share in self.shares())
