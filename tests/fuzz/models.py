"""The smallest model that takes real text, and files of it."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import torch

from titans_core.checkpoint import load, save_model
from titans_core.config import MemoryConfig, ModelConfig
from titans_core.model import TitansLM
from titans_core.stream import Stream
from titans_core.tokenizer import Tokenizer

FOLDER = tempfile.TemporaryDirectory(prefix="titans-fuzz-")
CHECKPOINT, STREAM = (Path(FOLDER.name) / f"{name}.safetensors" for name in ("small", "stream"))


@cache
def small() -> TitansLM:
    """A model of one layer, saved and loaded."""
    memory = MemoryConfig(hidden=2, chunk_size=4, convolution=2)
    config = ModelConfig(
        variant="mac",
        vocab_size=Tokenizer.load().vocab_size,
        width=4,
        layers=1,
        heads=1,
        head_width=2,
        window=4,
        persistent=1,
        feed_forward=2,
        memory=memory,
    )
    torch.manual_seed(0)
    save_model(TitansLM(config), CHECKPOINT, {"recipe": {}})
    return load(CHECKPOINT, "cpu")


@cache
def checkpoint() -> bytes:
    """Its file."""
    small()
    return CHECKPOINT.read_bytes()


@cache
def stream() -> bytes:
    """The file of a stream of it, overridden, in the midst of a word and of a segment."""
    reading = Stream(small())
    reading.feed("Mara put the red k", more=True)
    reading.override(alpha=0.5, tokens=[9]).override(theta=2, scale=True).save(STREAM)
    return STREAM.read_bytes()
