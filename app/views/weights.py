"""Weights: what the memory has become at any token, what a token changed, and how many directions it uses."""

from __future__ import annotations

import html

import numpy as np
import streamlit as st

import titans_core as tc
from app import choosing, limits, models, permalink, reading, textbox, work
from app.charts.drawn import draw_chart
from app.charts.heatmap import heatmap, toolbar
from app.charts.spectrum import over_time
from app.components.picture import save_picture
from app.exporting import export_menu
from app.heading import heading
from app.palette import theme
from app.session import held, metered, pace
from app.weighing import SAMPLED, Part, Weighing
from app.words import after, quoted
from titans_core.spectrum import effective_rank, singular_values
from titans_core.trace import Floats

NAME = "Weights"
ABOUT = "What the memory has become: its weights are what is remembered."
SHOWN = "weights-shown"  # what is saved as a picture
AROUND = 14  # tokens shown on either side of the one that is chosen
# what is chosen in ``explore``, by its names in the address
MOVING = tuple(f"weights-{name}" for name in ("now", "since", "mark", "layer", "matrix", "head"))
CHANGES = {"before": "the token before", "marked": "a marked token"}
WHAT = (
    "The effective rank is exp(−Σ p log p) of the singular values σ, p = σ / Σ σ (Roy and Vetterli, 2007): "
    "that many equally strong directions would spread alike. The norm is the Frobenius norm of the matrix."
)

state = st.session_state


def known(model: tc.TitansLM) -> reading.Reading | None:
    """The text box as this model has read it, here or on the Stream page."""
    weighed = held().weighing
    for read in (weighed and weighed.reading, held().reading):
        if read and read.complete and read.of(model, state.text):
            return read
    return None


def current(model: tc.TitansLM) -> Weighing | None:
    """The text box as read to its end, or to where reading was stopped; None while it goes on."""
    read = known(model)
    if read is None:
        with st.spinner("Reading …"):
            job = work.current(
                NAME, (model.digest, state.text), lambda: reading.stages(reading.begin(model, state.text))
            )
        job.check()
        work.progress(job)
        read = None if job.running else job.value
    else:
        work.rest()
    weighed = held().weighing
    if read is None or (weighed and weighed.reading.key == read.key):
        return weighed if read else None
    weighed = held().weighing = Weighing(read)
    return weighed


def slide(label: str, key: str, tokens: list[str], start: int) -> int:
    """A slider over how many tokens were read, and the text around its token beside it."""
    # set only where it must be: what is set goes back to the browser, over what was moved there meanwhile
    if key in state and state.get(f"{key}-of") != len(tokens):  # of another length it is another slider
        state[key] = min(state[key], len(tokens))
    state[f"{key}-of"] = len(tokens)
    control, words = st.columns([2, 3], gap="medium", vertical_alignment="center")
    with control:
        count: int = st.slider(
            label, 0, len(tokens), start, key=key, bind="query-params", persist_state="session"
        )
    words.html(passage(tokens, count))
    return count


def passage(tokens: list[str], count: int) -> str:
    """The text around the last of ``count`` tokens, that token marked."""
    if count == 0:
        return '<p class="passage"><b>before the first token</b></p>'
    before, word, behind = (
        html.escape("".join(part))
        for part in (
            tokens[max(0, count - 1 - AROUND) : count - 1],
            tokens[count - 1 : count],
            tokens[count : count + AROUND],
        )
    )
    return f'<p class="passage" dir="auto">{before}<mark>{word}</mark>{behind}</p>'


def choose_place(weighing: Weighing) -> tuple[Part, int]:
    """The layer, head, and matrix of a deep memory, that the pictures are of."""
    layers = sorted({part.layer for part in weighing.parts})
    matrices = sorted({part.matrix for part in weighing.parts})
    with st.container(horizontal=True, key="place"):
        layer = pick("Layer", layers, "weights-layer")
        matrix = pick("Matrix", matrices, "weights-matrix", "W") if len(matrices) > 1 else 0
        head = pick("Head", list(range(weighing.heads)), "weights-head")
    return Part(layer, matrix, len(matrices) > 1), head


def pick(label: str, numbers: list[int], key: str, letter: str = "") -> int:
    """One of these, which count from 0; a person counts from 1."""
    if key in state and state[key] not in numbers:
        state[key] = numbers[0]
    return st.segmented_control(
        label,
        numbers,
        default=numbers[0],
        format_func=lambda n: f"{letter}{n + 1}",
        required=True,
        key=key,
        bind="query-params",
        persist_state="session",
    )


def choose_tokens(tokens: list[str]) -> tuple[int, int, bool]:
    """The token that is shown, the one since which change is shown, and whether that one was marked."""
    now = slide("Tokens read", "weights-now", tokens, len(tokens))
    kind = choosing.one_of("Show the change since", CHANGES, "weights-since")
    if kind == "before":
        return now, max(0, now - 1), False
    return now, slide("Marked: tokens read", "weights-mark", tokens, 0), True


def channels(part: Part, depth: int) -> tuple[str, str]:
    """What a matrix's rows and columns are of: a memory leads from a key to a value."""
    rows = "key" if part.matrix == 0 else "hidden"
    return rows, "value" if part.matrix == depth - 1 else "hidden"


def picture(title: str, weights: Floats, most: float, part: Part, depth: int, name: str) -> None:
    """A heatmap under its title, with what it shows in words."""
    st.subheader(title, anchor=False)
    rows, columns = channels(part, depth)
    told = f"{title}, {part.title}: {weights.shape[0]} by {weights.shape[1]} weights from "
    least, largest = (f"{end:.3g}".replace("-", "−") for end in (weights.min(), weights.max()))
    told += f"{least} to {largest}, norm {np.linalg.norm(weights):.3g}"
    figure = heatmap(weights, most or 1.0, rows, columns, theme())
    wide = "-wide" if weights.shape[1] > weights.shape[0] else ""
    with st.container(key=f"matrix-{name}{wide}"):  # which tells the style sheet how high it is
        st.plotly_chart(figure, height="stretch", key=name, config=toolbar(name, "png"), alt=told)
    st.caption(f"from {least} to {largest}, norm {np.linalg.norm(weights):.3g}")


@st.fragment
def explore(weighing: Weighing) -> None:
    """Everything that follows the token, the layer and the head."""
    pace()
    with metered():
        explored(weighing)


def explored(weighing: Weighing) -> None:
    """``explore``, computed on the session's account: a fragment runs without its page."""
    tokens = weighing.trace.tokens
    now, since, marked = choose_tokens(tokens)
    part, head = choose_place(weighing)
    with st.spinner("Measuring …"):
        weighing.history(head)
    with st.container(key=SHOWN):
        pictures(weighing, part, head, (since, now), marked)
    word = quoted(tokens[now - 1]) if now else "nothing was read"
    save_picture(
        SHOWN,
        f"weights-token-{now}",
        f"Weights: token {now:,} of {len(tokens):,}",
        f"The page Weights with {weighing.reading.stream.model.name}, after token {now}: {word}.",
    )


def pictures(weighing: Weighing, part: Part, head: int, counts: tuple[int, int], marked: bool) -> None:
    """The weights after the second of two counts of tokens, their change since the first, and the curves."""
    tokens, history, (since, now) = weighing.trace.tokens, weighing.history(head), counts
    found = weighing.weights(part, head, counts)
    depth = 1 + max(p.matrix for p in weighing.parts)
    change = found[now] - found[since]
    left, right = st.columns(2, gap="medium")
    with left:
        picture(
            f"Weights {'after ' if now else ''}{after(tokens, now)}",
            found[now],
            float(history.largest[part].max()),
            part,
            depth,
            "now",
        )
    with right:
        origin = after(tokens, since) if marked else "the token before"
        title = f"Change since {origin if since else 'the beginning'}"
        picture(title, change, float(np.abs(change).max()), part, depth, "change")
    spectra = {"shown": singular_values(found[now])}
    marks = {"shown": now}
    if marked:
        spectra["marked"], marks["marked"] = singular_values(found[since]), since
    curves(weighing, part, head, marks, spectra)


def curves(
    weighing: Weighing, part: Part, head: int, marks: dict[str, int], spectra: dict[str, Floats]
) -> None:
    """Effective rank, norm and singular values, and what they are."""
    tokens, history = weighing.trace.tokens, weighing.history(head)
    st.subheader("Over the text", anchor=False)
    told = "; ".join(
        f"{mark}, {after(tokens, marks[mark])}: "
        f"effective rank {effective_rank(values):.2f} of {len(values)}, norm {np.linalg.norm(values):.3g}"
        for mark, values in spectra.items()
    )
    st.caption(f"Head {head + 1}, {part.title}. {told[:1].upper()}{told[1:]}.")
    chart = over_time(history, tokens, part, marks, spectra, theme())
    with st.container(key="over-time-frame"):
        draw_chart(chart, f"{part.title}, head {head + 1}. {told}", key="over-time")
    sampled = f" Measured at {len(history.counts):,} evenly spaced places." if len(tokens) > SAMPLED else ""
    st.caption(WHAT + sampled)


def page() -> None:
    """The whole page."""
    link = heading(NAME, ABOUT)
    names = choosing.trained(with_memory=True)
    with st.container(horizontal=True, vertical_alignment="bottom", key="sources"):
        textbox.choose_source()
        st.space("stretch")
        chosen = choosing.one_model(names, "weights-model")
    textbox.text_box()
    with link:
        permalink.share(permalink.fields(), moving=MOVING)
    st.button("Read", type="primary", on_click=work.again, args=(NAME,))
    try:
        model = models.load(chosen)
    except ValueError as problem:
        st.warning(models.unloadable(problem))
        return
    try:
        weighing = current(model)
    except limits.BadInput as problem:
        st.warning(str(problem))
        return
    if weighing is not None:
        explore(weighing)
        export_menu({chosen: weighing.trace}, weighing.reading.text)


page()
