"""What whoever runs this lab can set, each as an environment variable: TITANS_SESSIONS=50, for instance.

The defaults hold one machine with two cores and 4 GB; `deploy/README.md` tells how to choose others.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX: Final[str] = "TITANS_"
WRONG: Final[str] = "These settings cannot be used: "


def at_home(path: Path) -> Path:
    """A path with what ``~`` stands for: where a file sets a variable, no shell replaces it."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError("there is no such user, or no home folder") from None


HomePath = Annotated[Path, AfterValidator(at_home)]


class BadSettings(ValueError):
    """What was set cannot be; the message says which, and what it should be."""


def state_folder() -> Path:
    """Where a user's programs keep what outlives them."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "titans-lab"


class Settings(BaseSettings):
    """Limits, places and addresses of one server."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid")

    # who may be in
    sessions: PositiveInt = Field(60, description="sessions that one server serves at once; others queue")
    idle_minutes: PositiveFloat = Field(
        10,
        le=10_080,
        description="minutes without a sign of life after which a place goes to somebody who waits",
    )

    # how much each may take
    text_characters: int = Field(
        40_000,
        ge=2_000,
        description="characters of one text; at least 2,000, for the samples",
    )
    text_tokens: int = Field(8_192, ge=512, description="tokens of one text; at least 512")
    book_characters: PositiveInt = Field(
        1_000_000, description="characters of a long text: a file that is read with a thinned trace"
    )
    upload_bytes: PositiveInt = Field(
        4_000_000,  # as many as a long text's characters can have, whatever it is written in
        description="bytes of one uploaded file; a proxy before the lab has a limit of its own "
        "(`client_max_body_size`, `proxy-body-size`)",
    )
    compute_seconds: PositiveFloat = Field(
        30, description="seconds of computing that a session may use in a minute; anything beyond that waits"
    )
    history_tokens: PositiveInt = Field(
        16_384,
        validate_default=True,
        description="tokens that a stream can go back over, its budget of snapshots; at least a text's",
    )
    session_mb: PositiveInt = Field(
        512, description="megabytes that a session may hold; beyond that, pages it has left are forgotten"
    )
    memory_mb: PositiveInt = Field(
        2_048,
        description="megabytes that all sessions may hold; beyond that, the oldest idle ones are put away",
    )

    # where things are kept
    state: HomePath = Field(default_factory=state_folder, description="folder for saved sessions and rooms")
    redis: str | None = Field(
        None,
        description="redis://… keeps sessions and rooms instead of the folder, for servers to share",
    )
    models: HomePath = Field(
        Path("models"),
        description="folder for models of your own, each `NAME.safetensors`; a path that does not begin "
        "with / is beside the lab",
    )
    kept_hours: PositiveFloat = Field(
        24, le=87_600, description="hours for which an unused saved session is kept"
    )

    # for whoever watches it
    metrics_port: NonNegativeInt = Field(
        0, le=65_535, description="port of Prometheus metrics; 0: none are served"
    )
    metrics_address: str = Field("127.0.0.1", description="address at which they are served")
    log_format: str = Field("text", pattern="^(text|json)$", description="text, or json: one object a line")

    @field_validator("history_tokens")
    @classmethod
    def reaches_back(cls, tokens: int, before: ValidationInfo) -> int:
        """Pages go back to the beginning of a text."""
        text = before.data.get("text_tokens", 0)
        if tokens < text:
            raise ValueError(f"a page goes back to its text's beginning: at least {text}, TITANS_TEXT_TOKENS")
        return tokens


@cache
def settings() -> Settings:
    """The settings of this process, read once. Raises BadSettings with one sentence a problem."""
    try:
        return Settings()
    except ValidationError as problem:
        told = [
            f"{PREFIX}{str(error['loc'][0]).upper()}={error.get('input')!r}: {error['msg']}"
            for error in problem.errors()
        ]
        raise BadSettings(WRONG + "; ".join(told) + ".") from None


def unknown() -> list[str]:
    """Variables that look like settings, and are none: mistyped, perhaps."""
    names = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in names)
