"""The golden vectors: input words, and the output words that any run of the firmware must give.

Events of the sample, every corner of the ports' ranges, each port at its ends alone, and words
drawn at random, which is where wrapped values end up.
"""

from itertools import product

import numpy as np

from train import data

from . import places, ports
from . import program as programs

EVENTS = 1024
PHYSICAL_EVENTS = 512
SEED = 20261


def vectors(program):
    """Input words (EVENTS, inputs) and output words (EVENTS, outputs), int32."""
    inputs = input_words(programs.input_ports(program))
    return inputs, programs.run(program, inputs)


def contents(inputs, outputs):
    """Bytes of golden.bin: all input words, then all output words, little-endian."""
    return inputs.astype("<i4").tobytes() + outputs.astype("<i4").tobytes()


def input_words(input_ports):
    """The input words (EVENTS, inputs), int32."""
    physical = physical_words(input_ports)
    parts = [physical, corners(input_ports), ends(physical[0], input_ports)]
    rest = EVENTS - sum(map(len, parts))
    generator = np.random.Generator(np.random.PCG64(SEED))
    half = 1 << ports.WORD_BITS - 1
    drawn = generator.integers(-half, half, (rest, len(input_ports)))
    return np.vstack([*parts, ports.wrapped(drawn, input_ports)])


def physical_words(input_ports):
    """Words of the sample's first events."""
    columns = data.load(places.SAMPLE, data.FEATURES)
    return ports.words(data.features(columns)[:PHYSICAL_EVENTS], input_ports)


def corners(input_ports):
    """Words with every port at one end of its range, in all combinations, and all zeros."""
    ranges = [(port.smallest, port.largest) for port in input_ports]
    return np.array([*product(*ranges), (0,) * len(ranges)], np.int32)


def ends(event, input_ports):
    """Words of one event with one port after the other at an end of its range."""
    rows = np.repeat(event[None], 2 * len(input_ports), axis=0)
    for column, port in enumerate(input_ports):
        rows[2 * column:2 * column + 2, column] = port.smallest, port.largest
    return rows
