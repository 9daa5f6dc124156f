"""The family: every relative of Titans as switches of one rule (appendix C of the paper).

All write M <- λ M + β (error) k and read M(q), as `kernels.memory` does with β = 2θ and λ = 1 − α; what they
differ in is the error, whether β and λ depend on the token, and how many tokens share one point at which the
error is taken. Around the rule all have the same block: projections, convolution, gates and normalisation are
those of `titans_core.memory`, so that a comparison compares rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from titans_core.config import MemoryConfig

MINI_BATCH: Final[int] = 16  # tokens that TTT takes its gradients for together


@dataclass(frozen=True)
class Relative:
    """One member: its ``rule`` in formulas, where it comes from, and what is ``decided`` where the paper says
    nothing or something that is not the rule."""

    title: str
    rule: str
    source: str
    decided: str
    memory: MemoryConfig


NO_MOMENTUM: Final[float] = 0.0  # η at the most

FAMILY: Final[dict[str, Relative]] = {
    "linear-attention": Relative(
        "Linear attention",
        "M ← M + β kᵀv",
        "Katharopoulos et al. 2020, arXiv 2006.16236",
        "β is a gate; keys of length one stand for the feature map, the output’s norm for the normaliser.",
        MemoryConfig(objective="inner", forgetting="none", eta_max=NO_MOMENTUM),
    ),
    "retnet": Relative(
        "RetNet",
        "M ← λ M + β kᵀv, one λ a head",
        "Sun et al. 2023, arXiv 2307.08621",
        "λ begins at 1 − 2⁻⁵⁻ʰ in head h, as there, and is then learned; no rotation of keys.",
        MemoryConfig(objective="inner", forgetting="fixed", eta_max=NO_MOMENTUM),
    ),
    "mamba2": Relative(
        "Mamba-2",
        "M ← λₜ M + βₜ kᵀv",
        "Dao and Gu 2024, arXiv 2405.21060",
        "λ and β are two gates; Mamba-2 makes both from one step size.",
        MemoryConfig(objective="inner", eta_max=NO_MOMENTUM),
    ),
    "deltanet": Relative(
        "DeltaNet",
        "M ← M + βₜ kᵀ(v − kM)",
        "Schlag et al. 2021, arXiv 2102.11174; Yang et al. 2024, arXiv 2406.06484",
        "β lies between 0 and 1.",
        MemoryConfig(forgetting="none", eta_max=NO_MOMENTUM),
    ),
    "gated-deltanet": Relative(
        "Gated DeltaNet",
        "M ← λₜ M + βₜ kᵀ(v − λₜ kM)",
        "Yang et al. 2024, arXiv 2412.06464",
        "The error is taken at what forgetting leaves: θ = λβ/2 and v/λ in our rule.",
        MemoryConfig(decayed=True, eta_max=NO_MOMENTUM),
    ),
    "ttt-linear": Relative(
        "TTT-Linear",
        "M ← M + βₜ kᵀ(v − kM′), M′ at the start of every 16 tokens",
        "Sun et al. 2024, arXiv 2407.04620",
        "No normalisation within the loss; β is at most 1/16, so that a key that fills its 16 tokens never "
        "overshoots.",
        MemoryConfig(
            forgetting="none",
            eta_max=NO_MOMENTUM,
            chunk_size=MINI_BATCH,
            block_size=MINI_BATCH,
            step_max=1 / MINI_BATCH,
        ),
    ),
    "ttt-mlp": Relative(
        "TTT-MLP",
        "the same, M a network of two layers",
        "Sun et al. 2024, arXiv 2407.04620",
        "Four hidden units a channel, as there; β by the bounded step of our deep memories.",
        MemoryConfig(
            depth=2,
            hidden=128,
            forgetting="none",
            eta_max=NO_MOMENTUM,
            chunk_size=MINI_BATCH,
            block_size=MINI_BATCH,
        ),
    ),
    "titans": Relative(
        "Titans (LMM)",
        "S ← ηₜ S + βₜ kᵀ(v − kM), M ← λₜ M + S",
        "Behrouz, Zhong and Mirrokni 2025, arXiv 2501.00663",
        "θ = θ̂ (1 − η) with 2θ̂ ≤ 1: while η stays the same, the steps of one write add up to no more "
        "than its error.",
        MemoryConfig(),
    ),
}
