"""Graph pieces whose results do not depend on the batch an event arrives in.

ONNX Runtime vectorises Log, Exp, Sigmoid, Softplus and sums over the flattened tensor and does
the rest, or an unaligned row, by scalar code that rounds differently: an event's bits would then
depend on its neighbours. Tensors that meet such an operator are therefore padded to a multiple
of LANES columns, so that every row starts on a vector boundary and no remainder exists.
Exactly rounded operators (add, multiply, divide, square root, relu) need no such care.
"""

import math

import torch

LANES = 16
"""float32 values in the widest vector register (AVX-512)."""


def padded(values, columns):
    """(batch, `columns`) with zero columns appended up to a multiple of LANES."""
    return torch.nn.functional.pad(values, (0, -columns % LANES))


def row_sum(values, columns):
    """Sum of each row of (batch, `columns`) as (batch, 1)."""
    return padded(values, columns).sum(dim=1, keepdim=True)


def spread_out(column):
    """(batch, 1) repeated over LANES columns."""
    return column * torch.ones(1, LANES)


def log10(column):
    """log10 of (batch, 1) as (batch, 1)."""
    return (torch.log(spread_out(column)) / math.log(10))[:, :1]
