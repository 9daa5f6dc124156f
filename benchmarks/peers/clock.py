"""How long work on a GPU takes. Imports nothing of ours: peers measure with it too."""

import torch
from triton.testing import do_bench

QUANTILES = [0.25, 0.5, 0.75]


def timed(work):
    """Milliseconds, the card's cache emptied before each run: median and quartiles of the work recorded as a
    CUDA graph and replayed, so without what starting it costs, and the median of starting it from Python.
    Work that cannot be recorded has the latter alone."""
    low, median, high = do_bench(work, warmup=50, rep=200, quantiles=QUANTILES)
    started = round(median, 4)
    graph = recorded(work)
    if graph is not None:
        low, median, high = do_bench(graph.replay, warmup=50, rep=200, quantiles=QUANTILES)
    return {
        "median_ms": round(median, 4),
        "quartiles_ms": [round(low, 4), round(high, 4)],
        "started_ms": started,
        "recorded": graph is not None,
    }


def recorded(work):
    """The work as a graph; None where it waits for the card, or asks for more memory than is left."""
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph):
            work()
    except RuntimeError:
        torch.cuda.synchronize()
        return None
    return graph
