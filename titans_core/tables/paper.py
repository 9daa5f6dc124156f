"""The paper's own figures, as its tables give them, by the names that our models have."""

from __future__ import annotations

from typing import Final

NIAH_LENGTHS: Final[tuple[int, ...]] = (2048, 4096, 8192, 16_384)  # tokens; its models are trained at 4096
# Table 2: accuracy in percent at 2K, 4K, 8K, 16K tokens.
NIAH: Final[dict[str, dict[str, tuple[float, float, float, float]]]] = {
    "ttt-linear": {
        "passkey": (98.4, 98.8, 98.0, 88.4),
        "number": (60.2, 36.6, 10.2, 4.4),
        "word": (78.8, 28.0, 4.4, 0.0),
    },
    "mamba2": {
        "passkey": (98.6, 61.4, 31.0, 5.4),
        "number": (98.4, 55.8, 14.2, 0.0),
        "word": (42.2, 4.2, 0.0, 0.0),
    },
    "deltanet": {
        "passkey": (96.8, 98.8, 98.6, 71.4),
        "number": (47.2, 15.4, 12.8, 5.4),
        "word": (46.2, 20.0, 1.6, 0.0),
    },
    "lmm": {
        "passkey": (99.8, 98.4, 98.2, 96.2),
        "number": (100.0, 99.8, 93.4, 80.2),
        "word": (90.4, 89.4, 85.8, 80.6),
    },
    "mac": {
        "passkey": (99.2, 98.8, 99.0, 98.4),
        "number": (99.6, 98.2, 97.6, 97.4),
        "word": (98.2, 98.2, 95.6, 95.2),
    },
    "mag": {
        "passkey": (99.4, 98.0, 97.4, 97.4),
        "number": (99.2, 98.8, 97.2, 98.6),
        "word": (98.0, 98.0, 90.2, 88.2),
    },
    "mal": {
        "passkey": (98.8, 98.6, 98.8, 97.8),
        "number": (99.8, 98.1, 96.8, 96.4),
        "word": (98.0, 97.4, 92.0, 90.4),
    },
}

# Table 5: perplexity, accuracy in reasoning and in long contexts. Its LMM has a deep memory, as "lmm-2" here.
ABLATION: Final[dict[str, tuple[float, float, float]]] = {
    "lmm-2": (27.01, 47.83, 92.68),
    "lmm": (28.49, 46.97, 85.34),  # "linear memory"
    "no-convolution": (28.73, 45.82, 90.28),
    "no-momentum": (28.98, 45.49, 87.12),
    "no-forgetting": (29.04, 45.11, 85.60),
    "no-persistent": (27.63, 46.35, 92.49),
}
