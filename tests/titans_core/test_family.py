"""Every relative is a setting of our rule: what its own paper writes down, written down here once more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import silu

from kernels import memory
from titans_core.config import MemoryConfig, ModelConfig
from titans_core.family import FAMILY, MINI_BATCH
from titans_core.memory import Gates, NeuralMemory, Told, Written
from titans_core.model import TitansLM
from titans_core.stream import Stream
from titans_core.tokenizer import Tokenizer

CLOSE = {"rtol": 1e-4, "atol": 2e-5}
VOCABULARY = Tokenizer.load().vocab_size
TOKENS, HEADS, WIDTH = 53, 3, 8  # tokens that no block divides
Recurrence = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]


def layer(name: str) -> NeuralMemory:
    torch.manual_seed(1)
    config = ModelConfig(width=24, heads=HEADS, head_width=WIDTH, memory=FAMILY[name].memory)
    return NeuralMemory(config).double()


def small(name: str, seed: int) -> TitansLM:
    """A small model whose memory is a relative."""
    torch.manual_seed(seed)
    memory = FAMILY[name].memory
    config = ModelConfig("lmm", VOCABULARY, width=24, heads=HEADS, head_width=WIDTH, memory=memory)
    return TitansLM(config, name).eval()


def told(part: NeuralMemory) -> Told:
    """Keys, values and gates of random tokens; every gate is where the layer's settings leave it."""
    torch.manual_seed(2)
    x = torch.randn(1, TOKENS, 24, dtype=torch.float64)
    return part.project(x, part.initial_state(1).tail)[0]


def learned(name: str) -> tuple[Told, Written]:
    """Random tokens as a relative is told them, and what becomes of them."""
    part = layer(name)
    tokens = told(part)
    return tokens, part.learn(tokens, part.initial_state(1), False, None)[0]


def outer(k: Tensor, v: Tensor) -> Tensor:
    return k[:, :, None] * v[:, None, :]


def ask(k: Tensor, m: Tensor) -> Tensor:
    return torch.einsum("hk,hkv->hv", k, m)


def hebb(q: Tensor, k: Tensor, v: Tensor, beta: Tensor, kept: Tensor) -> Tensor:
    """Linear attention with decay: y = Σᵢ (Πⱼ λⱼ) βᵢ (q·kᵢ) vᵢ, as a sum over the past, no state."""
    reads = []
    for t in range(len(q)):
        weights = [beta[i] * kept[i + 1 : t + 1].prod(0) * (q[t] * k[i]).sum(-1) for i in range(t + 1)]
        reads.append(sum((w[:, None] * v[i] for i, w in enumerate(weights)), torch.zeros_like(v[0])))
    return torch.stack(reads)


def delta(q: Tensor, k: Tensor, v: Tensor, beta: Tensor, kept: Tensor) -> Tensor:
    """Gated DeltaNet, its equation 10, and with α = 1 DeltaNet: S_t = S_{t−1} (α (I − β k kᵀ)) + β v kᵀ."""
    m, reads = torch.zeros(HEADS, WIDTH, WIDTH, dtype=q.dtype), []
    eye = torch.eye(WIDTH, dtype=q.dtype)
    for t in range(len(q)):
        b = beta[t, :, None, None]
        m = kept[t, :, None, None] * (eye - b * outer(k[t], k[t])) @ m + b * outer(k[t], v[t])
        reads.append(ask(q[t], m))
    return torch.stack(reads)


def ttt(q: Tensor, k: Tensor, v: Tensor, beta: Tensor, kept: Tensor) -> Tensor:
    """TTT-Linear: W_t = W_{t−1} − η ∇ℓ(W′; x_t), W′ the weights at the start of the mini-batch."""
    w, reads = torch.zeros(HEADS, WIDTH, WIDTH, dtype=q.dtype), []
    for t in range(len(q)):
        start = w if t % MINI_BATCH == 0 else start  # noqa: F821
        held = start.clone().requires_grad_()
        loss = (ask(k[t], held) - v[t]).square().sum() / 2
        (gradient,) = torch.autograd.grad(loss, held)
        w = w - beta[t, :, None, None] * gradient
        reads.append(ask(q[t], w))
    return torch.stack(reads)


RECURRENCES: dict[str, Recurrence] = {
    "linear-attention": hebb,
    "retnet": hebb,
    "mamba2": hebb,
    "deltanet": delta,
    "gated-deltanet": delta,
    "ttt-linear": ttt,
}


@pytest.mark.parametrize("name", RECURRENCES)
@torch.no_grad()
def test_a_relative_is_its_own_recurrence(name: str) -> None:
    (q, k, v, gates), ours = learned(name)
    with torch.enable_grad():
        theirs = RECURRENCES[name](q[0], k[0], v[0], 2 * gates.theta[0], 1 - gates.alpha[0])
    torch.testing.assert_close(ours.y[0], theirs.detach(), **CLOSE)


def operator(package: str, name: str) -> Callable[..., Any]:
    """A plain PyTorch form of flash-linear-attention, without the rest of it, which would load Triton."""
    found = find_spec("fla")
    assert found is not None and found.origin is not None, "fla-core is in requirements-dev.txt"
    path = Path(found.origin).parent / "ops" / package / "naive.py"
    spec = spec_from_file_location(f"fla_{package}", path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    found_operator: Callable[..., Any] = getattr(module, name)
    return found_operator


def by_linear_attention(q: Tensor, k: Tensor, v: Tensor, beta: Tensor, kept: Tensor) -> Tensor:
    y, _ = operator("linear_attn", "naive_recurrent_linear_attn")(q, k, beta[..., None] * v, scale=1.0)
    return y


def by_gla(q: Tensor, k: Tensor, v: Tensor, beta: Tensor, kept: Tensor) -> Tensor:
    y, _ = operator("simple_gla", "naive_chunk_simple_gla")(q, k, beta[..., None] * v, kept.log(), scale=1.0)
    return y


def by_delta_rule(q: Tensor, k: Tensor, v: Tensor, beta: Tensor, kept: Tensor) -> Tensor:
    heads_first = [x.transpose(1, 2) for x in (q * WIDTH**0.5, k, v, beta)]
    return operator("delta_rule", "delta_rule_recurrence")(*heads_first)[0].transpose(1, 2)


def by_gated_delta_rule(q: Tensor, k: Tensor, v: Tensor, beta: Tensor, kept: Tensor) -> Tensor:
    y, _ = operator("gated_delta_rule", "naive_recurrent_gated_delta_rule")(q, k, v, beta, kept.log(), 1.0)
    return y


PEERS: dict[str, Recurrence] = {
    "linear-attention": by_linear_attention,
    "retnet": by_gla,
    "mamba2": by_gla,
    "deltanet": by_delta_rule,
    "gated-deltanet": by_gated_delta_rule,
}


@pytest.mark.parametrize("name", PEERS)
@torch.no_grad()
def test_a_relative_is_what_a_library_of_them_computes(name: str) -> None:
    """TTT has no form there that is its rule alone: a layer norm stands within the loss."""
    (q, k, v, gates), ours = learned(name)
    theirs = PEERS[name](q, k, v, 2 * gates.theta, 1 - gates.alpha)
    torch.testing.assert_close(ours.y, theirs.to(ours.y), rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_titans_linear_memory_is_momentum_deltanet() -> None:
    """Its S and M stand where our M and −S do; its p is the key, its beta one."""
    (q, k, v, gates), ours = learned("titans")
    rule = operator("momentum_delta_rule", "recurrent_momentum_delta_rule_ref")
    kept, one = (1 - gates.alpha).log(), torch.ones_like(gates.eta)
    y, *_ = rule(q, k, v, kept, gates.eta.log(), k, one, 2 * gates.theta, scale=1.0)
    torch.testing.assert_close(ours.y, y.to(ours.y), rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_ttt_mlp_is_its_own_recurrence() -> None:
    """Two layers, gradients at the mini-batch's start, no momentum and no forgetting; the step is bounded."""
    part = layer("ttt-mlp")
    q, k, v, gates = told(part)
    ours, _ = part.learn(Told(q, k, v, gates), part.initial_state(1), True, None)
    weights = tuple(w.detach().clone() for w in part.initial)
    for t in range(TOKENS):
        start = weights if t % MINI_BATCH == 0 else start  # noqa: F821
        held = tuple(w.clone().requires_grad_() for w in start)
        with torch.enable_grad():
            loss = (ask(silu(ask(k[0, t], held[0])), held[1]) - v[0, t]).square().sum()
            gradients = torch.autograd.grad(loss, held)
        step = ours.telemetry["theta"][0, t, :, None, None]
        weights = tuple(w - step * g for w, g in zip(weights, gradients, strict=True))
        y = ask(silu(ask(q[0, t], weights[0])), weights[1])
        torch.testing.assert_close(ours.y[0, t], y, **CLOSE)


@torch.no_grad()
def test_what_gated_deltanet_tells_is_of_the_error_at_what_forgetting_leaves() -> None:
    part = layer("gated-deltanet")
    tokens = told(part)
    _, k, v, gates = tokens
    ours, _ = part.learn(tokens, part.initial_state(1), True, None)
    (inputs, deltas), held = ours.factors[0], torch.zeros(HEADS, WIDTH, WIDTH, dtype=torch.float64)
    for t in range(TOKENS):
        left = (held * (1 - gates.alpha[0, t, :, None, None])).requires_grad_()
        with torch.enable_grad():
            losses = (ask(k[0, t], left) - v[0, t]).square().sum(-1)
            (gradient,) = torch.autograd.grad(losses.sum(), left)
        held = left.detach() - gates.theta[0, t, :, None, None] * gradient
        torch.testing.assert_close(outer(inputs[0, t], deltas[0, t]), gradient, **CLOSE)
        expected = {"loss": losses, "surprise": gradient.norm(dim=(1, 2)), "theta": gates.theta[0, t]}
        for name, value in expected.items():
            torch.testing.assert_close(ours.telemetry[name][0, t], value.detach(), **CLOSE)


def test_what_a_relative_has_not_is_not_there() -> None:
    for name, one in FAMILY.items():
        gates = told(layer(name)).gates
        assert (gates.eta.abs().max() == 0) == (name != "titans"), name
        forgets = {"learned": gates.alpha.std(1).min() > 0, "fixed": gates.alpha.std(1).max() < 1e-12}
        assert forgets.get(one.memory.forgetting, gates.alpha.abs().max() == 0), name
    (spans,) = {tuple((1 / told(layer("retnet")).gates.alpha[0, 0]).round().tolist())}
    assert spans == (32.0, 64.0, 128.0)


def test_the_inner_products_gradient_is_what_is_written() -> None:
    """−2 ⟨M k, v⟩ by autograd, at a memory that holds something: what it holds does not matter."""
    torch.manual_seed(3)
    k, v, q = torch.randn(3, 1, 1, 1, WIDTH, dtype=torch.float64).unbind(0)
    held = torch.randn(1, 1, WIDTH, WIDTH, dtype=torch.float64, requires_grad=True)
    objective = -2 * torch.einsum("bthk,bhkv,bthv->", k, held, v)
    (gradient,) = torch.autograd.grad(objective, held)
    gate = torch.full((1, 1, 1), 0.3, dtype=torch.float64)
    out = memory(q, k, v, 0 * gate, gate, 0 * gate, (held,), (torch.zeros_like(held),), objective="inner")
    torch.testing.assert_close(out.weights[0], held - 0.3 * gradient)


@pytest.mark.parametrize("backend", ["reference", "torch", "numba"])
@pytest.mark.parametrize("chunk", [1, 16, 64])
@torch.no_grad()
def test_every_form_of_the_inner_product_agrees(backend: str, chunk: int) -> None:
    if backend == "numba":
        pytest.importorskip("numba")
    torch.manual_seed(4)
    q, k, v = torch.randn(3, 2, TOKENS, HEADS, WIDTH, dtype=torch.float64).unbind(0)
    eta, theta, alpha = torch.rand(3, 2, TOKENS, HEADS, dtype=torch.float64).unbind(0)
    state = torch.randn(2, 2, HEADS, WIDTH, WIDTH, dtype=torch.float64).unbind(0)
    first = tuple((part,) for part in state)
    kinds = {"objective": "inner", "chunk_size": chunk, "block_size": 1}
    right = memory(q, k, v, eta, theta, alpha, *first, backend="reference", **kinds)
    ours = memory(q, k, v, eta, theta, alpha, *first, backend=backend, **kinds)
    for name in ("y", "weights", "momentum", "telemetry", "factors"):
        torch.testing.assert_close(getattr(ours, name), getattr(right, name))
    assert ours.offset == 0 and ours.block_start is None
    cut = memory(*(x[:, :20] for x in (q, k, v, eta, theta, alpha)), *first, backend=backend, **kinds)
    rest = (x[:, 20:] for x in (q, k, v, eta, theta, alpha))
    after = memory(*rest, cut.weights, cut.momentum, backend=backend, **kinds)
    torch.testing.assert_close(after.weights, right.weights)
    torch.testing.assert_close(torch.cat((cut.y, after.y), 1), right.y)


@pytest.mark.parametrize("name", FAMILY)
def test_a_stream_of_a_relative_may_be_cut_anywhere(name: str) -> None:
    model = small(name, seed=5)
    ids = torch.randint(3, VOCABULARY, (40,)).tolist()
    whole = Stream(model).feed(ids, writes=True, without=True)
    pieces = Stream(model)
    parts = [pieces.feed(ids[a:b], without=True) for a, b in ((0, 1), (1, 18), (18, 40))]
    for column in ("nll", "nll_without", "surprise", "write", "theta", "alpha"):
        joined = torch.cat([torch.from_numpy(part[column]) for part in parts])
        torch.testing.assert_close(joined, torch.from_numpy(whole[column]), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", FAMILY)
def test_what_tokens_gave_to_a_relatives_retrieval_sums_to_it(name: str) -> None:
    stream = Stream(small(name, seed=6))
    trace = stream.feed(torch.randint(3, VOCABULARY, (30,)).tolist())
    parts = torch.from_numpy(stream.attribution()).sum(-1)
    torch.testing.assert_close(parts, torch.from_numpy(trace["retrieval"][-1]), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", FAMILY)
def test_a_wiped_relative_is_what_nll_without_tells(name: str) -> None:
    stream = Stream(small(name, seed=7))
    ids = torch.randint(3, VOCABULARY, (25,)).tolist()
    stream.feed(ids[:-2])
    wiped = stream.wipe()
    told = stream.feed(ids[-2:-1], without=True)
    told = stream.feed(ids[-1:], without=True)
    wiped.feed(ids[-2:-1])
    right = wiped.feed(ids[-1:])
    torch.testing.assert_close(
        torch.from_numpy(told["nll_without"]), torch.from_numpy(right["nll"]), rtol=1e-3, atol=1e-4
    )


@pytest.mark.parametrize("name", FAMILY)
def test_no_key_makes_a_relative_overshoot(name: str) -> None:
    """One pair told again and again, at every gap that fits a block: the memory's norm stays bounded."""
    part = layer(name)
    torch.manual_seed(8)
    with torch.no_grad():
        part.gate_bias[HEADS : 2 * HEADS] = 30.0  # the largest steps
        one = told(part)
        q, k, v = (x[:, :1].expand(1, 600, -1, -1) for x in one[:3])
        gates = Gates(*(g[:, :1].expand(1, 600, -1) for g in one.gates))
        out, state = part.learn(Told(q, k, v, gates), part.initial_state(1), True, None)
    norm = out.telemetry["memory_norm"]
    if FAMILY[name].memory.objective == "inner":  # Hebb's rule has no error that would end its writing
        assert norm[0, -1].max() <= 600 * v.norm(dim=-1).max()
    else:
        assert norm[0, -1].max() <= 1.05 * norm[0, :50].max()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"objective": "outer"}, "objective is 'squared' or 'inner'"),
        ({"forgetting": "some"}, "forgetting 'learned', 'fixed' or 'none'"),
        ({"depth": 2, "objective": "inner"}, "a linear memory's alone"),
        ({"depth": 2, "decayed": True}, "a linear memory's alone"),
    ],
)
def test_switches_that_make_no_relative_are_told(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        MemoryConfig(**wrong)  # type: ignore[arg-type]


@torch.no_grad()
def test_a_gate_clamped_to_forget_all_leaves_finite_numbers() -> None:
    """λ = 0 where the error is taken at λM: θ = λβ/2 is then next to nothing, v/λ next to everything."""
    part = layer("gated-deltanet")
    q, k, v, gates = told(part)
    gates = gates._replace(alpha=torch.ones_like(gates.alpha))
    out, state = part.learn(Told(q, k, v, gates), part.initial_state(1), True, None)
    torch.testing.assert_close(
        state.weights[0][0], 2 * gates.theta[0, -1, :, None, None] * outer(k[0, -1], v[0, -1]), **CLOSE
    )
    assert all(bool(column.isfinite().all()) for column in out.telemetry.values())


def test_models_without_convolution_or_persistent_tokens_read() -> None:
    bare = ModelConfig("lmm", VOCABULARY, persistent=0, memory=replace(MemoryConfig(), convolution=1))
    for variant in ("mac", "mag", "mal", "lmm", "attention"):
        stream = Stream(TitansLM(replace(bare, variant=variant), variant).eval())
        whole = stream.fork().feed(list(range(3, 80)))
        parts = [stream.feed([token]) for token in range(3, 80)]
        nll = torch.cat([torch.from_numpy(part["nll"]) for part in parts])
        torch.testing.assert_close(nll, torch.from_numpy(whole["nll"]), rtol=1e-3, atol=1e-4)
