"""Any width as the kernels want it, a power of two from 16 on: zeros meet, and make, nothing but zeros."""

from torch import Tensor
from torch.nn.functional import pad


def widened(x: Tensor, width: int) -> Tensor:
    """x [B, T, H, D] with columns of zeros, contiguous."""
    return (pad(x, (0, width - x.shape[3])) if x.shape[3] < width else x).contiguous()


def padded(matrix: Tensor, rows: int, columns: int) -> Tensor:
    """matrix [B, H, Din, Dout] with rows and columns of zeros, contiguous."""
    missing = (0, columns - matrix.shape[3], 0, rows - matrix.shape[2])
    return (pad(matrix, missing) if any(missing) else matrix).contiguous()


def narrowed(x: Tensor, width: int) -> Tensor:
    """x [B, T, H, D] without the columns that `widened` made."""
    return x if x.shape[3] == width else x[..., :width]


def cut_out(matrix: Tensor, rows: int, columns: int) -> Tensor:
    """matrix [B, H, Din, Dout] without what `padded` made."""
    return matrix if matrix.shape[2:] == (rows, columns) else matrix[..., :rows, :columns]
