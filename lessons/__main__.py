"""Check every lesson and list them: ``python -m lessons``; ``--claims`` runs their exhibits too, and tells
what they found."""

from __future__ import annotations

import argparse
import sys
from functools import cache

import titans_core as tc
from lessons import Lesson, run, survey


def main() -> int:
    """0 where all lessons are as they must be; else one sentence for each that is not, and 1."""
    parser = argparse.ArgumentParser(
        prog="python -m lessons", description="Check every lesson and list them."
    )
    parser.add_argument("--claims", action="store_true", help="run the exhibits, and tell what they found")
    claims = parser.parse_args().claims
    shelf = survey()
    for problem in shelf.problems:
        print(problem, file=sys.stderr)
    failed = bool(shelf.problems)
    for lesson in shelf.lessons:
        print(f"{lesson.number:2}  {lesson.title}, {lesson.minutes} minutes: {lesson.goal}", flush=True)
        if claims:
            failed |= not tell(lesson)
    return int(failed)


@cache
def loaded(name: str) -> tc.TitansLM:
    """A shipped model, once."""
    return tc.load(name, device="cpu")


def tell(lesson: Lesson) -> bool:
    """Run a lesson's exhibit and print its claims; False where it cannot be run."""
    try:
        found = run(lesson, loaded)
    except ValueError as error:
        print(f"lesson {lesson.number}: the exhibit cannot be run: {error}", file=sys.stderr)
        return False
    for name, claim in found.claims.items():
        print(f"      {name} = {claim}")
    return True


if __name__ == "__main__":
    sys.exit(main())
