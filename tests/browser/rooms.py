"""What a teacher and a learner do at any class's room."""

from __future__ import annotations

from playwright.sync_api import Page, expect

CHOICES = ["The first mention", "The second mention", "The weather, because nobody expects it"]


def player(page: Page) -> None:
    page.wait_for_selector(".player[data-position]")


def up(page: Page) -> Page:
    expect(page.locator(".class-room")).to_have_attribute("data-up", "true")
    return page


def door(page: Page) -> None:
    """Open the door to the rooms, once its script is there to hear of a click."""
    page.locator(".class-room[data-up]").get_by_role("button", name="Class", exact=True).click()


def lead(page: Page) -> str:
    """Open a room; its code."""
    door(page)
    page.get_by_role("button", name="Open a room").click()
    return up(page).locator(".host .code").inner_text()


def end(teacher: Page) -> None:
    """End the room, for all."""
    teacher.get_by_role("button", name="End", exact=True).click()
    teacher.get_by_role("button", name="End it for all?").click()


def switch(page: Page, name: str, on: bool) -> None:
    """Press a switch of the bar, and wait until the room has it so."""
    page.get_by_role("switch", name=name).click()
    expect(page.get_by_role("switch", name=name)).to_have_attribute("aria-checked", str(on).lower())


def show_checkpoint(page: Page, chosen: int | None) -> None:
    """What a lesson's page does where it shows a checkpoint."""
    told = {"checkpoint": "surprise/2", "choices": CHOICES, "chosen": chosen}
    page.evaluate(
        "(told) => { (globalThis.titansLabCheckpoints ??= new Map()).set(told.checkpoint, told);"
        "dispatchEvent(new Event('titans-lab-checkpoint')); }",
        told,
    )
