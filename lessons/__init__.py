"""What can be learned in the lab: lessons as data, each a Markdown file with a TOML head.

Nothing here draws. A lesson names the exhibit it wants and says what a learner does at each step; a page
shows both, and `measure` gives the numbers that a step reveals, from what the model did.
"""

from lessons.head import LessonError
from lessons.lesson import (
    Checkpoint,
    Choice,
    Estimate,
    Exhibit,
    Lesson,
    Mention,
    Predict,
    Step,
    load,
    load_all,
)
from lessons.measure import at_mention, greatest, share

__all__ = [
    "Checkpoint",
    "Choice",
    "Estimate",
    "Exhibit",
    "Lesson",
    "LessonError",
    "Mention",
    "Predict",
    "Step",
    "at_mention",
    "greatest",
    "load",
    "load_all",
    "share",
]
