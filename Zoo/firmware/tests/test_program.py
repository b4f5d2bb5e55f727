"""The committed program and what follows from it; needs da4ml alone."""

import numpy as np
import pytest

from firmware import describing, features, golden, pack, places, ports
from firmware import program as programs

QUANTIZE = 3
"""da4ml's operation that rounds down and wraps."""


@pytest.fixture(scope="module")
def program():
    """The committed program."""
    return programs.load(places.PROGRAM)


def test_the_daemons_files_follow_from_the_program(program):
    """Nobody edited them, and the program is the one that made them."""
    assert pack.stale(program, places.VERSION) == []


def test_inputs_are_the_ports_that_were_chosen(program):
    """Tracing kept every port, and the physical units."""
    assert programs.input_ports(program) == features.INPUT_PORTS


def test_nothing_wraps_inside_the_network(program):
    """Whatever the words, every rounded value keeps all its upper bits."""
    for operation in program.ops:
        if abs(operation.opcode) == QUANTIZE:
            low, high, _ = program.ops[operation.id0].qint
            if operation.opcode < 0:
                low, high = -high, -low
            step = operation.qint.step
            assert operation.qint.min <= np.floor(low / step) * step
            assert np.floor(high / step) * step <= operation.qint.max


def test_golden_answers_are_those_of_the_slow_interpreter(program):
    """da4ml's reference in Python gives the golden words too."""
    inputs, outputs = golden.vectors(program)
    values = ports.values(inputs, features.INPUT_PORTS)
    answers = np.array([program(event) for event in values], np.float64)
    assert np.array_equal(ports.raw(answers, programs.output_ports(program)), outputs)


def test_the_interpreter_rounds_and_wraps_as_ports_say(program):
    """Values of any size give what their words give."""
    generator = np.random.Generator(np.random.PCG64(1))
    sizes = 2.0 ** generator.integers(-4, 40, (10_000, 5))
    values = (generator.uniform(-1, 1, sizes.shape) * sizes).astype(np.float32)
    by_words = programs.run(program, ports.words(values, features.INPUT_PORTS))
    direct = program.predict(values.astype(np.float64), n_threads=1)
    assert np.array_equal(ports.values(by_words, programs.output_ports(program)), direct)


@pytest.mark.parametrize("port_count, stride", [(1, 4), (2, 8), (3, 16), (5, 32), (16, 64)])
def test_strides_are_powers_of_two(port_count, stride):
    """An event's words lie within one beat of the bus."""
    assert describing.stride_bytes([None] * port_count) == stride
