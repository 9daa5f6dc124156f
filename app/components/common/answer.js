/** What a model answers at the end of a question: the value that it says, and the likeliest beside it. */

/** A list of values with their shares, as `Bars` shows them. */
export const valuesOf = (candidates) => candidates.map(([text, share]) => [named(text), share]);

/** Say what is answered in a paragraph that has a place for the words and one for the value. */
export function sayAnswer(element, { text, known }) {
  element.classList.toggle("unknown", !known);
  element.querySelector(".says").textContent = known ? "answers" : "does not know, and says";
  element.querySelector(".bare").textContent = named(text);
}

const named = (text) => text || "(nothing)";
