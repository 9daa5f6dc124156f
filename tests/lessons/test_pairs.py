"""What lesson 2 tells: what close keys do to one another, and how close a trained model puts its keys."""

from __future__ import annotations

import base64
import math
import re

import pytest

import titans_core as tc
from app.exhibits.pairs import keys
from lessons import load_all
from lessons.exhibits.pairs import ANGLES, Shown, written


@pytest.mark.parametrize("angle", [*ANGLES][::10])
def test_what_is_left_is_the_sine_squared_and_what_is_mixed_in_the_cosine(angle: int) -> None:
    answers, turned = written(angle), math.radians(angle)
    assert answers.a == pytest.approx((math.sin(turned) ** 2, math.cos(turned)), abs=1e-6)
    assert answers.b == pytest.approx((0, 1), abs=1e-6), "the one written last is answered whole"


def test_lesson_2_tells_what_its_model_does() -> None:
    (lesson,) = (lesson for lesson in load_all() if lesson.name == "keys-and-values")
    assert isinstance(lesson.exhibit, Shown)
    found = lesson.exhibit.run(lambda name: tc.load(name, device="cpu")).claims
    numbers = {name: claim.number for name, claim in found.items() if name != "right_angle"}
    assert found["right_angle"].value == "a" and numbers["crossing"] == 51
    assert (numbers["left_0"], numbers["left_60"]) == pytest.approx((0, 75), abs=0.1)
    assert numbers["same"] > 0.98 > numbers["moved"] > 0.8 > numbers["lamp"] + 0.2 > numbers["pet"] + 0.2
    assert numbers["lamp_last"] > numbers["lamp"] + 0.2, "the last layer's keys are closer to one another"


@pytest.mark.parametrize("angle", [*ANGLES][::10])
def test_the_keys_names_never_lie_over_one_another(angle: int) -> None:
    (source,) = re.findall(r"base64,([^\"]+)", keys(angle, ""))
    places = re.findall(r'<text x="([-.\d]+)" y="([-.\d]+)"', base64.b64decode(source).decode())
    (xa, ya), (xb, yb) = [(float(x), float(y)) for x, y in places]
    assert abs(ya - yb) > 20 or abs(xa - xb) > 60, angle  # a name is 15 high and some 40 wide
