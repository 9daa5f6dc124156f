"""What the model does, beside what the learner expected of it."""

from __future__ import annotations

import html
from dataclasses import replace

import streamlit as st

from app.exhibits.measured import Bar, bars
from lessons import Action, Answer, Choose, Claim, Claims, Do, Estimate, Predict, Rank, words

say = words("page")


def reveal(action: Action, answer: Answer | None, claims: Claims) -> None:
    """The measured answer in a sentence, and where there are numbers, as bars; beside it the learner's, None
    of a question that closed before they answered."""
    st.html(f'<p class="lesson-verdict" role="status">{verdict(action, answer, claims)}</p>')
    if isinstance(action, Estimate):
        claim = claims[action.claim]
        rows = [Bar(say("measured"), claim.number, str(claim))]
        if answer is not None:
            guess = expected(action, answer, claims)
            rows.append(Bar(say("yours"), guess.number, str(guess), True))
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


def place(value: str, answer: Answer | None) -> str:
    """Where the learner put an option, if it was to be put somewhere."""
    return f" ({say('your_place', place=answer.index(value) + 1)})" if isinstance(answer, list) else ""


def verdict(action: Action, answer: Answer | None, claims: Claims) -> str:
    """The measured answer in a sentence, as HTML."""
    if isinstance(action, Do):
        return html.escape(say("was_done"))
    if answer is None:
        return sentence(measured(action, claims), say("not_answered"))
    if isinstance(action, Rank):
        order = [option.value for option in action.measured(claims)]
        right = sum(a == b for a, b in zip(order, answer, strict=True)) if isinstance(answer, list) else 0
        everywhere = right == len(order)
        told = say("all_in_place") if everywhere else say("in_place", right=right, all=len(order))
        return sentence(measured(action, claims), told)
    if isinstance(action, Estimate):
        guess = expected(action, answer, claims)
        return sentence(measured(action, claims), say("you_expected", answer=guess))
    found = measured(action, claims)
    label = next(option.label for option in action.options if option.value == answer)
    return sentence(found, say("as_expected") if label == found else say("you_expected", answer=f"“{label}”"))


def measured(action: Predict | Rank | Estimate | Choose, claims: Claims) -> str:
    """What was found, in the words that the question asks with."""
    if isinstance(action, Predict):
        return action.measured(claims)[0].label
    found = str(claims[action.claim])
    if isinstance(action, Estimate):
        return found
    return next(option.label for option in action.options if option.value == found)


def sentence(found: str, beside: str) -> str:
    """What was found, and what the learner said of it."""
    return f"<b>{html.escape(found[:1].upper() + found[1:])}</b>; {html.escape(beside)}."
