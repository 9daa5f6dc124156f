"""Processes that train one model together, begun by torchrun: each reads its rows of every batch, and their
gradients are added up. A process that was begun alone is a team of one."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.distributed.rendezvous import rendezvous

ENDED = (
    "another process of this training has ended, and so all do: begin it again, and it goes on from its last "
    "checkpoint"
)


@dataclass(frozen=True)
class Team:
    """This process is the one of ``rank`` among ``size``."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process tells how far all are, and writes what they made."""
        return self.rank == 0

    def rows(self, total: int) -> slice:
        """Its part of so many rows. Raises ValueError where some process would have none."""
        if total < self.size:
            raise ValueError(f"a batch of {total} cannot be shared by {self.size} processes: begin fewer")
        return slice(total * self.rank // self.size, total * (self.rank + 1) // self.size)

    def total(
        self, loss: Tensor, right: NDArray[np.bool_], model: nn.Module
    ) -> tuple[float, NDArray[np.bool_]]:
        """The sum of every process's part of the loss; all answers that one of them found right. The model's
        gradients become the sums of every process's.

        Added up here and not by DistributedDataParallel: where that is the last to hold the group, PyTorch
        2.13 waits for its threads, and one of these, to let go of a tensor, for Python: neither ends.
        """
        if self.size == 1:
            return loss.item(), right
        gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
        parts = [loss.detach()[None], torch.from_numpy(right).to(loss), *map(torch.flatten, gradients)]
        whole = torch.cat(parts)
        dist.all_reduce(whole)
        total, found, *sums = whole.split([len(part) for part in parts])
        for gradient, added in zip(gradients, sums, strict=True):
            gradient.copy_(added.view_as(gradient))
        return total.item(), found.cpu().numpy() > 0

    def check_same(self, step: int, device: torch.device) -> None:
        """Raise ValueError where not all processes stand at this step."""
        if self.size > 1:
            steps = torch.tensor([step, -step], device=device)
            dist.all_reduce(steps, dist.ReduceOp.MAX)
            if steps[0] != -steps[1]:
                raise ValueError(
                    "not all processes see the same run: give --out a folder that all of them share"
                )


@contextmanager
def together(device: str) -> Iterator[tuple[Team, str]]:
    """The team that torchrun began, or this process alone, and the device that is this process's.

    Where one process fails, what it raised is raised there alone; all others end without a word. Where one
    was ended from outside, one of the others raises ValueError.
    """
    if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
        yield Team(), device
        return
    cuda = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    if cuda:
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    # Its functions take the group of the moment they are imported for their default. Imported later on, as
    # PyTorch does by itself, they hold it for good; and a thread of a group that outlives Python, letting go
    # of a tensor, ends the process with SIGABRT.
    importlib.import_module("torch.distributed.nn")
    store, rank, size = next(rendezvous("env://"))
    try:
        dist.init_process_group("nccl" if cuda else "gloo", store=store, rank=rank, world_size=size)
        yield Team(rank, size), device
        dist.destroy_process_group()
    except (Exception, KeyboardInterrupt) as error:
        told = True
        with suppress(RuntimeError):  # where the store is gone, whoever held it has told
            told = store.add("told", 1) > 1
        if told:
            raise SystemExit(130 if isinstance(error, KeyboardInterrupt) else 1) from error
        if isinstance(error, dist.DistError) or "Connection" in str(error):
            raise ValueError(ENDED) from error
        raise
