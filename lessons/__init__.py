"""What can be learned in the lab: lessons as data, each a Markdown file with a TOML head.

Nothing here draws. A lesson names the exhibit it wants (`lessons.exhibits`), which runs on the shipped models
and finds what the prose claims; it says what a learner does at each step, and the page shows both.
"""

from lessons.action import Action, Answer, Choose, Do, Estimate, Option, Predict, Rank
from lessons.claims import Claim, Claims, fill, percent, written
from lessons.exhibit import Exhibit, Found, Loader
from lessons.found import run
from lessons.head import Head, LessonError
from lessons.lesson import Checkpoint, Choice, Lesson, Step, Teacher, load
from lessons.shelf import FOLDER, Shelf, files, load_all, survey
from lessons.words import Words, words

__all__ = [
    "Action",
    "Answer",
    "Checkpoint",
    "Choice",
    "Choose",
    "Claim",
    "Claims",
    "Do",
    "Estimate",
    "Exhibit",
    "FOLDER",
    "Found",
    "Head",
    "Lesson",
    "LessonError",
    "Loader",
    "Option",
    "Predict",
    "Rank",
    "Shelf",
    "Step",
    "Teacher",
    "Words",
    "files",
    "fill",
    "load",
    "load_all",
    "percent",
    "run",
    "survey",
    "words",
    "written",
]
