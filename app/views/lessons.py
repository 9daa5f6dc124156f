"""Lessons: at each step the learner says what they expect, and the model then shows what it does."""

from __future__ import annotations

import html
from pathlib import Path

import altair as alt
import pandas as pd
import streamlit as st

import titans_core as tc
from app import models, reading
from app.components.player import player
from lessons import Estimate, Lesson, Mention, Predict, Step, at_mention, greatest, load_all, share

NAMES = {"surprise": "surprise", "write": "written, θ × surprise"}
COLOURS = {
    "light": {"surprise": "#d55e00", "write": "#312e81", "ink": "#1d1d1f"},
    "dark": {"surprise": "#ff8a3d", "write": "#c4c1ff", "ink": "#ececef"},
}

STYLE = Path(__file__).resolve().parent.parent / "lessons.css"

state = st.session_state


def choose(lessons: list[Lesson]) -> Lesson:
    """The lesson to show; one alone needs no choosing."""
    if len(lessons) == 1:
        return lessons[0]
    titles = {lesson.name: lesson.title for lesson in lessons}
    name = st.pills(
        "Lesson", list(titles), default=lessons[0].name, format_func=titles.__getitem__,
        required=True, key="lesson", bind="query-params",
    )  # fmt: skip
    return next(lesson for lesson in lessons if lesson.name == name)


def read_exhibit(lesson: Lesson) -> reading.Reading:
    """The exhibit's text, read once a session. Raises ValueError where its model cannot be loaded."""
    key = f"{lesson.name}-reading"
    if key not in state:
        state[key] = reading.read(models.load(lesson.exhibit.model), lesson.exhibit.text)
    read: reading.Reading = state[key]
    return read


def commit(lesson: Lesson, number: int) -> None:
    """Keep what the learner expects at a step, which cannot be taken back; None, where they chose nothing."""
    state[f"{lesson.name}-answer-{number}"] = state[f"{lesson.name}-expect-{number}"]


def start_again(lesson: Lesson) -> None:
    """Forget the learner's answers."""
    for key in [key for key in state if str(key).startswith(f"{lesson.name}-")]:
        del state[key]


def text_of(lesson: Lesson, step: Step | None) -> None:
    """The exhibit's text as a page of a book, the words that the step speaks of underlined."""
    text = lesson.exhibit.text
    marked = sorted(span for mention in mentions(step) if (span := mention.span(text)))
    parts, at = [], 0
    for begin, end in marked:
        parts += [html.escape(text[at:begin]), f"<u>{html.escape(text[begin:end])}</u>"]
        at = end
    st.html(f'<p class="lesson-text">{"".join(parts)}{html.escape(text[at:])}</p>')


def mentions(step: Step | None) -> tuple[Mention, ...]:
    """The words that a step speaks of."""
    if step is None:
        return ()
    action = step.action
    return action.mentions if isinstance(action, Predict) else (action.before, action.after)


def ask(lesson: Lesson, number: int, step: Step) -> None:
    """What the learner expects, before anything is shown."""
    key = f"{lesson.name}-expect-{number}"
    with st.form(f"{key}-form", border=False):
        if isinstance(step.action, Estimate):
            st.slider(step.action.question, 0, 150, 100, 5, format="%d %%", key=key)
        else:
            labels = [mention.label for mention in step.action.mentions]
            st.radio(step.action.question, labels, index=None, key=key)
        st.form_submit_button("This is what I expect", on_click=commit, args=(lesson, number))
    if f"{lesson.name}-answer-{number}" in state:
        st.warning("Nothing is chosen yet: choose one of the answers first.")


def reveal(step: Step, expected: str | int, trace: tc.Trace) -> None:
    """What the model does, beside what was expected."""
    st.markdown(verdict(step, expected, trace))
    spoken_of = mentions(step)
    table = pd.DataFrame({"label": [mention.label for mention in spoken_of]})
    table["value"] = [at_mention(trace, step.action.quantity, mention) for mention in spoken_of]
    chart = bars(step.action.quantity, table)
    if isinstance(step.action, Estimate):
        at = pd.DataFrame({"label": table.label[1:], "value": table.value[0] * int(expected) / 100})
        chart += expectation(at)
    chart = chart.properties(height=alt.Step(30))
    st.altair_chart(chart, width="stretch", alt=described(step.action.quantity, table))
    st.markdown(step.explanation)


def verdict(step: Step, expected: str | int, trace: tc.Trace) -> str:
    """The measured answer in a sentence."""
    if isinstance(step.action, Estimate):
        left = share(trace, step.action)
        return f"**{left:.0f} %** is left; you expected {expected} %."
    answer = greatest(trace, step.action).label
    agreement = "as you expected" if answer == expected else f"you expected: {expected}"
    return f"**{answer[:1].upper()}{answer[1:]}**; {agreement}."


def described(quantity: str, table: pd.DataFrame) -> str:
    """The chart in words."""
    return f"{NAMES[quantity]}: " + "; ".join(f"{row.label}: {row.value:.2f}" for row in table.itertuples())


def colours() -> dict[str, str]:
    """The colours of the theme that is on."""
    return COLOURS["dark" if st.context.theme.type == "dark" else "light"]


def expectation(table: pd.DataFrame) -> alt.Chart:
    """A line across a mention's bar, where the learner expected it to end."""
    chart = alt.Chart(table).mark_tick(color=colours()["ink"], thickness=2, size=24)
    return chart.encode(x="value:Q", y=alt.Y("label:N", sort=None))


def bars(quantity: str, table: pd.DataFrame) -> alt.LayerChart:
    """One bar a mention, in the quantity's colour, its number beside it."""
    title = alt.Axis(title=NAMES[quantity], tickCount=4, grid=False)
    labels = alt.Axis(title=None, labelLimit=260, domain=False, ticks=False)
    room = 1.2 * float(table.select_dtypes("number").max().max())  # the longest bar's number stands beside it
    chart = alt.Chart(table).encode(
        x=alt.X("value:Q", scale=alt.Scale(domain=[0, room]), axis=title),
        y=alt.Y("label:N", sort=None, axis=labels),
    )
    numbers = chart.mark_text(align="left", dx=6, color=colours()["ink"])
    return chart.mark_bar(color=colours()[quantity], height=14) + numbers.encode(
        alt.Text("value:Q", format=".2f")
    )


def walk(lesson: Lesson, trace: tc.Trace) -> bool:
    """The steps as far as the learner has come; True when all are done."""
    for number, step in enumerate(lesson.steps, 1):
        st.header(step.title, anchor=False)
        st.markdown(step.opening)
        text_of(lesson, step)
        expected = state.get(f"{lesson.name}-answer-{number}")
        if expected is None:
            ask(lesson, number, step)
            return False
        reveal(step, expected, trace)
    return True


def check(lesson: Lesson) -> None:
    """The checkpoint questions; every answer is explained, and another may be tried."""
    st.header("What have you learned?", anchor=False)
    right = 0
    for number, checkpoint in enumerate(lesson.checkpoints, 1):
        texts = [choice.text for choice in checkpoint.choices]
        key = f"{lesson.name}-check-{number}"
        chosen = st.radio(checkpoint.question, texts, index=None, key=key, persist_state="session")
        if chosen is not None:
            index = texts.index(chosen)
            right += index == checkpoint.answer
            judged = "**Yes.**" if index == checkpoint.answer else "**Not quite:**"
            st.markdown(f"{judged} {checkpoint.choices[index].why}")
    if right == len(lesson.checkpoints):
        st.success(f"That was it. You can now: {lesson.goal[:1].lower()}{lesson.goal[1:]}")


def page() -> None:
    """The whole page."""
    st.html(STYLE)
    lesson = choose(load_all())
    column = st.container(width=720)
    with column:
        st.html(
            f"<h1>{html.escape(lesson.title)}</h1><p>{lesson.minutes} minutes. {html.escape(lesson.goal)}</p>"
        )
        st.markdown(lesson.opening)
        try:
            read = read_exhibit(lesson)
        except ValueError as problem:
            st.warning(f"{reading.sentence(str(problem))} Run `make train` to make it.")
            return
        done = walk(lesson, read.trace)
    if not done:
        return
    st.header("Now watch it whole", anchor=False)
    player(read.message)
    with st.container(width=720):
        check(lesson)
        st.button("Start again", on_click=start_again, args=(lesson,))


page()
