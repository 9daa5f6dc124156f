"""The long-term memory as a layer (section 3.1): projections and gates around ``kernels.memory``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kernels import MemoryOutput, memory, retrieve
from titans_core import rowwise
from titans_core.config import ModelConfig
from titans_core.layers import CausalConvolution, RMSNorm, Telemetry, along, convolve, squares
from titans_core.override import Edits

# Where the gates start, from trials: near the largest step, little momentum, almost no forgetting.
STEP_START, ETA_START, ALPHA_START = 0.85, 0.1, 0.002
TAPS_START = 4  # tokens that a query is made of at first: with more, each would weigh less
LAST_LAYER = 0.6  # of a deep memory's last matrix, times 1 / hidden: it starts by answering little
LEAST_KEPT = 1e-4  # of a memory whose error is taken at what forgetting leaves: at nothing, θ would be zero
GATE_SCALE = 0.2  # of the gates' initial weights: near their start for every token, yet not the same


Rest = ParamSpec("Rest")
Result = TypeVar("Result")
Reading = Callable[Concatenate["NeuralMemory", Tensor, Rest], Result]


def full_precision(method: Reading[Rest, Result]) -> Reading[Rest, Result]:
    """Mixed precision ends at the memory's door: a sum over a thousand writes needs more than eight bits."""

    @wraps(method)
    def exact(self: NeuralMemory, x: Tensor, /, *args: Rest.args, **kwargs: Rest.kwargs) -> Result:
        if not torch.is_autocast_enabled(x.device.type):
            return method(self, x, *args, **kwargs)
        with torch.autocast(x.device.type, enabled=False):
            return method(self, x.to(self.qkv.weight.dtype), *args, **kwargs)

    return exact


class MemoryState(NamedTuple):
    """One layer's memory between two tokens; each sequence of the batch has its own.

    weights, momentum: M and S, a tuple of [B, H, D_in, D_out], one per matrix. block_start: the weights that
    gradients are taken at while a gradient block is open, () at its border; offset: how many tokens that
    block holds; block_keys: the keys it has met, one [B, H, D, D], () for a linear memory. tail: the
    convolution's last inputs [B, reach, 3 inner + 3 H].
    """

    weights: tuple[Tensor, ...]
    momentum: tuple[Tensor, ...]
    block_start: tuple[Tensor, ...]
    offset: int
    block_keys: tuple[Tensor, ...]
    tail: Tensor


class Gates(NamedTuple):
    """η, θ, α: one scalar a token and head, [B, T, H] each."""

    eta: Tensor
    theta: Tensor
    alpha: Tensor


class Told(NamedTuple):
    """What a memory is told of its tokens: q, k, v [B, T, H, D] and the gates."""

    q: Tensor
    k: Tensor
    v: Tensor
    gates: Gates


class Written(NamedTuple):
    """What became of tokens in a memory: their queries q and what it answered, y, both [B, T, H, D], the
    gates, and what `kernels.memory` told of the writes, () and {} where it was not asked."""

    q: Tensor
    gates: Gates
    y: Tensor
    telemetry: dict[str, Tensor]
    factors: tuple[tuple[Tensor, Tensor], ...]


def at_decayed(out: MemoryOutput, kept: Tensor) -> MemoryOutput:
    """What the memory told of errors at M, told of those at what forgetting leaves, ``kept`` [B, T, H] of M:
    θ and v were scaled so that the writes are the latter's (`titans_core.family`)."""
    if not out.telemetry:
        return out
    scales = {"loss": kept.square(), "surprise": kept, "theta": 1 / kept}
    columns = {name: column * scales.get(name, 1) for name, column in out.telemetry.items()}
    return out._replace(telemetry=columns, factors=tuple((x, d * kept[..., None]) for x, d in out.factors))


class NeuralMemory(nn.Module):
    """A memory whose weights are learned while reading: written by surprise with momentum, cleared by a
    gate."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config, self.heads, self.head_width = config.memory, config.heads, config.head_width
        self.inner = config.heads * config.head_width
        self.qkv = nn.Linear(config.width, 3 * self.inner, bias=False)
        self.convolution = CausalConvolution(self._initial_taps())
        self.gate_projection = nn.Linear(config.width, 3 * config.heads, bias=False)
        self.gate_bias = nn.Parameter(torch.zeros(3 * config.heads))
        self.initial = nn.ParameterList(self._initial_weights())  # M₀
        self.norm = RMSNorm(self.inner, eps=1e-3)
        self.output_gate = nn.Linear(config.width, self.inner)
        self.out = nn.Linear(self.inner, config.width, bias=False)
        with torch.no_grad():
            # Queries must meet keys: both projections start equal.
            self.qkv.weight[self.inner : 2 * self.inner] = self.qkv.weight[: self.inner]
            self.gate_projection.weight.mul_(GATE_SCALE)
            starts = (ETA_START / max(self.config.eta_max, ETA_START + 1e-3), STEP_START, ALPHA_START)
            logits = torch.tensor([math.log(p / (1 - p)) for p in starts])
            self.gate_bias.copy_(logits.repeat_interleave(self.heads))
            if self.config.forgetting == "fixed":  # from short to long, as RetNet's heads
                spans = 2.0 ** (5 + torch.arange(self.heads))
                self.gate_bias[2 * self.heads :] = -torch.log(spans - 1)  # α = 1 / span

    def _initial_taps(self) -> Tensor:
        """A value is written under a key made of the tokens *before* it: k starts as q, one token further
        back. Values start with little, gates with nothing but the token itself; and what lies further back
        than ``TAPS_START`` counts for nothing until it is learned."""
        width = self.config.convolution
        recent = min(TAPS_START, max(width - 1, 1))
        query = torch.zeros(width, self.inner)
        query[-recent:] = torch.randn(recent, self.inner) / math.sqrt(recent)
        key = query.roll(-1, 0)
        value = torch.zeros(width, self.inner)
        value[-recent:] = 0.1 * torch.randn(recent, self.inner)
        value[-1] += 1
        gates = torch.zeros(width, 3 * self.heads)
        gates[-1] = 1
        if width == 1:  # no convolution: every token for itself
            query, key, value = torch.ones(3, 1, self.inner)
        return torch.cat([query, key, value, gates], 1)

    def _initial_weights(self) -> list[Tensor]:
        """M₀ of every head: zero for a matrix; random for an MLP, where zero would be a dead saddle."""
        if self.config.depth == 1:
            return [torch.zeros(self.heads, self.head_width, self.head_width)]
        sizes = [self.head_width] + [self.config.hidden] * (self.config.depth - 1) + [self.head_width]
        scales = [1.0] + [1.7 / math.sqrt(a) for a in sizes[1:-1]]  # unit keys; E silu(z)² is 1 / 1.7²
        scales[-1] = LAST_LAYER / self.config.hidden
        return [
            scale * torch.randn(self.heads, a, b)
            for scale, a, b in zip(scales, sizes[:-1], sizes[1:], strict=True)
        ]

    def initial_state(self, batch: int) -> MemoryState:
        """M₀ with zero momentum, before any token."""
        weights = tuple(w.expand(batch, *w.shape) for w in self.initial)
        tail = self.qkv.weight.new_zeros(batch, self.convolution.reach, 3 * (self.inner + self.heads))
        momentum = tuple(torch.zeros_like(w) for w in weights)
        width = self.head_width
        met = (tail.new_zeros(batch, self.heads, width, width),) if self.config.depth > 1 else ()
        return MemoryState(weights, momentum, (), 0, met, tail)

    def project(self, x: Tensor, tail: Tensor) -> tuple[Told, Tensor]:
        """x [B, T, width] -> q, k, v, the gates, and the convolution's new tail (section 4.4).

        Gates pass the same convolution: one that saw its token alone could not tell a code's digit from any
        other digit.
        """
        mixed, tail = self.convolution(self.projected(x), tail)
        return self.parted(mixed), tail

    def projected(self, x: Tensor) -> Tensor:
        """x [B, T, width] -> what the convolution sees of it, [B, T, 3 inner + 3 H]."""
        return torch.cat([self.qkv(x), self.gate_projection(x)], -1)

    def parted(self, mixed: Tensor) -> Told:
        """What the convolution makes of that -> q, k, v and the gates."""
        mixed, logits = mixed.split((3 * self.inner, 3 * self.heads), -1)
        q, k, v = (
            F.silu(part) if name in self.config.silu else part
            for name, part in zip(("query", "key", "value"), mixed.chunk(3, -1), strict=True)
        )
        q, k, v = (part.unflatten(-1, (self.heads, self.head_width)) for part in (q, k, v))
        return Told(unit(q), unit(k), v, self.gates(logits))

    def gates(self, logits: Tensor) -> Gates:
        """Logits [B, T, 3 H] -> η, θ, α; θ = θ̂ (1 − η) with 2θ̂ ≤ step_max: at an unchanging η the steps
        of one write add up to 2θ̂ of its error.

        Of a deep memory θ is θ̂ itself: the bounded step of `kernels.memory` makes of it what can be taken.
        """
        eta, step, alpha = torch.sigmoid(logits + self.gate_bias).chunk(3, -1)
        eta = eta * self.config.eta_max
        if self.config.forgetting == "fixed":
            alpha = torch.sigmoid(self.gate_bias[2 * self.heads :]).expand_as(alpha)
        elif self.config.forgetting == "none":
            alpha = torch.zeros_like(alpha)
        return Gates(eta, step * self.largest_step(eta), alpha)

    def largest_step(self, eta: Tensor) -> Tensor:
        """The largest θ that may go with η."""
        bound = 0.5 * self.config.step_max
        return torch.full_like(eta, bound) if self.config.depth > 1 else bound * (1 - eta)

    def edited(self, gates: Gates, edits: Edits) -> Gates:
        """The gates as an intervention leaves them, within the bounds that the model was trained with."""
        eta, theta, alpha = (
            gate * factor + value
            for gate, factor, value in zip(gates, edits.factor, edits.value, strict=True)
        )
        eta = eta.clamp(max=self.config.eta_max)
        theta = theta.minimum(self.largest_step(eta))
        return Gates(*(gate * edits.write for gate in (eta, theta, alpha.clamp(max=1))))

    @full_precision
    def forward(
        self, x: Tensor, state: MemoryState, telemetry: bool, edits: Edits | None = None
    ) -> tuple[Tensor, MemoryState, Telemetry]:
        """Write x [B, T, width] (equations 12 to 14) and read M(q) (15) -> y [B, T, width], the new state,
        and a report: without ``telemetry`` of θ and α alone, with gradients."""
        written, state = self.write(x, state, telemetry, edits)
        y, report = self.hand_over(x, written)
        return y, state, report

    @full_precision
    def write(
        self, x: Tensor, state: MemoryState, telemetry: bool, edits: Edits | None
    ) -> tuple[Written, MemoryState]:
        """The half of ``forward`` that the next tokens wait for: x is written, and M(q) read."""
        told, tail = self.project(x, state.tail)
        return self.learn(told, state._replace(tail=tail), telemetry, edits)

    def learn(
        self, told: Told, state: MemoryState, telemetry: bool, edits: Edits | None
    ) -> tuple[Written, MemoryState]:
        """What ``write`` does once x is projected and the convolution has gone on."""
        q, k, v, gates = told
        momentum = state.momentum
        if edits:
            # without momentum and with all gates closed M stays; S is laid aside
            gates, momentum = self.edited(gates, edits), chosen(edits.write, momentum, zeros(momentum))
        deep = self.config.depth > 1
        kept = (1 - gates.alpha).clamp(min=LEAST_KEPT) if self.config.decayed else None
        out = memory(
            q,
            k,
            v if kept is None else v / kept[..., None],
            gates.eta,
            gates.theta if kept is None else gates.theta * kept,
            gates.alpha,
            state.weights,
            momentum,
            # by the letter a deep memory would decay to zero, where it is dead
            initial=tuple(w.expand(q.shape[0], *w.shape) for w in self.initial) if deep else None,
            block_start=state.block_start or None,
            offset=state.offset,
            block_keys=state.block_keys[0] if state.block_keys else None,
            chunk_size=self.config.chunk_size,
            block_size=self.config.block_size,
            read=self.config.read,
            step="bounded" if deep else "given",
            objective=self.config.objective,
            telemetry=telemetry,
        )
        if kept is not None:
            out = at_decayed(out, kept)
        if edits:
            out = out._replace(
                y=self.read_where(edits, out.y, q),
                weights=chosen(edits.write, out.weights, state.weights),  # not even rounded
                momentum=chosen(edits.write, out.momentum, state.momentum),
            )
        met = () if out.block_keys is None else (out.block_keys,)
        state = MemoryState(out.weights, out.momentum, out.block_start or (), out.offset, met, state.tail)
        if telemetry and edits:
            kept = torch.stack([s.square().sum((2, 3)) for s in state.momentum]).sum(0).sqrt()  # [B, H]
            out.telemetry["momentum"] = out.telemetry["momentum"].where(edits.write, kept[:, None])
        return Written(q, gates, out.y, out.telemetry, out.factors), state

    @full_precision
    def hand_over(self, x: Tensor, written: Written) -> tuple[Tensor, Telemetry]:
        """The other half of ``forward``, which no later token waits for: what was read as the block gets it,
        y [B, T, width], and the report."""
        q, gates, read, told, factors = written
        y, gate = self.handed(x, read)
        if not told:
            return y, Telemetry({"theta": gates.theta, "alpha": gates.alpha}, (), q, y)
        columns = told | {
            "eta": gates.eta,
            "alpha": gates.alpha,
            "write": told["theta"] * told["surprise"],
            "retrieval": torch.linalg.vector_norm(read, dim=-1),
            "gate": gate,
        }
        return y, Telemetry(columns, factors, q, y)

    def handed(self, x: Tensor, read: Tensor) -> tuple[Tensor, Tensor]:
        """What was read, [B, T, H, D], normalised, gated by x [B, T, width] and projected, and the mean
        gate, [B, T, H]."""
        if rowwise.able(self, self.output_gate.weight, x, read):
            return rowwise.handed(self, x, read)
        gate = torch.sigmoid(self.output_gate(x))
        y = self.out(self.norm(read.flatten(2)) * gate)
        return y, gate.unflatten(-1, (self.heads, self.head_width)).mean(-1)

    def read_where(self, edits: Edits, y: Tensor, q: Tensor) -> Tensor:
        """y [B, T, H, D], and what M₀ answers to q where an intervention stops the reading."""
        start = tuple(w.expand(q.shape[0], *w.shape) for w in self.initial)
        return y.where(edits.read[:, None], retrieve(q, start))

    @full_precision
    def ask(self, x: Tensor, tail: Tensor) -> tuple[Tensor, Tensor]:
        """x [B, T, width] -> the queries q [B, T, H, D] that frozen weights are asked, and the query
        convolution's new tail [B, reach, inner]."""
        projected = F.linear(x, self.qkv.weight[: self.inner])  # [B, T, inner]
        mixed, tail = convolve(projected, self.convolution.taps[:, : self.inner], tail)
        return self.queries(mixed), tail

    def queries(self, mixed: Tensor) -> Tensor:
        """What the convolution makes of the queries, [B, T, inner] -> q [B, T, H, D]."""
        q = F.silu(mixed) if "query" in self.config.silu else mixed
        return unit(q.unflatten(-1, (self.heads, self.head_width)))

    @full_precision
    def retrieve(
        self, q: Tensor, weights: tuple[Tensor, ...], edits: Edits | None = None
    ) -> tuple[Tensor, Tensor]:
        """Read frozen weights with q [B, T, H, D], nothing written (equation 21) -> h [B, T, width], and
        M(q) [B, T, H, D] itself."""
        y = retrieve(q, weights)
        y = self.read_where(edits, y, q) if edits else y
        return self.out(self.norm(y.flatten(2))), y


def join_written(parts: Sequence[Written]) -> Written:
    """Consecutive ones as one."""
    factors = zip(*(part.factors for part in parts), strict=True)  # by matrix
    return Written(
        q=along([part.q for part in parts]),
        gates=Gates(*(along(gate) for gate in zip(*(part.gates for part in parts), strict=True))),
        y=along([part.y for part in parts]),
        telemetry={name: along([part.telemetry[name] for part in parts]) for name in parts[0].telemetry},
        factors=tuple((along([x for x, _ in pairs]), along([d for _, d in pairs])) for pairs in factors),
    )


def chosen(heads: Tensor, one: tuple[Tensor, ...], other: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Matrices [B, H, D_in, D_out] of ``one`` where heads [H] is True, of ``other`` elsewhere."""
    return tuple(a.where(heads[:, None, None], b) for a, b in zip(one, other, strict=True))


def zeros(matrices: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(torch.zeros_like(m) for m in matrices)


def unit(x: Tensor) -> Tensor:
    """l2 normalisation of the last dimension, smooth at zero: a stream's first key is exactly zero, and the
    usual form has gradients of 1e10 there."""
    return x * torch.rsqrt(squares(x) + 1e-4)
