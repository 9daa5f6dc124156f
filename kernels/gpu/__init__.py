"""The memory in Triton: on a GPU, or, slowly, in Triton's interpreter (TRITON_INTERPRET=1) anywhere.

A chunk of tokens lies in one tile; chunks run side by side except for the memory that passes from one to the
next. `prepare` makes what needs no memory, `state` carries the memory and reads it, `telemetry` measures;
`backward` is the outer gradient; `recurrent` takes token after token. `operators` and `linear_stream` give
them to PyTorch; `launch` says how they are compiled.

Those of a deep memory: `deep_prepare`, `deep` and `deep_sizes` for whole gradient blocks, `deep_recurrent`
for token after token. A call of the linear memory begins in `linear`, of the deep one in `deep_memory`.
"""
