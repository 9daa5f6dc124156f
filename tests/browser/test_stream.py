"""A text streams through a model, and the browser shows it: text, playing, stepping, scrubbing, weights."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import expect

import titans_core as tc
from app import models
from tests.browser.conftest import StreamPage, spoken

pytestmark = pytest.mark.browser
Visit = Callable[..., StreamPage]
STORY = (
    "Mara put the red key in the attic. The rain fell over the quiet hills.\n\n"
    "“Tom likes soup,” she said. The code for the blue box is 4 0 7 1. Ivy has a pet owl.\n"
)
LONG = STORY * 4


def test_the_text_shown_is_the_text_typed(visit: Visit) -> None:
    page = visit().read(STORY)
    tokens = tc.Stream(tc.load(tc.available()[0])).feed(STORY).tokens
    spans = page.text.locator("[data-token]")
    assert spans.count() == sum(token != "" for token in tokens)
    assert page.position == len(tokens) - 1


def test_every_token_is_shaded_by_its_surprise(visit: Visit) -> None:
    page = visit(text=STORY)
    trace = tc.Stream(tc.load(tc.available()[0])).feed(STORY)
    mean = trace["surprise"].mean((1, 2))
    low, high = (np.sort(mean)[int(share * len(mean))] for share in (0.01, 0.99))
    expected = np.clip((mean - low) / (high - low), 0, 1)
    shares = page.text.evaluate(
        "(text) => Object.fromEntries([...text.querySelectorAll('[data-token]')]"
        ".map((span) => [span.dataset.token, Number(span.style.getPropertyValue('--share'))]))"
    )
    for token, share in shares.items():
        assert share == pytest.approx(expected[int(token)], abs=2e-3)


def test_the_shade_switches_to_what_is_written(visit: Visit) -> None:
    page = visit(text=STORY)
    before = page.token(3).evaluate("(span) => getComputedStyle(span).backgroundColor")
    page.player.get_by_role("radio", name="what is written").check()
    assert page.player.get_attribute("data-shade") == "write"
    assert page.token(3).evaluate("(span) => getComputedStyle(span).backgroundColor") != before


def test_playing_advances_and_pauses_where_it_is(visit: Visit) -> None:
    page = visit(text=LONG)
    page.player.get_by_label("Speed").select_option("4")  # faster, it might be at the end before it is paused
    page.player.get_by_role("button", name="Play").click()
    page.wait("() => player.dataset.position > 5 && player.dataset.position < 100")
    page.player.get_by_role("button", name="Pause").click()
    stopped = page.position
    assert page.position == stopped
    page.player.get_by_role("button", name="Play").click()
    page.wait(f"() => player.dataset.position > {stopped}")


def test_keys_step_play_and_jump(visit: Visit) -> None:
    page = visit(text=STORY)
    last = page.position
    page.slider.focus()
    for key, expected in (("ArrowLeft", last - 1), ("Home", 0), ("ArrowRight", 1), ("End", last)):
        page.page.keyboard.press(key)
        assert page.position == expected
    page.page.keyboard.press("Space")
    expect(page.player.get_by_role("button", name="Pause")).to_be_visible()
    page.page.keyboard.press("Space")
    expect(page.player.get_by_role("button", name="Play")).to_be_visible()


def test_keys_in_the_text_box_stay_in_the_text_box(visit: Visit) -> None:
    page = visit(text=STORY)
    last = page.position
    page.page.get_by_label("The text", exact=True).click()
    for key in ("ArrowLeft", "Home", "Space"):
        page.page.keyboard.press(key)
    assert page.position == last


def test_hovering_shows_a_token_and_leaving_returns(visit: Visit) -> None:
    page = visit(text=STORY)
    trace = tc.Stream(tc.load(tc.available()[0])).feed(STORY)
    page.token(4).hover()
    assert page.shown == 4 and page.position == len(trace) - 1
    assert spoken(page.value("surprise")) == pytest.approx(trace["surprise"][4].mean(), rel=0.01)
    assert spoken(page.value("nll")) == pytest.approx(trace["nll"][4], rel=0.01)
    page.page.mouse.move(5, 5)
    assert page.shown == len(trace) - 1


def test_a_click_locks_a_token_until_it_is_freed(visit: Visit) -> None:
    page = visit(text=STORY)
    page.token(6).click()
    page.token(2).hover()
    assert page.shown == 6
    page.page.keyboard.press("Escape")
    page.token(3).hover()
    assert page.shown == 3


def test_dragging_the_scrub_bar_moves_the_playhead(visit: Visit) -> None:
    page = visit(text=LONG)
    last = page.position
    box = page.player.locator(".scrub").bounding_box()
    assert box
    page.page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 10)
    page.page.mouse.down()
    assert page.position == pytest.approx(0.75 * last, abs=2)
    page.page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 10)
    assert page.position == pytest.approx(0.25 * last, abs=2)
    page.page.mouse.move(box["x"] - 60, box["y"] + 10)
    assert page.position == 0
    page.page.mouse.up()


@pytest.mark.parametrize("variant", ["mac", "mag", "mal", "lmm"])
def test_the_weights_drawn_are_the_weights_the_library_has(visit: Visit, variant: str) -> None:
    page = visit(f"?model={variant.upper()}", text=LONG)
    for name in tc.available():
        kind, _, memory = name.partition("-")
        if kind == variant:
            if memory:
                page.choose_model(models.MEMORIES[memory])
            check_model(page, name)


def check_model(page: StreamPage, name: str) -> None:
    """What the page shows of a model's weights, at its ends and within."""
    expect(page.page.get_by_test_id("stCaptionContainer")).to_contain_text(f"{models.title(name)},")
    expect(page.player).to_have_attribute("data-models", name)  # the caption is there before what was read
    page.settle()
    stream = tc.Stream(tc.load(name))
    trace = stream.feed(LONG)
    page.player.locator("button[role=radio][aria-label='layer 2, head 3']").click()
    page.slider.focus()
    for press, token in (("End", len(trace) - 1), ("Home", 0)):
        page.page.keyboard.press(press)
        check_weights(page, stream, token)
    for token in (10, len(trace) - 20):
        page.token(token).scroll_into_view_if_needed()
        page.token(token).click()
        check_weights(page, stream, token)


def check_weights(page: StreamPage, stream: tc.Stream, token: int) -> None:
    """The matrix in the browser equals the library's after that token, to 1e-4 of its largest weight."""
    page.wait(f"() => player.weightsShown().token === {token}")
    drawn = page.weights
    assert (drawn["layer"], drawn["head"]) == (1, 2)
    expected = stream.at(token + 1).weights()[1, f"W{drawn['matrix'] + 1}"][2]
    told = re.findall(r"[−\d.]+\d", page.player.locator(".extremes").inner_text())
    extremes = [spoken(number) for number in told]
    np.testing.assert_allclose(extremes, [expected.min(), expected.max()], rtol=0.01, atol=1e-4)
    values = np.array(drawn["values"]).reshape(drawn["rows"], drawn["columns"])
    np.testing.assert_allclose(values, expected, atol=1e-4 * max(1.0, float(np.abs(expected).max())))


def test_the_equation_adds_up_for_the_head_shown(visit: Visit) -> None:
    page = visit(text=STORY)
    trace = tc.Stream(tc.load(tc.available()[0])).feed(STORY)
    page.token(7).click()
    page.settle()
    cells = page.player.locator(".equation [data-number]")
    shown = {cell.get_attribute("data-number"): spoken(cell.inner_text()) for cell in cells.all()}
    expected = {
        "memory": trace["memory_norm"][7, 0, 0],
        "kept": 1 - trace["alpha"][7, 0, 0],
        "before": trace["memory_norm"][6, 0, 0],
        "eta": trace["eta"][7, 0, 0],
        "momentum": trace["momentum"][6, 0, 0],
        "theta": trace["theta"][7, 0, 0],
        "surprise": trace["surprise"][7, 0, 0],
        "write": trace["write"][7, 0, 0],
    }
    assert shown == pytest.approx({k: float(v) for k, v in expected.items()}, rel=0.02, abs=1e-3)


def test_the_model_without_memory_shows_its_nll_and_says_so(visit: Visit) -> None:
    page = visit(text=STORY)
    page.choose_model("Attention")
    expect(page.player.get_by_text("This model has no memory")).to_be_visible()
    expect(page.player.locator(".large")).to_be_hidden()
    assert page.player.locator("output").count() == 1 and page.value("nll")
    assert page.player.get_attribute("data-shade") == "nll"


def test_the_model_chosen_is_in_the_address(visit: Visit) -> None:
    title = tc.available()[1].upper()
    page = visit(f"?model={title}")
    expect(page.page.get_by_test_id("stCaptionContainer")).to_contain_text(f"{title},")


def test_text_added_goes_on_from_where_the_reading_stands(visit: Visit) -> None:
    page = visit(text=STORY)
    stood = page.position
    page.page.get_by_label("Add text at the end").fill("Where is the red key?")
    page.page.get_by_role("button", name="Read on").click()
    page.wait("(text) => player.querySelector('.text').textContent === text", STORY + "Where is the red key?")
    assert page.position == stood
    page.slider.press("End")
    stream = tc.Stream(tc.load(tc.available()[0]))
    traces = [stream.feed(STORY), stream.feed("Where is the red key?")]
    assert page.position == sum(map(len, traces)) - 1
    expected = stream.weights()[0, "W1"][0].ravel()
    np.testing.assert_allclose(page.weights["values"], expected, atol=1e-4)


def test_playing_and_scrubbing_never_ask_the_server(visit: Visit) -> None:
    page = visit()
    sent: list[object] = []
    page.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.page.reload()
    page.page.wait_for_selector(".player[data-position]")
    page.read(LONG)
    asked: list[str] = []
    page.page.on("request", lambda request: asked.append(request.url))
    sent.clear()
    box = page.player.locator(".scrub").bounding_box()
    assert box
    page.page.mouse.move(box["x"], box["y"] + 9)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + box["width"], box["y"] + 9, steps=40)
    page.page.mouse.up()
    page.player.get_by_role("radio", name="what is written").check()
    page.player.get_by_role("radio", name="layer 1, head 2", exact=True).first.click()
    page.token(3).hover()
    page.player.get_by_role("button", name="Play").click()
    page.wait("() => player.dataset.position > 3")
    page.player.get_by_role("button", name="Pause").click()
    page.settle()
    asked = [url for url in asked if not url.endswith("/favicon.png")]  # the browser's own, after a reload
    assert sent == [] and asked == []


def test_one_goes_back_to_a_token_and_on_with_other_text_and_back_again(visit: Visit) -> None:
    page = visit(text=STORY)
    page.token(8).click()
    page.page.get_by_role("button", name="Go on from here").click()
    box = page.page.get_by_label("Go on after token 9")
    expect(box).to_be_focused()
    whole = tc.Stream(tc.load("mac"))
    told = "".join(whole.feed(STORY).tokens[:9])
    box.fill(" Tom likes soup.")
    page.page.get_by_role("button", name="Read on").click()
    page.wait("(text) => player.querySelector('.text').textContent === text", told + " Tom likes soup.")
    stream = whole.at(9)
    stream.feed(" Tom likes soup.")
    drawn = page.weights
    expected = stream.weights()[drawn["layer"], f"W{drawn['matrix'] + 1}"][drawn["head"]]
    assert drawn["values"] == pytest.approx(expected.ravel().tolist(), abs=1e-4)
    page.page.get_by_role("button", name="Back to the text as it was").click()
    page.wait("(text) => player.querySelector('.text').textContent === text", STORY)
