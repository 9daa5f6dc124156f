"""Check every lesson and list them: ``python -m lessons``."""

import sys

from lessons import LessonError, load_all


def main() -> int:
    """0 where all lessons are as they must be; else one sentence, and 1."""
    try:
        for lesson in load_all():
            print(f"{lesson.number:2}  {lesson.title}, {lesson.minutes} minutes: {lesson.goal}")
    except LessonError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
