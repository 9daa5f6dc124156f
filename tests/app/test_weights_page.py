"""The Weights page's server side, run without a browser: whose weights it shows, after which token."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import titans_core as tc
from app import models
from app.reading import read
from app.weighing import SAMPLED, Weighing
from tests.app.pressing import held
from tests.app.unreadable import UNREADABLE

PAGE = Path(__file__).parents[2] / "app" / "views" / "weights.py"
STORY = "Mara put the red key in the attic. The rain fell over the quiet hills."


@pytest.fixture
def page() -> AppTest:
    page = AppTest.from_file(str(PAGE), default_timeout=120)
    page.session_state.text = STORY
    return page.run()


def warnings(page: AppTest) -> list[str]:
    assert not page.exception
    return [warning.value for warning in page.warning]


def choose(page: AppTest, name: str) -> AppTest:
    return page.button_group(key="weights-model").set_value(name).run()


def test_the_page_opens_at_the_end_of_the_text(page: AppTest) -> None:
    assert warnings(page) == []
    tokens = held(page).weighing.trace.tokens
    assert "".join(tokens) == STORY
    assert page.slider(key="weights-now").value == len(tokens)
    assert page.subheader[0].value == f"Weights after token {len(tokens)}, “{tokens[-1]}”"


@pytest.mark.parametrize("name", ["mac", "lmm-deep"])
def test_norm_and_rank_told_are_those_of_the_stream_at_that_token(page: AppTest, name: str) -> None:
    choose(page, name)
    stream = tc.Stream(models.load(name))
    stream.feed(STORY)
    for count in (0, 5):
        page.slider(key="weights-now").set_value(count).run()
        weights = stream.at(count).weights()[0, "W1"][0]
        told = [caption.value for caption in page.caption]
        assert any(f"norm {np.linalg.norm(weights):.3g}" in line for line in told), told
        ends = f"from {weights.min():.3g} to {weights.max():.3g}".replace("-", "−")
        assert any(ends in line for line in told), told


def test_before_the_first_token_there_is_a_heading_too(page: AppTest) -> None:
    page.segmented_control(key="weights-since").set_value("marked").run()
    page.slider(key="weights-mark").set_value(0).run()
    assert page.subheader[1].value == "Change since the beginning"
    page.slider(key="weights-now").set_value(0).run()
    assert page.subheader[0].value == "Weights before the first token"


def test_the_change_since_a_marked_token_is_between_two_streams(page: AppTest) -> None:
    page.segmented_control(key="weights-since").set_value("marked").run()
    page.slider(key="weights-mark").set_value(3).run()
    stream = tc.Stream(models.load(tc.available()[0]))
    stream.feed(STORY)
    change = stream.weights()[0, "W1"][0] - stream.at(3).weights()[0, "W1"][0]
    assert any(f"norm {np.linalg.norm(change):.3g}" in caption.value for caption in page.caption)
    assert page.subheader[1].value.startswith("Change since token 3")


def test_every_layer_head_and_matrix_can_be_shown(page: AppTest) -> None:
    choose(page, "mal-deep")
    for key, value in (("weights-layer", 1), ("weights-matrix", 1), ("weights-head", 3)):
        page.segmented_control(key=key).set_value(value).run()
    assert warnings(page) == []
    assert any("Head 4, layer 2, W2" in caption.value for caption in page.caption)


def test_a_model_without_memory_is_not_offered_and_a_link_to_it_is_told_why() -> None:
    page = AppTest.from_file(str(PAGE), default_timeout=120)
    page.session_state.text = STORY
    page.query_params["weights-model"] = "Attention"
    page.run()
    assert "Attention" not in page.button_group(key="weights-model").options
    told = "This link names \\'Attention\\', which has no memory to show here: choose another model."
    assert warnings(page) == [told]
    assert warnings(choose(page, "lmm")) == []


def test_a_rerun_reads_and_measures_nothing_anew(page: AppTest) -> None:
    before = held(page).weighing
    page.run()
    assert held(page).weighing is before and list(before.measured) == [0]


def test_a_long_text_is_measured_at_evenly_spaced_places() -> None:
    weighing = Weighing(read(models.load("mag"), STORY * 30))
    counts = weighing.history(0).counts
    assert len(counts) == SAMPLED + 1 < len(weighing.trace)
    assert counts[0] == 0 and counts[-1] == len(weighing.trace)


@UNREADABLE
def test_a_text_that_cannot_be_read_stays_in_its_box(page: AppTest, text: str, told: str) -> None:
    page.text_area(key="text").set_value(text).run()
    (message,) = warnings(page)
    assert told in message and page.text_area(key="text").value == text
