"""Token by token, a deep memory gives the definition's numbers in gradient blocks of any length."""

from dataclasses import fields

import pytest
import torch

from kernels import MemoryOutput
from kernels.stepwise import stepwise
from tests.kernels.memory_cases import Case, assert_same, draw, gradients, numbers


class Stepwise(Case):
    """A case whose tokens are taken one after the other whatever their number and block size."""

    def run(self, **options) -> MemoryOutput:
        if options.pop("backend", "torch") == "reference":
            return super().run(backend="reference", **options)
        state = (getattr(self, f.name) for f in fields(self))
        read, activation = options.get("read", "after"), options.get("activation", "silu")
        return stepwise(*state, options["block_size"], read, activation, options.get("telemetry", True))

    def map(self, change) -> "Stepwise":
        return stepped(super().map(change))


def stepped(case: Case) -> Stepwise:
    return Stepwise(*(getattr(case, f.name) for f in fields(case)))


@pytest.mark.parametrize("initial", [False, True], ids=["to zero", "to initial"])
@pytest.mark.parametrize("read", ["after", "before"])
@pytest.mark.parametrize("block", [1, 4, 8])
@pytest.mark.parametrize("bounded", [False, True], ids=["given", "bounded"])
def test_it_is_the_definition(bounded, block, read, initial):
    for seed, (length, hidden) in enumerate(((1, (6,)), (3, (6, 3)), (13, (7,)))):
        case = stepped(draw(seed, length, hidden, initial=initial, offset=block // 2, bounded=bounded))
        options = {"chunk_size": block, "block_size": block, "read": read}
        if bounded:
            options["step"] = "bounded"
            case = opened(case)
        definition = {"backend": "reference"} | options
        assert_same(numbers(case.run(**options)), numbers(case.run(**definition)))
        assert_same(gradients(case, **options), gradients(case, **definition))


def opened(case: Stepwise) -> Stepwise:
    """Where no block is open `memory` hands on keys that are zero."""
    if case.block_keys is not None:
        return case
    width = case.q.shape[-1]
    keys = torch.zeros(*case.weights[0].shape[:2], width, width, dtype=case.q.dtype)
    return stepped(Case(**{f.name: getattr(case, f.name) for f in fields(case)} | {"block_keys": keys}))
