"""Words of values: rounded down and wrapped, exactly."""

import math
from fractions import Fraction

import numpy as np
import pytest

from firmware import ports
from firmware.ports import Port

FORMATS = [Port(False, 7, 2), Port(False, 15, -3), Port(True, 10, -3), Port(True, 0, 31),
           Port(False, 0, 32), Port(True, 40, -20), Port(True, -3, 8), Port(False, 0, 0)]
VALUES = [0.0, -0.0, 1e-45, -1e-45, 0.25, -0.25, 127.999, 128.0, 1023.9, 1024.0, -1024.0, -1032.0,
          16777215.0, 2.0**31, -2.0**31, 2.0**32 + 256, 3e38, -3e38]


def exact_word(value, port):
    """The word by fractions."""
    raw = math.floor(Fraction(float(np.float32(value))) * Fraction(2) ** port.fraction)
    low = raw % (1 << port.width)
    return low - (1 << port.width) if low > port.largest else low


@pytest.mark.parametrize("port", FORMATS)
def test_words_are_exact(port):
    """Every value of every size becomes the word that fractions give."""
    values = np.array(VALUES, np.float32)[:, None]
    expected = [exact_word(value, port) for value in VALUES]
    found = ports.words(values, [port])[:, 0]
    assert found.tolist() == [(word + 2**31) % 2**32 - 2**31 for word in expected]


@pytest.mark.parametrize("port", FORMATS)
def test_words_and_values_are_inverse(port):
    """A value that a port holds comes back."""
    numbers = np.unique([port.smallest, 0, port.largest])[:, None]
    values = ports.values(numbers, [port])
    assert np.array_equal(ports.values(ports.words(values, [port]), [port]), values)


def test_an_event_is_inside_when_nothing_wraps():
    """Values between a port's numbers are inside, values beyond the ends are not."""
    values = np.array([[127.99], [128.0], [-0.01], [0.0]], np.float32)
    assert ports.inside(values, [Port(False, 7, 2)]).tolist() == [True, False, False, True]
