"""The linter refuses whatever may unpickle, in every way that it can be written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def refused(code: str) -> bool:
    """Whether the project's linter refuses the code for what it uses."""
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise", "-"]
    out = subprocess.run(
        [*command, "--stdin-filename=app/new.py"], cwd=ROOT, input=code, capture_output=True, text=True
    )
    return "TID251" in out.stdout


@pytest.mark.parametrize(
    "code",
    [
        "import pickle\n",
        "from pickle import loads\n",
        "import marshal as m\n",
        "import shelve\n",
        "import joblib\n",
        "import dill\n",
        "import cloudpickle\n",
        "import torch\n\ntorch.load('x')\n",
        "import torch as t\n\nt.save({}, 'x')\n",
        "from torch import load\n",
        "import torch\n\ntorch.jit.load('x')\n",
        "import torch\n\ntorch.hub.load('x', 'y')\n",
        "import numpy as np\n\nnp.load('x')\n",
        "import numpy as np\n\nnp.savez('x')\n",
        "import pandas as pd\n\npd.read_pickle('x')\n",
        "import yaml\n\nyaml.load('x')\n",
    ],
)
def test_what_may_unpickle_is_refused(code: str) -> None:
    assert refused(code)


@pytest.mark.parametrize(
    "code",
    [
        "from safetensors.torch import load_file\n",
        "import json\n\njson.loads('1')\n",
        "import torch\n\ntorch.zeros(1)\n",
    ],
)
def test_what_cannot_is_not(code: str) -> None:
    assert not refused(code)
