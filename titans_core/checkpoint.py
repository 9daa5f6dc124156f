"""Checkpoints: safetensors with the configuration in the header and a model card as JSON beside it. Nothing
is ever unpickled."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save
from torch import Tensor

from titans_core.config import VARIANTS, ModelConfig
from titans_core.files import as_path, write_bytes, write_text
from titans_core.header import CHECKSUM, Header, intact, parse, read_header, sealed
from titans_core.identity import fingerprint
from titans_core.model import Origin, TitansLM
from titans_core.places import ASSETS
from titans_core.tokenizer import Tokenizer

SHIPPED = ASSETS / "models"


def choose_device(device: str | torch.device) -> torch.device:
    """A device by name; ``"auto"`` is CUDA when present. Raises ValueError where there is no such device
    here."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        if chosen.type in ("cpu", "cuda"):
            return torch.empty(0, device=chosen).device
    except (RuntimeError, AssertionError, TypeError):
        pass
    known = "auto, cpu or cuda" if torch.cuda.is_available() else "auto or cpu"
    raise ValueError(f"there is no device {str(device)!r} here: use {known}")


def available() -> list[str]:
    """Names of the shipped checkpoints, the five variants first."""
    names = {path.stem for path in SHIPPED.glob("*.safetensors")}
    return [v for v in VARIANTS if v in names] + sorted(names - set(VARIANTS))


def loadable() -> list[str]:
    """All names of shipped checkpoints that ``load`` takes: those of the family too."""
    return available() + [f"family/{path.stem}" for path in sorted(SHIPPED.glob("family/*.safetensors"))]


def load(name: str | Path, device: str | torch.device = "auto") -> TitansLM:
    """A trained model by its shipped name or by a path; ``device="auto"`` takes CUDA when present.

    Raises ValueError with one sentence where there is no such checkpoint or device, or it cannot be read, and
    TypeError for what is neither a name nor a path.
    """
    path = find(name)
    header, content = read_whole(path)
    digest = hashlib.sha256(content).hexdigest()
    older = CHECKSUM not in header.texts and path.absolute().is_relative_to(SHIPPED)
    if older and shipped_digest(path) not in (digest, None):
        raise ValueError(
            f"{path.name} is damaged, because its digest is not its card's: take a whole copy of both"
        )
    try:
        if "config" not in header.texts:
            raise ValueError("its header has no configuration")
        config = ModelConfig.from_dict(parse(header.texts["config"]))
        model = outline(config, header)
        tensors = load_tensors(content)
        # copies: what a model holds is its own
        floats = {key: value.to(torch.float32, copy=True) for key, value in tensors.items()}
        check_finite(floats)
        model.load_state_dict(floats, assign=True)
    except (KeyError, RuntimeError, SafetensorError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split()[:40])
        raise ValueError(f"{path.name} is not a Titans checkpoint of this version: {reason}") from error
    model.name, model.digest = path.stem, digest
    known = str(name) if str(name) in loadable() else path.stem
    model.origin = Origin(known, fingerprint(config, floats))
    if config.vocab_size != (size := Tokenizer.load().vocab_size):
        raise ValueError(
            f"{path.name} was trained with another tokenizer, of {config.vocab_size} tokens, not {size}: "
            "train it anew"
        )
    return model.to(choose_device(device)).eval().requires_grad_(False)


def shipped_digest(path: Path) -> Any:
    """The digest that stands in a shipped file's card: those that are older than checksums hold none. None
    where no card tells it."""
    with suppress(ValueError):
        return model_card(path).get("digest")
    return None


def outline(config: ModelConfig, header: Header) -> TitansLM:
    """A model for which the tensors that a header tells of are the right ones. Raises ValueError where they
    are not, before more memory is taken than a few times what the file has."""
    there = sum(math.prod(tensor.shape) for tensor in header.tensors.values())
    if config.layers * config.memory.depth > len(header.tensors) or least(config) > there:
        raise ValueError(f"its {there:,} numbers are too few for its configuration")
    model = TitansLM(config)
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    if missing := sorted(expected.keys() - header.tensors.keys()):
        raise ValueError(f"it lacks {missing[0]}")
    for name, found in header.tensors.items():
        if name not in expected:
            raise ValueError(f"it has no place for {name[:80]!r}")
        if found.shape != expected[name]:
            raise ValueError(f"{name} is {list(found.shape)}, where it must be {list(expected[name])}")
    return model


def least(config: ModelConfig) -> int:
    """How many numbers a model of this configuration holds at least: its largest tensors' together."""
    inner, memory = config.heads * config.head_width, config.memory
    layer = 3 * config.width * (inner + config.feed_forward) + config.persistent * config.width
    if config.variant != "attention":
        sizes = [config.head_width, *[memory.hidden] * (memory.depth - 1), config.head_width]
        layer += config.heads * sum(a * b for a, b in pairwise(sizes)) + 3 * inner * memory.convolution
    return config.vocab_size * config.width + config.layers * layer


def check_finite(tensors: Mapping[str, Tensor]) -> None:
    """Raise ValueError where any tensor of floating-point numbers holds something else than numbers."""
    for name, value in tensors.items():
        if value.is_floating_point() and not value.isfinite().all():
            raise ValueError(f"{name} holds values that are infinite or not numbers")


def find(name: str | Path) -> Path:
    """The file of a shipped checkpoint's name, or of a path. Raises ValueError where there is none,
    and TypeError as ``as_path`` does."""
    as_path(name)
    with suppress(OSError):  # a name may be too long for a file
        for path in (SHIPPED / f"{name}.safetensors", Path(name)):
            if path.is_file():
                return path
        if str(name) and Path(name).is_dir():
            raise ValueError(
                f"{name} is a folder: name the checkpoint in it, {Path(name) / 'model.safetensors'}"
            )
    known = ", ".join(loadable()) or "none yet: run `make train`"
    raise ValueError(f"there is no checkpoint {str(name)[:80]!r}; shipped: {known}")


def save_model(model: TitansLM, path: Path, card: dict[str, Any], half: bool = True) -> None:
    """Write ``path`` (safetensors, fp16 unless ``half`` is False) and the card ``path``.json with the file's
    digest, each whole or not at all."""
    kind = torch.float16 if half else torch.float32
    tensors = {key: value.detach().to("cpu", kind).contiguous() for key, value in model.state_dict().items()}
    digest = write_tensors(path, tensors, {"config": json.dumps(model.config.to_dict())})
    write_text(path.with_suffix(".json"), json.dumps(card | {"digest": digest}, indent=2) + "\n")


def model_card(name: str | Path) -> dict[str, Any]:
    """The JSON beside a checkpoint: recipe, seed, tokens, time, device, measured scores.

    Raises ValueError where there is no such checkpoint, or no readable card beside it.
    """
    path = find(name).with_suffix(".json")
    try:
        card: dict[str, Any] = parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"the card {path.name} is missing or cannot be read") from error
    if not isinstance(card, dict):
        raise ValueError(f"{path.name} is not a model card")
    return card


def is_of(card: dict[str, Any], model: TitansLM) -> bool:
    """Whether a card is this model's, as far as it tells."""
    match card.get("recipe"):
        case {"model": {"variant": variant}} if variant != model.config.variant:
            return False
    found = {"parameters": model.parameter_count(), "digest": model.digest}
    return all(card.get(name, value) == value for name, value in found.items())


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file to be read. Raises ValueError, also for what is found wrong within, where it is missing, damaged
    or of another kind."""
    try:
        with path.open("rb") as file:
            yield file
    except FileNotFoundError:
        raise ValueError(f"there is no file {path}") from None
    except IsADirectoryError:
        raise ValueError(f"{path} is a folder: name the file in it") from None
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


def read_whole(path: Path, own: bool = False) -> tuple[Header, bytes]:
    """A file's header, checked, and all its bytes, which are of one file though another be put in its place
    meanwhile. Raises ValueError as ``opened`` does, where it is larger than a stranger's may be, unless it is
    our ``own``, and where its checksum is another than its content's."""
    with opened(path) as file:
        header = read_header(file, own)
        file.seek(0)
        content = file.read()  # not mapped: a file that is cut short meanwhile would end us
    if not intact(header, content):
        raise ValueError(
            f"{path.name} is damaged, because its checksum is not its content's: take a whole copy"
        )
    return header, content


def read_tensors(path: Path, own: bool = False) -> tuple[dict[str, Tensor], dict[str, str]]:
    """All tensors and the header's texts. Raises ValueError as ``read_whole`` does."""
    header, content = read_whole(path, own)
    try:
        return load_tensors(content), header.texts
    except SafetensorError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> ValueError:
    """What is said of a file that cannot be read."""
    reason = getattr(error, "strerror", None) or error
    return ValueError(f"{path.name} cannot be read as safetensors ({reason}); is it complete?")


def write_tensors(path: Path, tensors: dict[str, Tensor], header: dict[str, str], own: bool = False) -> str:
    """Write safetensors with their checksum to ``path``; an interrupted write leaves what was there. Returns
    the file's digest. Raises ValueError as ``write_bytes`` does, and for what ``read_tensors`` would
    refuse."""
    content = sealed(save(tensors), header)
    try:
        read_header(BytesIO(content), own)
    except ValueError as error:
        raise ValueError(
            f"cannot write {path}: {error}, so it could not be read again; take a smaller model, or change "
            "fewer tokens one by one"
        ) from error
    write_bytes(path, content)
    return hashlib.sha256(content).hexdigest()
