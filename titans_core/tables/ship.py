"""The family's checkpoints: those of the tables, trained from the first seed, for the page Family.

``python -m titans_core.tables.ship`` trains what is not trained yet and writes all of them.
"""

from __future__ import annotations

from typing import Final

from titans_core.checkpoint import SHIPPED, save_model
from titans_core.console import take_one_thread
from titans_core.tables.entry import LMM, relative
from titans_core.tables.run import trained

SEED: Final[int] = 1
FIVE: Final[dict[str, str]] = {  # the main ones: what each is called in the family, and in the tables
    **{name: name for name in ("ttt-linear", "mamba2", "deltanet", "gated-deltanet")},
    "titans": LMM.name,
}


def main() -> None:
    """Write them into ``assets/models/family``."""
    take_one_thread()
    for name, model in FIVE.items():
        training = trained(LMM if model == LMM.name else relative(model), SEED)
        path = SHIPPED / "family" / f"{name}.safetensors"
        path.parent.mkdir(exist_ok=True)
        save_model(training.model, path, training.card())
        print(f"shipped {path.name}")


if __name__ == "__main__":
    main()
