"""Claims about the project as a whole: its rooms, its requirements, its words."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("kernels", "titans_core", "lessons", "app")  # each may import from those before it, and itself
TARGETS = ("setup", "run", "test", "lint", "audit", "bench", "train", "lessons", "load", "image", "help")


def tracked(pattern: str = "*") -> list[Path]:
    """The project's own files, as git knows them, that are there."""
    listed = subprocess.check_output(["git", "ls-files", "-z", pattern], cwd=ROOT, text=True)
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def imports(path: Path) -> set[str]:
    """The first names of all that a module imports, at any depth of its code."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(
                (node.module or "").split(".")[0] if node.level == 0 else path.relative_to(ROOT).parts[0]
            )
    return names


def text_files() -> list[Path]:
    """Tracked files that hold text."""
    return [path for path in tracked() if b"\0" not in path.read_bytes()[:8192]]


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_one_way(room: str) -> None:
    above = set(ROOMS[ROOMS.index(room) + 1 :]) | {"benchmarks", "tests"}
    for path in tracked(f"{room}/*.py"):
        assert not imports(path) & above, f"{path.relative_to(ROOT)} imports upwards"


def test_the_rooms_below_the_app_do_not_know_streamlit() -> None:
    for room in ROOMS[:-1]:
        for path in tracked(f"{room}/*.py"):
            assert "streamlit" not in imports(path), path.relative_to(ROOT)


def test_kernels_import_without_triton() -> None:
    code = "import sys; sys.modules['triton'] = None; import kernels; print(kernels.memory.__name__)"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert out.returncode == 0 and out.stdout.strip() == "memory", out.stderr


@pytest.mark.slow
def test_what_the_app_needs_is_not_needed_to_test_kernels_and_models(tmp_path: Path) -> None:
    """A machine with a GPU may have the library's requirements alone."""
    theirs = {"streamlit", "starlette", "plotly", "altair", "pydantic_settings", "redis", "playwright"}
    (tmp_path / "sitecustomize.py").write_text(f"import sys; sys.modules |= dict.fromkeys({theirs})")
    rooms = ["tests/kernels", "tests/titans_core"]
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", *rooms]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    out = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert out.returncode == 0, out.stdout + out.stderr


@pytest.mark.parametrize("given, threads", [({}, "1"), ({"OMP_NUM_THREADS": "2"}, "2")])
@pytest.mark.parametrize(
    "start",
    [
        "from titans_core.__main__ import take_one_thread; take_one_thread()",
        # without Streamlit around it no page is found, after all imports
        "import contextlib\nwith contextlib.suppress(Exception): import app.main",
    ],
)
def test_reading_takes_one_thread_unless_told_otherwise(
    start: str, given: dict[str, str], threads: str
) -> None:
    code = f"{start}\nimport torch; print(torch.get_num_threads())"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")} | given
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert out.returncode == 0 and out.stdout.strip() == threads, out.stderr


def test_nothing_is_ever_unpickled() -> None:
    for path in tracked("*.py"):
        assert not imports(path) & {"pickle", "dill", "cloudpickle", "joblib", "shelve"}, path.relative_to(
            ROOT
        )
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                name = f"{node.value.id}.{node.attr}"
                assert name not in {"torch.load", "torch.save", "np.load"}, (
                    f"{path.relative_to(ROOT)}: {name}"
                )


def test_requirements_are_pinned_exactly() -> None:
    for path in tracked("requirements*.txt"):
        lines = [
            line for line in path.read_text(encoding="utf-8").splitlines() if line and line[0] not in "#-"
        ]
        assert lines, path.name
        for line in lines:
            assert re.fullmatch(r"[\w.-]+==[\w.]+( ; .+)?", line), f"{path.name}: {line}"


def test_the_peer_is_measured_on_our_torch() -> None:
    def torch(name: str) -> list[str]:
        return re.findall(r"^torch==.*", (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE)

    assert torch("requirements.txt") == torch("requirements-bench.txt") != []


def test_make_alone_lists_every_target() -> None:
    told = subprocess.check_output(["make", "--no-print-directory"], cwd=ROOT, text=True)
    for target in TARGETS:
        assert re.search(rf"^  {target} +\S", told, flags=re.MULTILINE), target


def test_continuous_integration_runs_what_a_person_runs() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_no_file_names_the_machine_it_was_made_on() -> None:
    absolute = re.compile(r"(?<![\w.}])/(?:root|home|work|Users)/\w")
    for path in text_files():
        found = absolute.search(path.read_text(encoding="utf-8", errors="replace"))
        assert found is None, f"{path.relative_to(ROOT)}: {found and found[0]}"


def test_the_readme_puts_both_commands_first_and_names_only_what_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first_block = readme.split("```")[1]
    assert "make run" in first_block and "make test" in first_block
    paths = re.findall(r"`([a-z_]+/[\w./-]*)`", readme) + re.findall(r"\]\((assets/[^)]+)\)", readme)
    assert len(paths) > 15
    for path in paths:
        assert (ROOT / path).exists(), path


def test_every_picture_of_the_readme_can_be_seen() -> None:
    from PIL import Image

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r'src(?:set)?="(assets/[^"]+)"', readme)
    assert {Path(path) for path in named} == {
        path.relative_to(ROOT) for path in (ROOT / "assets" / "pictures").iterdir()
    }
    for path in named:
        with Image.open(ROOT / path) as picture:
            colours = picture.convert("RGB").resize((64, 64)).getcolors(64 * 64)
        assert picture.width >= 1280 and colours and len(colours) > 16, path


def test_the_image_takes_another_base_and_runs_as_nobody_special() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    instructions = [line.split()[0] for line in lines if line and line[0].isupper()]
    assert instructions[:2] == ["ARG", "FROM"]
    assert instructions.index("USER") < instructions.index("CMD")
    assert {"EXPOSE", "HEALTHCHECK"} <= set(instructions)


def test_the_version_is_told_once_and_cited_alike() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {project['version']}\n" in citation


def test_the_readmes_say_what_the_cards_and_results_say() -> None:
    from benchmarks.report import MARKED, PLACES

    assert {path.relative_to(ROOT).as_posix() for path in PLACES} == {"README.md", "benchmarks/README.md"}
    for path, told in PLACES.items():
        found = MARKED.search(path.read_text(encoding="utf-8"))
        assert found is not None and found[0] == told(), "run `python -m benchmarks.report`"


def test_a_report_without_its_place_in_the_readme_says_so(tmp_path: Path) -> None:
    from benchmarks.report import write

    readme = tmp_path / "README.md"
    begin, end = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
    for text in ("# Lab\n", f"{begin}old\n", f"old\n{end}", f"{end}old\n{begin}", 2 * f"{begin}old\n{end}"):
        readme.write_text(text, encoding="utf-8")
        with pytest.raises(SystemExit, match="no place to write to"):
            write(readme, "new\n")
        assert readme.read_text(encoding="utf-8") == text
    readme.write_text(f"above\n{begin}old\n{end}below\n", encoding="utf-8")
    write(readme, "new\n")
    assert readme.read_text("utf-8") == f"above\n{begin}new\n{end}below\n"
