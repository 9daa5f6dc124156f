"""Which model it is: that of a file while its weights are the file's, and else one known by its weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import torch
from torch import Tensor

from titans_core.config import ModelConfig
from titans_core.model import TitansLM


def identity(model: TitansLM) -> str:
    """The digest of a model's file while it still is what was loaded, in single precision or in double; else
    one of its configuration and weights. Weights can be changed unseen, so they are looked at each time: that
    takes some milliseconds."""
    weights = model.state_dict()
    if model.origin:
        single = {name: narrowed(value) for name, value in weights.items()}
        if fingerprint(model.config, single) == model.origin.weights:
            return model.digest
    return fingerprint(model.config, weights)


def fingerprint(config: ModelConfig, weights: Mapping[str, Tensor]) -> str:
    """A hash of a configuration and of every bit of the weights."""
    found = hashlib.sha256(json.dumps(config.to_dict(), sort_keys=True).encode())
    for name, value in sorted(weights.items()):
        found.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def narrowed(value: Tensor) -> Tensor:
    """A tensor in single precision, where that loses nothing; otherwise the tensor itself."""
    single = value.float()
    return single if torch.equal(single.to(value.dtype), value) else value
