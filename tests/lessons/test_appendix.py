"""Claims about the appendix: its pages open, its tables say what the files say, its links lead somewhere."""

from __future__ import annotations

import ast
import html
import json
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.appendix import tables
from app.appendix.links import PLACES
from app.palette import palette
from lessons import LessonError, load_all, words
from lessons.appendix import Decision, Link, decisions, glossary, pages, read_page
from lessons.family import TOKENS, Switches, recall

ROOT = Path(__file__).resolve().parent.parent.parent
VIEWS = ROOT / "app" / "views"
PAGES = pages(PLACES)
say = words("appendix")


def opened(name: str | None = None) -> AppTest:
    """The appendix at a page's address."""
    view = str(VIEWS / "appendix.py")
    script = (
        "import streamlit as st\n"
        f"st.navigation([st.Page({view!r}, title='Appendix', url_path='appendix')]).run()"
    )
    page = AppTest.from_string(script, default_timeout=120)
    if name:
        page.query_params["page"] = name
    return page.run()


def told(page: AppTest) -> str:
    assert not page.exception
    parts = [block.value for block in page.markdown] + [block.body for block in page.get("html")]
    return "\n".join(parts + [caption.value for caption in page.caption])


@pytest.mark.parametrize("name", [page.name for page in PAGES])
def test_every_page_opens_by_its_address(name: str) -> None:
    page = opened(name)
    (shown,) = (one for one in PAGES if one.name == name)
    assert f"<h1>{shown.title}</h1>" in told(page) and not page.warning
    for prose in shown.parts[::2]:
        assert prose in told(page)


def test_an_unknown_page_is_told_and_the_first_shown() -> None:
    page = opened("nobody")
    assert [warning.value for warning in page.warning] == [say("unknown", name="nobody")]
    assert PAGES[0].title in told(page)


def test_an_unknown_place_is_one_clear_sentence(tmp_path: Path) -> None:
    path = tmp_path / "odd.md"
    path.write_text('+++\nnumber = 1\ntitle = "Odd"\nlead = "Odd."\n+++\n\n[[nowhere]]\n', encoding="utf-8")
    with pytest.raises(LessonError, match=r"^odd.md: \[\[nowhere\]\] must be one of switches, gpu"):
        read_page(path, PLACES)


# ------------------------------------------------------------------------------------------------- the family


def pick(page: AppTest, switch: str, value: object) -> None:
    (found,) = (one for one in page.button_group if one.key == f"family-{switch}")
    found.set_value(value).run()


def test_the_switches_say_what_they_make_and_how_it_recalls() -> None:
    page = opened("family")
    assert f"<b>{say('deltanet')}</b>" in told(page)
    pick(page, "block", TOKENS)
    assert f"<b>{say('linear_attention')}</b>" in told(page)
    for share in vars(recall(Switches(block=TOKENS))).values():
        assert f"<td>{100 * share:.0f}\u00a0%</td>" in told(page)
    pick(page, "block", 1)
    pick(page, "alpha", 0.05)
    assert f"<b>{say('gated_deltanet')}</b>" in told(page)
    pick(page, "error", False)
    assert f"<b>{say('delta_forgetting')}</b>" in told(page)
    pick(page, "eta", 0.9)
    assert f"<b>{say('titans')}</b>" in told(page)
    assert not any(one.key == "family-error" for one in page.button_group)


# ------------------------------------------------------------------------------------------ what was measured


def test_the_kernels_page_says_what_the_files_say() -> None:
    page = told(opened("kernels"))
    for name in ("gpu", "memory", "stream"):
        result = json.loads((tables.RESULTS / f"{name}.json").read_text(encoding="utf-8"))
        assert result["machine"]["date"][:10] in page
        if name != "gpu":
            assert tables.machine(result) in page
    gpu = json.loads((tables.RESULTS / "gpu.json").read_text(encoding="utf-8"))
    assert gpu["card"]["after"]["name"] in page
    for row in gpu["rows"]:
        if row.get("size") == gpu["rows"][0]["size"] and row.get("recorded"):
            assert f"<td>{row['median_ms']:.3f}</td>" in page


def test_what_was_not_measured_is_said_to_be_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = json.loads((tables.RESULTS / "gpu.json").read_text(encoding="utf-8"))
    gpu["rows"] = [row for row in gpu["rows"] if row["name"] == "ours, exact rule"]
    gpu["kernels"] = "others"
    (tmp_path / "gpu.json").write_text(json.dumps(gpu), encoding="utf-8")
    (tmp_path / "memory.json").write_text("{", encoding="utf-8")
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    page = opened("kernels")
    for name in ("peer", "compile", "deep", "token"):
        assert say(f"absent_row_{name}") in told(page)
    assert say("changed_gpu") in told(page)
    assert [info.value for info in page.info] == [
        say("missing", file="`benchmarks/results/stream.json`", command="`make bench`")
    ]
    assert [warning.value for warning in page.warning] == [
        say("damaged", file="`benchmarks/results/memory.json`", command="`make bench`")
    ]


# ------------------------------------------------------------------------------------------- the silent paper


def defined(path: Path) -> set[str]:
    """Every function and class of a module, methods as ``Class.method``."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)}
    return names


def test_each_decision_names_what_does_it() -> None:
    for one in decisions():
        assert one.name in defined(ROOT / one.file), one


def in_a_row(one: Decision) -> str:
    """A decision as a row of the README's table."""

    def small(text: str) -> str:
        """Without a capital, where it begins a word of more than a symbol, and a full stop."""
        word = text[1:2].islower() or text[1:2] == " "
        return (text[0].lower() if word else text[0]) + text[1:].removesuffix(".")

    where = "—" if one.where == "beside the paper" else one.where
    return f"| {where} | {small(one.open)} | {small(one.done)} | `{one.file}` |"


def test_the_readme_says_the_same_of_each_decision() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.split("## Where the paper is silent")[1].split("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][2:]
    assert rows == [in_a_row(one) for one in decisions()]


# ----------------------------------------------------------------------------------------------- the glossary


def test_every_colour_is_the_palettes() -> None:
    page = told(opened("glossary"))
    for term in glossary():
        assert html.escape(term.name) in page and html.escape(term.meaning) in page
        if term.colour:
            for shown in ("light", "dark"):
                assert {term.colour, f"{term.colour}-text"} <= palette(shown).keys(), term.symbol
            assert palette("light")[term.colour] in page


def test_the_quantities_that_are_drawn_are_all_in_the_glossary() -> None:
    drawn = (ROOT / "app" / "components" / "common" / "tracks.js").read_text(encoding="utf-8")
    names = re.findall(r'\{ name: "(\w+)", label', drawn)
    assert len(names) > 5 and set(names) <= {term.colour for term in glossary()}


def goes(link: Link) -> bool:
    """Whether a link's page is there, and what its query names."""
    known = {
        "lessons": {("lesson", lesson.name) for lesson in load_all()},
        "appendix": {("page", page.name) for page in PAGES},
    }
    return (VIEWS / f"{link.page or 'stream'}.py").is_file() and set(link.query) <= known.get(
        link.page, set()
    )


def test_each_link_opens() -> None:
    lessons = {lesson.name: lesson.number for lesson in load_all()}
    for term in glossary():
        assert term.links, term.symbol
        for link in term.links:
            assert goes(link), link
            if link.page == "lessons":
                assert link.label == f"Lesson {lessons[dict(link.query)['lesson']]}"
