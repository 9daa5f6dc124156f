"""A class in real browsers: a teacher leads, learners follow, roam, are paused, answer and leave."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from playwright.sync_api import Browser, Page, expect

from app.permalink import LONGEST, pack
from app.samples import text
from benchmarks.browser import QUIET, executable
from lessons import load_all
from tests.browser.conftest import PATIENCE, linked
from tests.browser.rooms import CHOICES, door, end, lead, player, show_checkpoint, switch, up
from tests.browser.test_accessibility import in_every_look, serious
from titans_core.tasks import filler

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
NAME = "titans-lab.test"  # of a computer that others can reach
STORY = "Tom likes soup. Ivy has a pet owl."
MINE = "My own words, typed before the class began."
WORDS = sorted({word for seed in range(400) for word in filler(seed).split()})  # many: they pack badly
WORDY = 1_400


def read(page: Page, words: str) -> None:
    """Type a text on the Stream page, and wait until it is shown."""
    box = page.get_by_label("The text", exact=True)
    box.fill(words)
    box.press("Control+Enter")
    expect(page.locator(".player .text")).to_have_text(words, use_inner_text=False)


def test_two_clicks_open_a_room_and_a_link_or_a_code_leads_there(teacher: Page, open_page: Open) -> None:
    code = lead(teacher)
    by_link = up(open_page(f"?room={code}"))
    expect(by_link.get_by_text("You are following your teacher")).to_be_visible()
    by_link.wait_for_url(lambda url: "room" not in url)
    expect(teacher.get_by_text("1 learner", exact=True)).to_be_visible()
    typing = open_page("weights")
    door(typing)
    typing.get_by_label("Or join with your teacher’s code").fill(f"{code[:3]} {code[3:]}".lower())
    typing.get_by_role("button", name="Join").click()
    player(up(typing))
    expect(teacher.get_by_text("2 learners", exact=True)).to_be_visible()


def test_an_invitation_shows_a_picture_of_the_link_where_others_can_open_it(
    browser: Browser, server: str
) -> None:
    port = server.rpartition(":")[2]
    where, named = browser.browser_type, f"--host-resolver-rules=MAP {NAME} 127.0.0.1"
    with where.launch(executable_path=executable(), args=[*QUIET, named]) as elsewhere:
        page = elsewhere.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"http://{NAME}:{port}/")
        player(page)
        code = lead(page)
        page.get_by_role("button", name="Invite").click()
        invitation = page.get_by_role("dialog", name="Join this room")
        picture = f"QR picture of http://{NAME}:{port}/?room={code}"
        expect(invitation.get_by_role("img", name=picture, exact=True)).to_be_visible()
        expect(invitation.locator(".address")).to_have_text(f"{NAME}:{port}")
        expect(invitation).not_to_contain_text("make run", use_inner_text=True)
        # a page that came without https may not write to the clipboard: what is to be copied is shown, whole
        invitation.get_by_role("button", name="Copy the link").click()
        expect(invitation.get_by_role("button", name="Press Ctrl+C to copy")).to_be_visible()
        expect(invitation.locator(".address")).to_have_text(f"http://{NAME}:{port}/?room={code}")


def test_an_invitation_that_nobody_could_follow_says_how_others_come_in(teacher: Page, server: str) -> None:
    code = lead(teacher)
    teacher.get_by_role("button", name="Invite").click()
    invitation = teacher.get_by_role("dialog", name="Join this room")
    expect(invitation).to_contain_text("make run HOST=0.0.0.0", use_inner_text=True)
    expect(invitation).to_contain_text(f"http://ADDRESS:{server.rpartition(':')[2]}/", use_inner_text=True)
    expect(invitation).to_contain_text(code, use_inner_text=True)
    expect(invitation.get_by_role("img")).to_be_hidden()
    expect(invitation.get_by_role("button", name="Copy the link")).to_be_hidden()


def test_one_browser_is_one_learner_of_a_room_and_answers_once(teacher: Page, open_page: Open) -> None:
    code = lead(teacher)
    learner = up(open_page(f"?room={code}"))
    show_checkpoint(teacher, None)
    show_checkpoint(learner, 1)
    rows = teacher.locator(".given li")
    expect(rows.nth(1)).to_have_text(f"{CHOICES[1]}1")
    other_tab = learner.context.new_page()
    other_tab.goto(teacher.url)
    door(other_tab)
    other_tab.get_by_label("Or join with your teacher’s code").fill(f"{code[:3]}-{code[3:]}".lower())
    other_tab.get_by_role("button", name="Join").click()
    show_checkpoint(up(other_tab), 2)
    expect(rows).to_have_text([f"{CHOICES[0]}0", f"{CHOICES[1]}0", f"{CHOICES[2]}1"])
    expect(teacher.get_by_text("1 learner", exact=True)).to_be_visible()
    other_tab.get_by_role("button", name="Leave").click()
    expect(other_tab.locator(".bar.learner")).to_be_hidden()
    expect(teacher.get_by_text("1 learner", exact=True)).to_be_visible()  # in the first tab still
    learner.get_by_role("button", name="Leave").click()
    expect(teacher.get_by_text("0 learners", exact=True)).to_be_visible()
    learner.evaluate("(code) => titansLabRoom.join(code)", code)
    show_checkpoint(up(learner), 0)
    expect(rows).to_have_text([f"{CHOICES[0]}1", f"{CHOICES[1]}0", f"{CHOICES[2]}0"])


def test_a_playhead_that_was_painted_before_the_class_is_known_follows_too(open_page: Open) -> None:
    page = open_page()
    player(page)
    page.wait_for_function("() => globalThis.titansLabRoom")
    last = int(page.locator(".player").get_attribute("data-position") or 0)
    page.evaluate(
        "(length) => new titansLabRoom.guide.constructor(() => {}, () => {}).follow({ length, token: 17 })",
        last + 1,
    )
    expect(page.locator(".player")).to_have_attribute("data-position", "17")


def test_learners_follow_to_pages_choices_texts_and_tokens(teacher: Page, open_page: Open) -> None:
    learner = up(open_page(f"?room={lead(teacher)}"))
    player(learner)
    learner.evaluate("() => (window.stillHere = true)")
    teacher.locator(".player [data-token='17']").click()
    expect(learner.locator(".player")).to_have_attribute("data-position", "17")
    read(teacher, STORY)
    expect(learner.locator(".player .text")).to_have_text(STORY, use_inner_text=False)
    teacher.get_by_role("link", name="Compare").click()
    expect(learner.locator(".compare .text")).to_have_text(STORY, use_inner_text=False)
    teacher.get_by_role("button", name="MAL", exact=True).click()
    expect(learner.locator(".compare")).to_have_attribute("data-models", "mac, mag")
    teacher.locator(".compare [data-token='3']").click()
    expect(learner.locator(".compare")).to_have_attribute("data-position", "3")
    teacher.get_by_label("A question about the text").fill("What does Tom like?")
    teacher.get_by_role("button", name="Ask").click()
    expect(learner.locator(".compare .answer").first).to_be_visible()
    expect(learner.get_by_label("A question about the text")).to_have_value("What does Tom like?")
    assert learner.evaluate("() => window.stillHere")  # no page was loaded anew
    shade = "(bar) => getComputedStyle(bar).backgroundColor"
    bar = teacher.locator(".compare .answer li > i").first
    ground = bar.evaluate(shade)
    switch(teacher, "Projector", True)
    assert bar.evaluate(shade) == ground  # darker, a share of nothing would look like all of it


def test_a_text_too_long_for_a_link_is_followed_too(teacher: Page, open_page: Open) -> None:
    learner = up(open_page(f"?room={lead(teacher)}"))
    player(learner)
    words = " ".join(Random(1).choices(WORDS, k=WORDY))
    assert len(pack(words)) > LONGEST
    read(teacher, words)
    expect(learner.locator(".player .text")).to_have_text(words, use_inner_text=False)


def test_who_may_roam_goes_where_they_like_and_comes_back(teacher: Page, open_page: Open) -> None:
    learner = up(open_page(f"?room={lead(teacher)}"))
    player(learner)
    expect(learner.get_by_role("link", name="Needle")).to_be_hidden()
    switch(teacher, "Roam", True)
    switch(learner, "Follow", False)
    learner.get_by_role("link", name="Needle").click()
    expect(learner.get_by_role("heading", name="Needle")).to_be_visible()
    read(teacher, STORY)
    expect(learner.get_by_text("You are looking around by yourself")).to_be_visible()
    expect(learner.get_by_role("heading", name="Needle")).to_be_visible()
    switch(learner, "Follow", True)
    expect(learner.locator(".player .text")).to_have_text(STORY, use_inner_text=False)
    learner.get_by_role("link", name="Needle").click()
    expect(learner.get_by_text("You are looking around until your teacher’s next step")).to_be_visible()
    learner.get_by_role("button", name="Back to the class").click()
    expect(learner.get_by_text("You are following your teacher")).to_be_visible()
    switch(learner, "Follow", False)
    learner.get_by_role("link", name="Needle").click()
    expect(learner.get_by_role("heading", name="Needle")).to_be_visible()
    switch(teacher, "Roam", False)
    expect(learner.locator(".player .text")).to_have_text(STORY, use_inner_text=False)


def test_a_frozen_page_can_be_seen_and_not_touched(teacher: Page, open_page: Open) -> None:
    learner = up(open_page(f"?room={lead(teacher)}"))
    player(learner)
    switch(teacher, "Freeze", True)
    veil = learner.get_by_role("dialog", name="Paused")
    expect(veil).to_contain_text("Your teacher has paused the pages")
    for _ in range(3):
        learner.keyboard.press("Escape")
    learner.keyboard.type("x \n")  # whoever was typing does not press what the veil offers
    expect(veil).to_be_visible()
    expect(learner.get_by_label("The text", exact=True)).to_have_value(text("The red key"))
    teacher.locator(".player [data-token='5']").click()
    expect(learner.locator(".player")).to_have_attribute("data-position", "5")  # yet it follows
    switch(teacher, "Freeze", False)
    expect(veil).to_be_hidden()
    learner.locator(".player [data-token='8']").click()
    expect(learner.locator(".player")).to_have_attribute("data-position", "8")


def test_who_is_paused_can_leave_with_the_pointer_and_with_the_keyboard(
    teacher: Page, open_page: Open
) -> None:
    code = lead(teacher)
    learner = up(open_page(f"?room={code}"))
    player(learner)
    switch(teacher, "Freeze", True)
    teacher.close()  # whoever could let them go is gone
    learner.reload()
    veil = learner.get_by_role("dialog", name="Paused")
    veil.get_by_role("button", name="Leave").click()
    for left in (veil, learner.locator(".bar.learner")):
        expect(left).to_be_hidden()
    learner.evaluate("(code) => titansLabRoom.join(code)", code)
    expect(veil).to_be_visible()
    learner.keyboard.press("Tab")
    learner.keyboard.press("Enter")
    expect(veil).to_be_hidden()
    expect(learner.get_by_role("button", name="Class", exact=True)).to_be_visible()


def test_the_room_survives_its_hosts_and_its_learners_reload(teacher: Page, open_page: Open) -> None:
    code = lead(teacher)
    learner = up(open_page(f"?room={code}"))
    player(learner)
    read(teacher, STORY)
    expect(learner.locator(".player .text")).to_have_text(STORY, use_inner_text=False)
    switch(teacher, "Roam", True)
    teacher.reload()
    expect(up(teacher).locator(".host .code")).to_have_text(code)
    expect(teacher.locator(".player .text")).to_have_text(STORY, use_inner_text=False)
    expect(teacher.get_by_role("switch", name="Roam")).to_have_attribute("aria-checked", "true")
    expect(learner.locator(".player .text")).to_have_text(STORY, use_inner_text=False)
    learner.reload()
    expect(up(learner).locator(".player .text")).to_have_text(STORY, use_inner_text=False)
    expect(teacher.get_by_text("1 learner", exact=True)).to_be_visible()
    teacher.get_by_role("link", name="Needle").click()
    expect(learner.get_by_role("heading", name="Needle")).to_be_visible()
    other_tab = teacher.context.new_page()
    other_tab.goto(teacher.url)
    door(other_tab)
    other_tab.get_by_role("button", name=f"Go on with room {code}").click()
    expect(up(other_tab).locator(".host .code")).to_have_text(code)


def test_an_address_that_a_host_types_leads_the_class_there(
    teacher: Page, open_page: Open, server: str
) -> None:
    learner = up(open_page(f"?room={lead(teacher)}"))
    player(learner)
    lesson = next(lesson for lesson in load_all() if lesson.name == "why-memory")
    teacher.goto(f"{server}/lessons?lesson={lesson.name}")
    for page in (up(teacher), learner):
        expect(page.get_by_role("heading", name=lesson.steps[0].title)).to_be_visible()
    teacher.reload()
    expect(up(teacher).get_by_role("heading", name=lesson.steps[0].title)).to_be_visible()


def test_on_a_phone_the_bar_covers_nothing_and_comes_into_sight_when_the_class_ends(
    teacher: Page, open_page: Open
) -> None:
    learner = up(open_page(f"?room={lead(teacher)}"))
    player(learner)
    learner.set_viewport_size({"width": 390, "height": 800})
    bar, heading = learner.locator(".bar.learner").bounding_box(), learner.locator("h1").first.bounding_box()
    assert bar and heading and bar["y"] + bar["height"] <= heading["y"]
    learner.locator("[data-testid=stMain]").evaluate("(main) => main.scrollTo(0, main.scrollHeight)")
    expect(learner.locator(".bar.learner")).not_to_be_in_viewport()
    end(teacher)
    told = learner.get_by_role("region", name="Your class")
    expect(told).to_contain_text("The room has ended.")
    expect(told).to_be_in_viewport(ratio=1)


def test_a_lost_connection_comes_back_and_catches_up(teacher: Page, open_page: Open) -> None:
    learner = up(open_page(f"?room={lead(teacher)}"))
    player(learner)
    # read at once: the line may be there again within a quarter of a second
    told = learner.locator(".learner .status").evaluate(
        "(status) => { titansLabRoom.connection.lose(); return status.textContent; }"
    )
    assert told == "Connection lost: trying again …"
    read(teacher, STORY)
    expect(up(learner).locator(".player .text")).to_have_text(STORY, use_inner_text=False)
    teacher.evaluate("() => titansLabRoom.connection.lose()")
    teacher.get_by_role("link", name="Needle").click()
    expect(learner.get_by_role("heading", name="Needle")).to_be_visible()


def test_who_leaves_has_what_they_had_and_so_has_everybody_when_the_room_ends(
    teacher: Page, open_page: Open
) -> None:
    code, learner = lead(teacher), open_page()
    player(learner)
    read(learner, MINE)
    door(learner)
    learner.get_by_label("Or join with your teacher’s code").fill(code)
    learner.get_by_role("button", name="Join").click()
    expect(up(learner).locator(".player .text")).to_have_text(text("The red key"), use_inner_text=False)
    learner.get_by_role("button", name="Leave").click()
    expect(learner.locator(".player .text")).to_have_text(MINE, use_inner_text=False)
    expect(teacher.get_by_text("0 learners")).to_be_visible()
    learner.evaluate("(code) => titansLabRoom.join(code)", code)
    expect(up(learner).locator(".player .text")).to_have_text(text("The red key"), use_inner_text=False)
    end(teacher)
    expect(learner.get_by_role("region", name="Your class")).to_contain_text("The room has ended.")
    learner.get_by_role("button", name="Back to what I had").click()
    expect(learner.locator(".player .text")).to_have_text(MINE, use_inner_text=False)
    late = open_page(f"?room={code}")
    expect(late.get_by_role("alert").filter(has_text="This room has ended")).to_be_visible()


def test_a_wrong_code_is_told_and_stays_to_be_mended(teacher: Page) -> None:
    door(teacher)
    box = teacher.get_by_label("Or join with your teacher’s code")
    box.fill("QQQ777")
    teacher.get_by_role("button", name="Join").click()
    told = teacher.get_by_role("alert").filter(has_text="There is no room with this code")
    expect(told).to_be_visible()
    expect(box).to_have_value("QQQ777")
    teacher.keyboard.press("Escape")
    expect(told).to_be_hidden()


def test_projector_mode_is_large_and_stays_as_long_as_the_room(teacher: Page) -> None:
    lead(teacher)
    size = "() => parseFloat(getComputedStyle(document.querySelector('.stMain textarea')).fontSize)"
    before = teacher.evaluate(size)
    switch(teacher, "Projector", True)
    assert teacher.evaluate(size) == pytest.approx(before * 1.25)
    teacher.reload()
    player(up(teacher))
    expect(teacher.locator("html.projector")).to_have_count(1)
    assert serious(teacher) == []
    end(teacher)
    expect(teacher.locator("html.projector")).to_have_count(0)
    assert teacher.evaluate(size) == pytest.approx(before)
    teacher.reload()
    teacher.wait_for_selector(".class-room[data-up]", state="attached")  # no bar outside a room
    expect(teacher.locator("html.projector")).to_have_count(0)


def test_nothing_keeps_anybody_from_a_class(open_page: Open) -> None:
    teacher, learner = (open_page(linked("", STORY), color_scheme="dark") for _ in range(2))
    for page in (teacher, learner):
        player(page)

    def check(page: Page) -> None:
        for look, found in in_every_look(page, 900, new=".st-key-class-room"):
            assert found == [], look
            assert page.evaluate("() => document.documentElement.scrollWidth") <= look[1]

    door(learner)
    check(learner)
    code = lead(teacher)
    learner.get_by_label("Or join with your teacher’s code").fill(code)
    learner.keyboard.press("Enter")
    show_checkpoint(teacher, None)
    show_checkpoint(up(learner), 1)
    expect(teacher.locator(".given li")).to_have_count(3)
    check(teacher)
    check(learner)
    teacher.get_by_role("button", name="Invite").click()
    check(teacher)
    teacher.keyboard.press("Escape")
    switch(teacher, "Freeze", True)
    expect(learner.get_by_role("dialog", name="Paused")).to_be_visible()
    check(learner)
    end(teacher)
    expect(learner.get_by_role("region", name="Your class")).to_contain_text("The room has ended.")
    check(learner)
