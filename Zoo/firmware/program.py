"""da4ml's program of a model: reading it, its ports, its words, its pipeline."""

import sys

import numpy as np
from da4ml.trace.pipeline import to_pipeline
from da4ml.types import CombLogic

from . import ports

CLOCK_MEGAHERTZ = 200
ADDERS_IN_A_CLOCK = 5
"""How many adders one stage of the pipeline may chain: what 200 MHz leaves time for."""


def load(path):
    """The program that was saved at `path`; ends the program if it cannot be read."""
    try:
        return CombLogic.load(path)
    except (OSError, ValueError, KeyError, TypeError, AssertionError) as error:
        sys.exit(f"cannot read the program {path}: {error}; python -m firmware.trace writes it")


def input_ports(program):
    """Ports of the inputs, in order."""
    return [ports.Port.of(interval) for interval in program.inp_qint]


def output_ports(program):
    """Ports of the outputs, in order."""
    return [ports.Port.of(interval) for interval in program.out_qint]


def run(program, input_words):
    """Output words (N, outputs) int32 of input words (N, inputs), by da4ml's interpreter."""
    values = ports.values(input_words, input_ports(program))
    answers = program.predict(values, n_threads=1)
    words = ports.raw(answers, output_ports(program))
    if not np.array_equal(ports.values(words, output_ports(program)), answers):
        raise ArithmeticError("an output lies between the numbers of its port")
    return words.astype(np.int32)


def pipeline(program):
    """The program cut into stages with registers between them; a new event every clock."""
    return to_pipeline(program, ADDERS_IN_A_CLOCK, verbose=False)


def latency_clocks(stages):
    """Clocks from the input's register to the output's register, both counted."""
    return len(stages.solutions) + 1
