"""What the browser sees and when, told by the browser itself: no round trip of the program that drives it."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from app import samples
from titans_core.tokenizer import Tokenizer

PATIENCE = 120_000  # milliseconds until something that should be seen must have been
FRAMES = 240

FIND = """
const find = (selector) => [...document.querySelectorAll("*")]
  .map((e) => e.shadowRoot?.querySelector(selector)).find(Boolean) ?? document.querySelector(selector);
"""
WATCH = f"""(sights) => ([selector, argument, patience]) => {{
  {FIND}
  let pressed = null;
  const ended = new AbortController();
  const press = (event) => {{
    if (event.type === "click" || event.key === "Enter") pressed ??= performance.now();
  }};
  const options = {{ capture: true, signal: ended.signal }};
  for (const type of ["keydown", "click"]) document.addEventListener(type, press, options);
  const wanted = Object.entries(sights);
  window.seen = new Promise((done, fail) => {{
    const times = {{}};
    const short = () => fail(`of ${{Object.keys(sights)}} only ${{Object.keys(times)}} came in sight`);
    setTimeout(short, patience);
    const look = () => {{
      const root = pressed !== null && find(selector);
      for (const [name, sight] of wanted) {{
        if (name in times || !root || !sight(root, argument)) continue;
        times[name] = null; // it is painted when the next frame begins
        requestAnimationFrame(() => (times[name] = performance.now() - pressed));
      }}
      if (wanted.every(([name]) => times[name])) {{
        ended.abort();
        done(times);
      }} else requestAnimationFrame(look);
    }};
    look();
  }});
}}"""
SCRUB = f"""([selector, frames]) => new Promise((done) => {{
  {FIND}
  const root = find(selector);
  const scrub = root.querySelector(".scrub");
  const {{ left, top, width }} = scrub.getBoundingClientRect();
  const send = (type, share) => scrub.dispatchEvent(new PointerEvent(type, {{
    bubbles: true, composed: true, button: 0, pointerId: 1, clientX: left + share * width, clientY: top + 9,
  }}));
  const times = [];
  const positions = new Set();
  Element.prototype.setPointerCapture = () => {{}}; // no real pointer is pressed
  send("pointerdown", 0);
  const frame = (now) => {{
    times.push(now);
    positions.add(root.dataset.position);
    if (times.length > frames) {{
      send("pointerup", 1);
      done({{ times, positions: positions.size }});
      return;
    }}
    send("pointermove", Math.abs(((times.length / frames) * 4) % 2 - 1));
    requestAnimationFrame(frame);
  }};
  requestAnimationFrame(frame);
}})"""
IDLE = """(frames) => new Promise((done) => {
  const times = [];
  const frame = (now) => (times.push(now) > frames ? done(times) : requestAnimationFrame(frame));
  requestAnimationFrame(frame);
})"""


def text_of(tokens: int, number: int) -> str:
    """A text of so many tokens, another one for every number."""
    tokenizer = Tokenizer.load()
    story = f"Story {number}. " + "\n\n".join(samples.text(title) for title in samples.titles()) + "\n\n"
    return tokenizer.decode(tokenizer.encode(story * (1 + tokens // 512))[:tokens])


def watch(
    page: Page, selector: str, act: Callable[[], None], sights: dict[str, str], argument: object = None
) -> dict[str, float]:
    """Milliseconds from the key or button that ``act`` presses to the frame that first shows each of the
    ``sights``: JavaScript expressions of the element ``root`` and of ``argument``."""
    # put together here: the page's policy lets nothing be made a function there
    written = ", ".join(f"{json.dumps(name)}: (root, argument) => ({code})" for name, code in sights.items())
    page.evaluate(f"({WATCH})({{{written}}})", [selector, argument, PATIENCE])
    act()
    times: dict[str, float] = page.evaluate("() => window.seen")
    return {name: round(milliseconds, 1) for name, milliseconds in times.items()}


def submit(page: Page, text: str) -> None:
    """Put a text in the text box and have it read."""
    box = page.get_by_label("The text", exact=True)
    box.fill(text)
    box.press("Control+Enter")


def listen(page: Page) -> list[object]:
    """What the page sends to the server, to be called before it is opened: a list that grows."""
    sent: list[object] = []
    page.on("request", lambda request: sent.append(request))
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    return sent


def scrub(page: Page, selector: str, sent: list[object]) -> dict[str, Any]:
    """Sweep the playhead over the text, a step every frame; frames a second, and what went to the server."""
    before = len(sent)
    done = page.evaluate(SCRUB, [selector, FRAMES])
    return pace(done["times"]) | {
        "positions shown": done["positions"],
        "requests to the server": len(sent) - before,
    }


def idle(page: Page) -> dict[str, Any]:
    """The same number of frames in which nothing happens: what this machine can show at most."""
    return pace(page.evaluate(IDLE, FRAMES))


def pace(times: list[float]) -> dict[str, Any]:
    """Frames a second and milliseconds a frame, from the times at which frames began."""
    gaps = sorted(later - earlier for earlier, later in zip(times, times[1:], strict=False))
    return {
        "frames a second": round(1000 / statistics.fmean(gaps), 1),
        "milliseconds a frame": {
            "median": round(statistics.median(gaps), 1),
            "95th percentile": round(gaps[int(0.95 * len(gaps))], 1),
        },
    }
