"""Titans: models with a long-term memory that is trained while reading, and their life as a stream."""

from titans_core.answer import Answer
from titans_core.checkpoint import available, load, model_card
from titans_core.config import MemoryConfig, ModelConfig
from titans_core.finite import NotFinite
from titans_core.model import TitansLM
from titans_core.recipe import Stage, TrainConfig
from titans_core.stream import Stream
from titans_core.thinned import Thinned
from titans_core.together import read_together
from titans_core.trace import LayerWrites, Trace
from titans_core.train import Training

__all__ = [
    "Answer",
    "LayerWrites",
    "MemoryConfig",
    "ModelConfig",
    "NotFinite",
    "Stage",
    "Stream",
    "Thinned",
    "TitansLM",
    "Trace",
    "TrainConfig",
    "Training",
    "available",
    "load",
    "model_card",
    "read_together",
]
