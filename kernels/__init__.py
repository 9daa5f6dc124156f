"""The memory recurrence of Titans as functions of plain tensors.

`memory` writes a sequence into a memory and reads it back token by token; `retrieve` only reads.
`reference` is the definition that every faster form is tested against.
"""

from kernels.api import memory, retrieve
from kernels.backends import usual_backend
from kernels.output import MemoryOutput, Objective, Read

__all__ = ["MemoryOutput", "Objective", "Read", "memory", "retrieve", "usual_backend"]
