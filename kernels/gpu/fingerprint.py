"""Which kernels these are: a measurement names those that it is of, for they go on changing."""

from hashlib import sha256
from pathlib import Path


def fingerprint() -> str:
    """A dozen digits made of all the sources of this package."""
    digest = sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\n" + path.read_text(encoding="utf-8").encode())
    return digest.hexdigest()[:12]
