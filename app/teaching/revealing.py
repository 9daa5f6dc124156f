"""What the model does, beside what the learner expected of it."""

from __future__ import annotations

import html
from dataclasses import replace

import streamlit as st

from app.exhibits.measured import Bar, bars
from lessons import Action, Answer, Choose, Claim, Claims, Do, Estimate, Predict, Rank, words

say = words("page")


def reveal(action: Action, answer: Answer, claims: Claims) -> None:
    """The measured answer in a sentence, and where there are numbers, as bars."""
    st.html(f'<p class="lesson-verdict" role="status">{verdict(action, answer, claims)}</p>')
    if isinstance(action, Estimate):
        claim, guess = claims[action.claim], expected(action, answer, claims)
        rows = [
            Bar(say("measured"), claim.number, str(claim)),
            Bar(say("yours"), guess.number, str(guess), True),
        ]
        st.html(bars(action.measure, action.quantity, rows))
    elif isinstance(action, Predict):
        options = action.measured(claims) if isinstance(action, Rank) else action.options
        numbers = [claims[option.value] for option in options]
        rows = [
            Bar(option.label + place(option.value, answer), claim.number, str(claim))
            for option, claim in zip(options, numbers, strict=True)
        ]
        st.html(bars(action.measure, action.quantity, rows))


def expected(action: Estimate, answer: Answer, claims: Claims) -> Claim:
    """What the learner estimated, written as the claim is."""
    claim = claims[action.claim]
    guess = answer if isinstance(answer, (int, float)) else 0
    return replace(claim, value=round(guess) if isinstance(claim.value, int) else float(guess))


def place(value: str, answer: Answer) -> str:
    """Where the learner put an option, if it was to be put somewhere."""
    return f" ({say('your_place', place=answer.index(value) + 1)})" if isinstance(answer, list) else ""


def verdict(action: Action, answer: Answer, claims: Claims) -> str:
    """The measured answer in a sentence, as HTML."""
    if isinstance(action, Do):
        return html.escape(say("was_done"))
    if isinstance(action, Rank):
        order = [option.value for option in action.measured(claims)]
        right = sum(a == b for a, b in zip(order, answer, strict=True)) if isinstance(answer, list) else 0
        everywhere = right == len(order)
        told = say("all_in_place") if everywhere else say("in_place", right=right, all=len(order))
        return sentence(action.measured(claims)[0].label, told)
    if isinstance(action, Estimate):
        guess = expected(action, answer, claims)
        return sentence(str(claims[action.claim]), say("you_expected", answer=guess))
    labels = {option.value: option.label for option in action.options}
    measured = str(claims[action.claim]) if isinstance(action, Choose) else action.measured(claims)[0].value
    if answer == measured:
        return sentence(labels[measured], say("as_expected"))
    return sentence(labels[measured], say("you_expected", answer=f"“{labels[str(answer)]}”"))


def sentence(found: str, beside: str) -> str:
    """What was found, and what the learner said of it."""
    return f"<b>{html.escape(found[:1].upper() + found[1:])}</b>; {html.escape(beside)}."
