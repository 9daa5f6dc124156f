"""How fast the page is: from a submitted text of 512 tokens to its first painted frame, and while scrubbing.

`python -m benchmarks.page` starts the app, drives it in headless Chromium, prints the figures and keeps them.
"""

import statistics
from typing import Any

from playwright.sync_api import Page

from app import samples
from benchmarks.browser import chromium, running_app
from benchmarks.machine import describe, keep
from titans_core.tokenizer import Tokenizer

TOKENS, LONG = 512, 4096
REPEATS = 9
FRAMES = 240
PATIENCE = 120_000

# Both run in the page: what the browser measures holds no round trip of the program that drives it.
PLAYER = """
const hosts = [...document.querySelectorAll("*")].filter((e) => e.shadowRoot);
const player = hosts.map((e) => e.shadowRoot.querySelector(".player")).find(Boolean);
"""
PAINTED = f"""(text) => new Promise((done) => {{
  const look = () => {{
    {PLAYER}
    if (player?.dataset.position && player.querySelector(".text").textContent === text) {{
      requestAnimationFrame(() => done(performance.now() - window.submitted));
    }} else requestAnimationFrame(look);
  }};
  look();
}})"""
SCRUBBED = f"""(frames) => new Promise((done) => {{
  {PLAYER}
  const scrub = player.querySelector(".scrub");
  const {{ left, top, width }} = scrub.getBoundingClientRect();
  const send = (type, share) => scrub.dispatchEvent(new PointerEvent(type, {{
    bubbles: true, composed: true, button: 0, pointerId: 1, clientX: left + share * width, clientY: top + 9,
  }}));
  const times = [];
  const positions = new Set();
  player.querySelector(".stack").setPointerCapture = () => {{}}; // no real pointer is pressed
  send("pointerdown", 0);
  const frame = (now) => {{
    times.push(now);
    positions.add(player.dataset.position);
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


def main() -> None:
    """Measure, print, and keep ``results/page.json``."""
    with running_app() as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        page.wait_for_selector(".player[data-position]")
        painted = [first_frame(page, text_of(TOKENS, number)) for number in range(REPEATS)]
        scrubbing = {}
        for tokens in (TOKENS, LONG):
            first_frame(page, text_of(tokens, REPEATS))
            scrubbing[f"{tokens} tokens"] = scrub(page)
        result = {
            "milliseconds from submitting 512 tokens to the first painted frame": {
                "median": statistics.median(painted),
                "all": painted,
            },
            "scrubbing": scrubbing,
            "browser": f"Chromium {browser.version}, headless",
            "machine": describe("streamlit", "torch", "playwright"),
        }
    report(result)


def text_of(tokens: int, number: int) -> str:
    """A text of so many tokens, another one for every number."""
    tokenizer = Tokenizer.load()
    story = f"Story {number}. " + "\n\n".join(samples.text(title) for title in samples.titles()) + "\n\n"
    return tokenizer.decode(tokenizer.encode(story * (1 + tokens // 512))[:tokens])


def first_frame(page: Page, text: str) -> float:
    """Milliseconds from the key press that submits ``text`` to the frame that shows it."""
    box = page.get_by_label("The text", exact=True)
    box.fill(text)
    box.evaluate("(box) => box.addEventListener('keydown', () => (window.submitted = performance.now()))")
    box.press("Control+Enter")
    milliseconds: float = page.evaluate(PAINTED, text)
    return round(milliseconds, 1)


def scrub(page: Page) -> dict[str, Any]:
    """Sweep the playhead over the text, a step every frame; frames a second, and what went to the server."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    done = page.evaluate(SCRUBBED, FRAMES)
    gaps = sorted(later - earlier for earlier, later in zip(done["times"], done["times"][1:], strict=False))
    return {
        "frames a second": round(1000 / statistics.fmean(gaps), 1),
        "milliseconds a frame": {
            "median": round(statistics.median(gaps), 1),
            "95th percentile": round(gaps[int(0.95 * len(gaps))], 1),
        },
        "positions shown": done["positions"],
        "requests to the server": len(sent),
    }


def report(result: dict[str, Any]) -> None:
    """Print the medians, and keep everything."""
    (painted,) = (value for key, value in result.items() if key.startswith("milliseconds"))
    print(f"512 tokens, submitted to painted: {painted['median']:.0f} ms")
    for length, figures in result["scrubbing"].items():
        print(f"scrubbing {length}: {figures['frames a second']} frames/s")
    print(f"kept in {keep('page', result)}")


if __name__ == "__main__":
    main()
