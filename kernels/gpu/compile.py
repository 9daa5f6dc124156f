"""Compile every kernel for a GPU that need not be there, and tell what it would take of it.

    python -m kernels.gpu.compile 90                        for compute capability 9.0
    python -m kernels.gpu.compile 90 "share, 64 bf16"       one of them

A first line tells which kernels these are and what compiled them. Then a line a kernel, its cells between
tabs: name, warps, registers a thread, bytes spilled a thread, bytes shared by a program. Registers and spills
are those that the assembler reports; a spill is a value that found no register and goes through memory.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import Any, NamedTuple

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from kernels.gpu import (
    backward,
    deep,
    deep_prepare,
    deep_recurrent,
    deep_sizes,
    prepare,
    recurrent,
    state,
    telemetry,
)
from kernels.gpu.assembler import IN_WORDS, find
from kernels.gpu.deep_operators import WARPS
from kernels.gpu.fingerprint import fingerprint
from kernels.gpu.launch import BACKWARD, Chain, forward, precision, registers
from kernels.gpu.limits import LARGE, WIDE, WIDEST, room_ahead, units_at_once

WARP = 32
SHARED = {
    80: 163 << 10,
    86: 99 << 10,
    89: 99 << 10,
    90: 227 << 10,
}  # bytes a program may share, by capability
WHOLE = {"L", "T", "H", "first", "count", "blocks", "offset", "block"}  # the integers; all else is a pointer
# float32 whatever the operands
EXACT = {"eta", "theta", "alpha", "memory", "momentum", "reference", "origin", "vectors", "ends", "last"}
EXACT |= {"sizes", "told", "moments", "to_vectors", "to_last", "to_first", "to_eta", "to_theta", "to_alpha"}


class Form(NamedTuple):
    """A kernel as it is started: its constants, its warps, the dtype of its operands, how far its loop loads
    ahead, and how many registers a thread may have."""

    name: str
    kernel: Any
    constants: dict[str, Any]
    warps: int
    operand: str = "bf16"
    stages: int = 3
    registers: int | None = None


class Taken(NamedTuple):
    """What a compiled kernel takes: registers a thread, bytes spilled a thread, bytes shared by a program."""

    registers: int
    spilled: int
    shared: int


def forms(width: int, operand: str, capability: int) -> Iterator[Form]:
    """All kernels of the linear memory at one width of keys and values, chunks as long as they are made."""
    half = operand != "fp32"
    row, longest = (2 * width, 64) if half else (4 * width, 32)
    on_large = SHARED[capability] >= LARGE
    for form in _forms(width, longest, half):
        alone = "state" in form.name and not room_ahead(row, on_large)
        bound = registers(form.name, half, capability)
        name = f"{form.name}, {width} {operand}"
        yield form._replace(name=name, operand=operand, stages=1 if alone else form.stages, registers=bound)


def _forms(width: int, rows: int, half: bool) -> Iterator[Form]:
    side = 4 if half else 8
    shape: dict[str, Any] = {"K": width, "V": width, "C": rows}
    how = forward(half, width)
    rules = (("parallel", rows, state.PARALLEL.value), ("solved", 1, state.SOLVED.value))
    for name, block, rule in rules:
        reads: dict[str, Any] = {"RULE": rule, "READ": 0}
        for kept, label in ((False, "state"), (True, "state kept")):
            yield _chain(f"{label}, {name}", state.state, {**shape, **reads, "KEEP": kept}, how)
        yield _chain(f"reverse_state, {name}", state.reverse_state, {**shape, **reads}, BACKWARD)
        reads["BLOCK"] = block
        yield Form(f"to_tokens, {name}", backward.to_tokens, {**shape, **reads}, side)
        yield Form(f"to_gates, {name}", backward.to_gates, {"C": rows, **reads}, 1)
    yield Form("prepare", prepare.prepare, {"C": rows}, 1)
    yield Form("counting", prepare.counting, {"C": rows}, 1)
    yield Form("share", prepare.share, {"K": width, "C": rows, "READ": 0}, side)
    yield Form("solve", prepare.solve, {**shape, "BLOCK": 1, "PRECISION": precision(half)}, side)
    yield Form("to_residuals", backward.to_residuals, {**shape, "READ": 0}, side)
    yield Form("products", telemetry.products, {**shape, "SHIFTED": False}, side)
    yield Form("telemetry", telemetry.telemetry, {"C": rows, "SHIFTED": False}, 1)
    constants = {"K": width, "V": width, "BEFORE": False, "TELEMETRY": True, "SHIFTED": False}
    yield Form("recurrent", recurrent.recurrent, constants, 4 if width <= 64 else 16)


def _chain(name: str, kernel: Any, constants: dict[str, Any], chain: Chain) -> Form:
    constants = {**constants, "WIDTH": min(constants["V"], chain.columns)}
    return Form(name, kernel, constants, chain.warps, stages=chain.ahead)


def deep_forms(width: int, rows: int) -> Iterator[Form]:
    """Those of the deep memory, with all they can be asked for. The number of hidden units takes no room."""
    shape: dict[str, Any] = {"K": width, "N": 2 * width, "V": width, "C": rows}
    shape["TILE"] = units_at_once(rows, width)
    place = f"{width} wide, {rows} rows"
    constants: dict[str, Any] = {"K": width, "C": rows, "READ": 1, "BOUNDED": True}
    yield Form(f"deep_prepare, {place}", deep_prepare.deep_prepare, constants, 4, "fp32")
    constants = {**shape, "SHIFTED": True, "BOUNDED": True, "TELEMETRY": True, "ACT": deep.SILU.value}
    yield Form(f"deep, {place}", deep.deep, constants, WARPS, "fp32")
    yield Form(f"deep_sizes, {place}", deep_sizes.deep_sizes, {**shape, "SHIFTED": True}, 4, "fp32")


def deep_recurrent_forms(width: int) -> Iterator[Form]:
    """The deep memory token by token, with all it can be asked for."""
    shape: dict[str, Any] = {"K": width, "N": 2 * width, "V": width, "ACT": deep.SILU.value}
    asked = {"BEFORE": False, "SHIFTED": True, "BOUNDED": True, "TELEMETRY": True}
    for exact, blocks in ((True, "blocks of one"), (False, "longer blocks")):
        constants = {**shape, **asked, "EXACT": exact}
        name = f"deep_recurrent, {width} wide, {blocks}"
        yield Form(name, deep_recurrent.deep_recurrent, constants, WARPS, "fp32")


def taken(form: Form, capability: int) -> Taken:
    """Compile one kernel, and read what its assembler counted."""
    names = form.kernel.arg_names
    signature = {name: _kind(name, form.constants, form.operand) for name in names}
    source = ASTSource(
        fn=form.kernel,
        signature=signature,
        constexprs={(names.index(name),): value for name, value in form.constants.items()},
        attrs={(i,): [["tt.divisibility", 16]] for i, name in enumerate(names) if signature[name][0] == "*"},
    )
    target = GPUTarget("cuda", capability, WARP)
    options = {"num_warps": form.warps, "num_stages": form.stages, "maxnreg": form.registers}
    with triton.knobs.compilation.scope(), triton.knobs.nvidia.scope(), redirect_stdout(StringIO()) as told:
        triton.knobs.compilation.always_compile = True  # what was kept says nothing
        triton.knobs.nvidia.dump_ptxas_log = True
        compiled = triton.compile(source, target=target, options=options)
    report = told.getvalue()
    used = re.search(r"Used (\d+) registers", report)
    spilled = re.search(r"(\d+) bytes spill stores", report)
    if used is None or spilled is None:
        raise RuntimeError(f"the assembler did not say what the kernel takes: {report}")
    return Taken(int(used[1]), int(spilled[1]), compiled.metadata.shared)


def _kind(name: str, constants: dict[str, Any], operand: str) -> str:
    if name in constants:
        return "constexpr"
    if name in WHOLE:
        return "i32"
    if name == "counts" and operand != "fp32":
        return "*fp16"
    return "*fp32" if name in EXACT else f"*{operand}"


def every(capability: int) -> Iterator[Form]:
    """The kernels that are started on a card: of the shipped models, and of memories as wide as they take."""
    yield from forms(32, "fp32", capability)
    yield from forms(WIDE, "fp32", capability)
    yield from forms(WIDE, "bf16", capability)
    if SHARED[capability] >= LARGE:
        yield from forms(WIDEST, "bf16", capability)
    for width, rows in ((32, 16), (64, 16), (64, 32)):
        yield from deep_forms(width, rows)
    for width in (32, 64):
        yield from deep_recurrent_forms(width)


def heading() -> str:
    """Which kernels these are, and the compiler whose output they become."""
    return f"kernels {fingerprint()}, Triton {triton.__version__}"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m kernels.gpu.compile",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("capability", type=int, nargs="?", default=90, choices=SHARED)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a kernel, as it is told; without, all")
    chosen = parser.parse_args()
    if find() is None:
        raise RuntimeError(IN_WORDS)
    forms = [form for form in every(chosen.capability) if not chosen.names or form.name in chosen.names]
    if unknown := set(chosen.names) - {form.name for form in forms}:
        parser.error(f"there is no kernel {' nor '.join(map(repr, sorted(unknown)))}")
    print(heading(), flush=True)
    for form in forms:
        found = taken(form, chosen.capability)
        print(f"{form.name}\t{form.warps}\t{found.registers}\t{found.spilled}\t{found.shared}", flush=True)


if __name__ == "__main__":
    main()
