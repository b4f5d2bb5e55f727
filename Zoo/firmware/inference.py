"""Calls da4ml's `inference` library with words, in the layout that it wants.

All inputs stand at the largest fraction of any, in the low bits of 32; all outputs likewise, and
not sign-extended.
"""

import ctypes

import numpy as np

from . import program as programs


def run(library, program, input_words):
    """Output words (N, outputs) int32 of input words (N, inputs)."""
    inference = ctypes.CDLL(str(library)).inference
    inference.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t]
    inference.restype = None
    inputs, outputs = programs.input_ports(program), programs.output_ports(program)
    taken = (input_words.astype(np.int64) << shifts(inputs)).astype(np.int32)
    given = np.empty((len(taken), len(outputs)), np.int32)
    inference(taken.ctypes.data, given.ctypes.data, len(taken), 1)
    return (extended(given.astype(np.int64), outputs) >> shifts(outputs)).astype(np.int32)


def shifts(ports):
    """How far each port's words are moved up."""
    fractions = np.array([port.fraction for port in ports])
    return fractions.max() - fractions


def extended(integers, ports):
    """Integers with the sign of those ports that have one, from the width of all."""
    width = sum(max(part) for part in zip(*ports))
    half = 1 << width - 1
    signed = np.array([port.signed for port in ports])
    return np.where(signed & (integers >= half), integers - 2 * half, integers)
