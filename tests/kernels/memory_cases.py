"""Random memories and streams for the tests, and what "the same numbers" means."""

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from kernels import MemoryOutput, memory

Weights = tuple[Tensor, ...]


@dataclass(frozen=True)
class Case:
    """The tensors of one call to `memory`; the fields are its arguments by name."""

    q: Tensor
    k: Tensor
    v: Tensor
    eta: Tensor
    theta: Tensor
    alpha: Tensor
    weights: Weights
    momentum: Weights
    initial: Weights | None = None
    block_start: Weights | None = None
    offset: int = 0
    block_keys: Tensor | None = None

    def run(self, backend: str = "torch", **options) -> MemoryOutput:
        return memory(**{f.name: getattr(self, f.name) for f in fields(self)}, backend=backend, **options)

    def tokens(self, start: int, stop: int) -> "Case":
        """The same memory, fed only the tokens start..stop - 1."""
        return replace(self, **{n: getattr(self, n)[:, start:stop] for n in ("q", "k", "v", *GATES)})

    def after(self, out: MemoryOutput) -> "Case":
        """The same tokens, met by the state that `out` left."""
        state = ("weights", "momentum", "block_start", "offset", "block_keys")
        return replace(self, **{name: getattr(out, name) for name in state})

    def map(self, change) -> "Case":
        def every(value):
            if isinstance(value, tuple):
                return tuple(change(x) for x in value)
            return change(value) if isinstance(value, Tensor) else value

        return Case(**{f.name: every(getattr(self, f.name)) for f in fields(self)})

    def leaves(self) -> dict[str, Tensor]:
        """Every tensor by name, layers numbered from 1."""
        found = {}
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, Tensor):
                found[f.name] = value
            elif isinstance(value, tuple):
                found |= {f"{f.name} {number}": x for number, x in enumerate(value, 1)}
        return found


GATES = ("eta", "theta", "alpha")


def draw(
    seed: int,
    length: int,
    hidden: tuple[int, ...] = (),
    batch: int = 2,
    heads: int = 2,
    dk: int = 5,
    dv: int = 4,
    initial: bool = False,
    offset: int = 0,
    saturated: bool = True,
    bounded: bool = False,
    dtype: torch.dtype = torch.float64,
) -> Case:
    """A random case. `saturated` puts many gates at exactly 0 and 1; `hidden`: widths between layers;
    `bounded`: for the bounded step."""
    random = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random, dtype=dtype)

    def uniform() -> Tensor:
        return torch.rand(batch, length, heads, generator=random, dtype=dtype)

    def unit(x: Tensor) -> Tensor:
        return x / x.norm(dim=-1, keepdim=True)

    eta, theta, alpha = uniform(), uniform() * (0.1 if hidden else 0.4), 0.3 * uniform()
    if saturated:
        eta[:, ::3], eta[:, 1::5], alpha[:, ::4], alpha[:, 2::7], theta[:, 3::6] = 1, 0, 0, 1, 0
    widths = (dk, *hidden, dv)
    shapes = [(batch, heads, a, b) for a, b in zip(widths, widths[1:], strict=False)]

    def layers(scale: float) -> Weights:
        return tuple(scale * normal(*shape) / shape[2] ** 0.5 for shape in shapes)

    met = unit(normal(batch, heads, offset, dk))
    return Case(
        q=unit(normal(batch, length, heads, dk)),
        k=unit(normal(batch, length, heads, dk)),
        v=normal(batch, length, heads, dv),
        eta=eta,
        theta=theta,
        alpha=alpha,
        weights=layers(1.0),
        momentum=layers(0.2),
        initial=layers(1.0) if initial else None,
        block_start=layers(1.0) if offset else None,
        offset=offset,
        block_keys=met.mT @ met if bounded and offset else None,
    )


def numbers(out: MemoryOutput) -> dict[str, Tensor]:
    """Everything a call gives, by name."""
    found = {"y": out.y, **{f"telemetry {name}": x for name, x in out.telemetry.items()}}
    for name in ("weights", "momentum", "block_start"):
        for number, x in enumerate(getattr(out, name) or (), 1):
            found[f"{name} {number}"] = x
    if out.block_keys is not None:
        found["block_keys"] = out.block_keys
    for number, (inputs, deltas) in enumerate(out.factors, 1):
        found |= {f"inputs {number}": inputs, f"deltas {number}": deltas}
    return found


def gradients(case: Case, **options) -> dict[str, Tensor]:
    """Outer gradients of a fixed random scalar of reads and end state, by every tensor of the case."""
    case = case.map(lambda x: x.detach().clone().requires_grad_())
    out = case.run(telemetry=False, **options)
    random = torch.Generator().manual_seed(0)
    goal = sum(
        (x * torch.randn(x.shape, generator=random, dtype=torch.float64).to(x)).sum()
        for x in numbers(out).values()
    )
    leaves = case.leaves()
    found = torch.autograd.grad(goal, list(leaves.values()), allow_unused=True, materialize_grads=True)
    return dict(zip(leaves, found, strict=True))


def assert_same(found: dict[str, Tensor], expected: dict[str, Tensor], tolerance: float = 1e-9) -> None:
    """Equal names, shapes, dtypes; values within `tolerance` of the expected tensor's largest."""
    assert found.keys() == expected.keys()
    for name, want in expected.items():
        got = found[name]
        assert got.shape == want.shape and got.dtype == want.dtype, name
        scale = max(1.0, want.abs().max().item()) if want.numel() else 1.0
        error = (got - want).abs().max().item() if want.numel() else 0.0
        assert error <= tolerance * scale, f"{name} is off by {error:.1e} at a size of {scale:.1e}"
