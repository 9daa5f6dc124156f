"""Checkpoints: safetensors with the configuration in the header and a model card as JSON beside it. Nothing
is ever unpickled."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from titans_core.config import VARIANTS, ModelConfig
from titans_core.model import TitansLM
from titans_core.tokenizer import Tokenizer

SHIPPED = Path(__file__).resolve().parent.parent / "assets" / "models"


def choose_device(device: str | torch.device) -> torch.device:
    """A device by name; ``"auto"`` is CUDA when present. Raises ValueError where there is no such device
    here."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        if chosen.type in ("cpu", "cuda"):
            return torch.empty(0, device=chosen).device
    except (RuntimeError, AssertionError):
        pass
    known = "auto, cpu or cuda" if torch.cuda.is_available() else "auto or cpu"
    raise ValueError(f"there is no device {str(device)!r} here: use {known}")


def available() -> list[str]:
    """Names of the shipped checkpoints, the five variants first."""
    names = {path.stem for path in SHIPPED.glob("*.safetensors")}
    return [v for v in VARIANTS if v in names] + sorted(names - set(VARIANTS))


def load(name: str | Path, device: str | torch.device = "auto") -> TitansLM:
    """A trained model by its shipped name or by a path; ``device="auto"`` takes CUDA when present.

    Raises ValueError with one sentence where there is no such checkpoint, or it cannot be read.
    """
    path = find(name)
    tensors, header = read_tensors(path)
    try:
        config = ModelConfig.from_dict(json.loads(header["config"]))
        model = TitansLM(config, path.stem, digest=file_digest(path))
        model.load_state_dict({key: value.float() for key, value in tensors.items()})
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split()[:40])
        raise ValueError(f"{path.name} is not a Titans checkpoint of this version: {reason}") from error
    if config.vocab_size != (size := Tokenizer.load().vocab_size):
        raise ValueError(
            f"{path.name} was trained with another tokenizer, of {config.vocab_size} tokens, not {size}: "
            "train it anew"
        )
    return model.to(choose_device(device)).eval().requires_grad_(False)


def find(name: str | Path) -> Path:
    """The file of a shipped checkpoint's name, or of a path. Raises ValueError where there is none."""
    with suppress(OSError):  # a name may be too long for a file
        for path in (SHIPPED / f"{name}.safetensors", Path(name)):
            if path.is_file():
                return path
        if Path(name).is_dir():
            raise ValueError(
                f"{name} is a folder: name the checkpoint in it, {Path(name) / 'model.safetensors'}"
            )
    known = ", ".join(available()) or "none yet: run `make train`"
    raise ValueError(f"there is no checkpoint {str(name)[:80]!r}; shipped: {known}")


def save_model(model: TitansLM, path: Path, card: dict[str, Any], half: bool = True) -> None:
    """Write ``path`` (safetensors, fp16 unless ``half`` is False) and the card ``path``.json, whole or not
    at all."""
    kind = torch.float16 if half else torch.float32
    tensors = {key: value.detach().to("cpu", kind).contiguous() for key, value in model.state_dict().items()}
    write_tensors(path, tensors, {"config": json.dumps(model.config.to_dict())})
    write_text(path.with_suffix(".json"), json.dumps(card, indent=2) + "\n")


def model_card(name: str | Path) -> dict[str, Any]:
    """The JSON beside a checkpoint: recipe, seed, tokens, time, device, measured scores.

    Raises ValueError where there is no such checkpoint, or no readable card beside it.
    """
    path = find(name).with_suffix(".json")
    try:
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"the card {path.name} is missing or cannot be read") from error
    if not isinstance(card, dict):
        raise ValueError(f"{path.name} is no model card")
    return card


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """All tensors and the header's texts. Raises ValueError where the file is missing, damaged or of another
    kind."""
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path.name} cannot be read as safetensors ({error}); is it complete?") from error


def write_tensors(path: Path, tensors: dict[str, Tensor], header: dict[str, str]) -> None:
    """Write safetensors to ``path``; an interrupted write leaves what was there."""
    write_bytes(path, save(tensors, metadata=header or None))


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 to ``path``; an interrupted write leaves what was there."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write beside ``path`` and move into place. Raises ValueError where that cannot be done."""
    if not path.name:
        raise ValueError("the file to write has no name")
    draft = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        os.replace(draft, path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise ValueError(f"cannot write {path}: {error.strerror}") from error


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
