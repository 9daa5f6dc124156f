"""What a server does as it starts: the first page's model is there before anybody comes."""

from __future__ import annotations

import asyncio

import pytest

import titans_core as tc
from app import models
from app.hosting import life


def test_the_model_of_the_first_page_is_loaded_as_the_server_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(models, "load", loaded.append)
    asyncio.run(life.warm_up())
    assert loaded == [tc.available()[0]]


def test_a_server_without_a_model_or_with_a_damaged_one_starts_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def damaged(name: str) -> None:
        raise ValueError(f"{name} is damaged")

    monkeypatch.setattr(models, "load", damaged)
    asyncio.run(life.warm_up())
    monkeypatch.setattr(tc, "available", list)
    asyncio.run(life.warm_up())
