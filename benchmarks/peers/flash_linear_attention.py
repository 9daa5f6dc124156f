"""Peers on a GPU: linear memories of `flash-linear-attention`, at our sizes. Runs alone.

Standard input is one JSON object: `packages`, a folder to import from or null, and `sizes`. Standard output
is a JSON list of rows. Each operator is first compared with its library's own slow form; `error` is the
relative difference, and what errs by more than a bfloat16 operand explains has no time.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

TASK = json.load(sys.stdin)
if TASK["packages"]:
    sys.path.insert(0, TASK["packages"])
sys.path.append(str(Path(__file__).parent))

import clock  # noqa: E402
import torch  # noqa: E402
from fla.ops.gated_delta_rule import chunk_gated_delta_rule  # noqa: E402
from fla.ops.gated_delta_rule.naive import naive_recurrent_gated_delta_rule  # noqa: E402
from fla.ops.momentum_delta_rule import (  # noqa: E402
    chunk_momentum_delta_rule,
    recurrent_momentum_delta_rule_ref,
)
from fla.ops.ttt import fused_chunk_ttt_linear  # noqa: E402
from fla.ops.ttt.naive import chunk_ttt_linear_ref  # noqa: E402

ALLOWED = 2e-2
CHECKED = {"batch": 1, "heads": 2, "tokens": 256, "width": 64}


def tensors(size, gradients=False):
    """q, k, v [B, T, H, D] in bfloat16, and three gates [B, T, H] in 0 … 1."""
    random = torch.Generator("cuda").manual_seed(0)
    shape = (size["batch"], size["tokens"], size["heads"])
    q, k, v = (torch.randn(*shape, size["width"], generator=random, device="cuda") for _ in range(3))
    q, k = (torch.nn.functional.normalize(x, dim=-1) for x in (q, k))
    gates = [torch.rand(*shape, generator=random, device="cuda") for _ in range(3)]
    found = [*(x.bfloat16() for x in (q, k, v)), *gates]
    return [x.requires_grad_(gradients) for x in found]


def gated_delta_rule(q, k, v, a, b, c):
    return chunk_gated_delta_rule(q, k, v, g=(1 - 0.1 * a).log(), beta=b, scale=1.0)[0]


def gated_delta_rule_slowly(q, k, v, a, b, c):
    return naive_recurrent_gated_delta_rule(q, k, v, beta=b, g=(1 - 0.1 * a).log(), scale=1.0)[0]


def momentum_rule(q, k, v, a, b, c, form=chunk_momentum_delta_rule, **options):
    """Our exact rule: twice the step is c (1 - momentum), forgetting 0.1 a. Below a momentum of 0.9 its
    differences of logarithms lose their digits."""
    momentum = 0.9 + 0.09 * b
    return form(
        q,
        k,
        v,
        log_alpha=(1 - 0.1 * a).log(),
        log_mu=momentum.log(),
        p=k,
        beta=torch.ones_like(a),
        eta=c * (1 - momentum),
        scale=1.0,
        **options,
    )[0]


def momentum_rule_fast(*tokens):
    return momentum_rule(*tokens, use_qk_l2norm_in_kernel=False, use_p_times_alpha=False)


def momentum_rule_slowly(q, k, v, a, b, c):
    return momentum_rule(q, k, v, a, b, c, form=recurrent_momentum_delta_rule_ref)


def ttt(q, k, v, a, b, c, form=fused_chunk_ttt_linear):
    scale = torch.ones(q.shape[2], q.shape[3], device="cuda")
    step = (0.1 * c[..., None]).to(q.dtype)
    return form(q, k, v, scale, 0 * scale, step, scale=1.0)[0]  # chunks of 16, its default


def ttt_slowly(q, k, v, a, b, c):
    return ttt(*(x.float() for x in (q, k, v)), a, b, c, form=chunk_ttt_linear_ref)


OPERATORS = {
    "fla chunk_gated_delta_rule": (gated_delta_rule, gated_delta_rule_slowly),
    "fla chunk_momentum_delta_rule": (momentum_rule_fast, momentum_rule_slowly),
    "fla fused_chunk_ttt_linear": (ttt, ttt_slowly),
}


def error(fast, slow):
    found = fast(*tensors(CHECKED)).float()
    wanted = slow(*tensors(CHECKED)).float()
    return ((found - wanted).norm() / wanted.norm()).item()


def with_gradient(fast, size):
    leaves = tensors(size, gradients=True)
    to = torch.randn_like(leaves[2])
    return lambda: torch.autograd.grad(fast(*leaves), leaves, to, allow_unused=True)


def timed(name, size, work, wrong):
    return {"name": name, "size": size, **clock.timed(work), "error": wrong, "version": version("fla-core")}


def rows_of(name, fast, slow):
    """The first size with and without gradient; the longer ones of the operator that has kernels for them."""
    wrong = error(fast, slow)
    if not wrong < ALLOWED:
        yield {"name": name, "error": wrong, "version": version("fla-core")}
        return
    first, *longer = TASK["sizes"]
    for size in [first, *(longer if fast is gated_delta_rule else [])]:
        with torch.no_grad():
            leaves = tensors(size)
            yield timed(name, size, lambda leaves=leaves: fast(*leaves), wrong)
    yield timed(f"{name}, with gradient", first, with_gradient(fast, first), wrong)


def main():
    rows = []
    for name, (fast, slow) in OPERATORS.items():
        try:
            rows.extend(rows_of(name, fast, slow))
        except RuntimeError as problem:  # no memory, or a card or a Triton that it refuses
            print(f"{name}: {problem}", file=sys.stderr)
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main()
