"""The image: how large it is, how soon it answers, and that it needs no network and no writable root.

    python -m benchmarks.image [--built] [--image NAME]

Builds it first unless told that it is there; what is checked, and by which engine: `deploy/image.py`.
"""

import argparse
import sys

from benchmarks.machine import describe, keep
from deploy.image import checked, problems


def main() -> None:
    """Measure, and keep the result. Ends with 1 where the image is not what is claimed of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--image", default="titans-lab")
    parser.add_argument("--built", action="store_true")
    asked = parser.parse_args()
    found = checked(asked.image, asked.built)
    wrong = problems(found)
    if wrong:
        sys.exit("Nothing is kept; the image is not what is claimed of it: " + "; ".join(wrong) + ".")
    print(keep("image", {"machine": describe("torch", "streamlit"), "image": found}))


if __name__ == "__main__":
    main()
