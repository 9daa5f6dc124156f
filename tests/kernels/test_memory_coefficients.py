"""The coefficients of memory and momentum, against the two recurrences run on scalars."""

import pytest
import torch

from kernels.coefficients import coefficients

C = 48


def recurrences(eta, alpha, step):
    """Rows of (10) and (13) for unit sources, one token at a time."""
    momentum, memory = torch.zeros(C + 2).double(), torch.zeros(C + 2).double()
    momentum[1] = memory[0] = 1
    memories, momenta = [memory], []
    for t in range(C):
        momentum = eta[t] * momentum
        momentum[t + 2] += step[t]
        memory = (1 - alpha[t]) * memory + momentum
        memories.append(memory)
        momenta.append(momentum)
    return torch.stack(memories), torch.stack(momenta)


def uniform(seed):
    return torch.rand(C, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


REGIMES = {
    "usual": (0.9 * uniform(0), 0.1 * uniform(1)),
    "eta near one, alpha near zero": (torch.full((C,), 1 - 1e-6), torch.full((C,), 1e-6)),
    "eta equals lambda": (torch.full((C,), 0.95), torch.full((C,), 0.05)),
    "strong forgetting": (torch.full((C,), 0.5), torch.full((C,), 0.9)),
    "all gates at 0 or 1": ((uniform(2) > 0.2).double(), (uniform(3) > 0.8).double()),
    "eta 0, alpha 1": (torch.zeros(C), torch.ones(C)),
    "eta 1, alpha 0": (torch.ones(C), torch.zeros(C)),
}


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("dtype,tolerance", [(torch.float64, 1e-13), (torch.float32, 5e-5)])
def test_coefficients_are_the_recurrences(regime, dtype, tolerance):
    eta, alpha = (x.to(dtype) for x in REGIMES[regime])
    step = uniform(4).to(dtype)
    expected = recurrences(*(x.double() for x in (eta, alpha, step)))
    for found, want in zip(coefficients(eta[None], alpha[None], step[None]), expected, strict=True):
        found = found[0].double()
        assert (found >= 0).all() and torch.equal(found == 0, want.to(dtype) == 0)
        visible = want > 1e-30
        assert ((found - want).abs() / want)[visible].max() <= tolerance


def test_gates_too_small_to_divide_by_have_exact_outer_gradients():
    """eta at 1e-42, which float32 holds to three binary places only."""
    found = []
    for dtype in (torch.float32, torch.float64):
        eta = torch.full((1, C), 1e-42, dtype=dtype, requires_grad=True)
        alpha, step = uniform(3).to(dtype)[None], uniform(4).to(dtype)[None]
        memory, _ = coefficients(eta, alpha, step)
        found += torch.autograd.grad(memory.sum(), eta)
    torch.testing.assert_close(found[0].double(), found[1], rtol=1e-5, atol=0)


def test_gates_at_zero_and_one_have_finite_outer_gradients():
    eta, alpha = (x.clone().requires_grad_() for x in REGIMES["all gates at 0 or 1"])
    memory, momentum = coefficients(eta[None], alpha[None], uniform(4)[None])
    random = torch.Generator().manual_seed(5)
    sizes = (memory.shape, momentum.shape)
    weights = [torch.randn(size, generator=random, dtype=torch.float64) for size in sizes]
    found = torch.autograd.grad([memory, momentum], [eta, alpha], weights)
    expected = torch.autograd.grad(recurrences(eta, alpha, uniform(4)), [eta, alpha], [w[0] for w in weights])
    for got, want in zip(found, expected, strict=True):
        torch.testing.assert_close(got, want)
