"""Fixed-point ports: how values become the words of the firmware, and words values.

A port is a signed or unsigned binary number of `integer` bits before the point, sign bit not
counted, and `fraction` bits behind it; either may be negative. A word is the port's raw integer,
value * 2 ** fraction, extended to 32 bits.
"""

from typing import NamedTuple

import numpy as np

WORD_BITS = 32
ROUNDING, OVERFLOW = "floor", "wrap"
"""How values between and beyond a port's numbers become words, as the sidecar names it."""


class Port(NamedTuple):
    """The format of one number at the edge of the firmware."""

    signed: bool
    integer: int
    fraction: int

    @property
    def width(self):
        """Bits of a word; a port of none is the constant 0."""
        return self.signed + self.integer + self.fraction

    @property
    def smallest(self):
        """Smallest word."""
        return -(1 << self.width - 1) if self.signed and self.width else 0

    @property
    def largest(self):
        """Largest word."""
        return (1 << self.width - self.signed) - 1 if self.width else 0

    @property
    def low(self):
        """Smallest value in range."""
        return self.smallest * 2.0 ** -self.fraction

    @property
    def high(self):
        """First value that is too large."""
        return (self.largest + 1) * 2.0 ** -self.fraction

    @classmethod
    def of(cls, interval):
        """The narrowest port that holds one of da4ml's intervals."""
        from da4ml.types import minimal_kif

        signed, integer, fraction = minimal_kif(interval)
        port = cls(bool(signed), int(integer), int(fraction))
        if not 0 <= port.width <= WORD_BITS:
            raise ValueError(f"a port of {port.width} bits does not fit a word of {WORD_BITS}")
        return port

    def described(self):
        """As the sidecar tells it."""
        return {**self._asdict(), "rounding": ROUNDING, "overflow": OVERFLOW}


def words(values, ports):
    """Words (N, ports) int32 of values (N, ports): rounded down, then wrapped. Exact."""
    return wrapped(raw(values, ports), ports)


def raw(values, ports):
    """Integers (N, ports) float64 of values, rounded down and not yet wrapped."""
    return np.floor(np.asarray(values, np.float64) * _scales(ports))


def wrapped(integers, ports):
    """Words (N, ports) int32: the low bits of integers, float64 or int64."""
    return _within(integers, ports).astype(np.int64).astype(np.int32)


def inside(values, ports):
    """Which events (N,) lie wholly within the ports' ranges: nothing of them was wrapped."""
    integers = raw(values, ports)
    return np.all(integers == _within(integers, ports), axis=1)


def values(words_of_ports, ports):
    """Values (N, ports) float64 of words."""
    return _within(words_of_ports, ports) / _scales(ports)


def _within(integers, ports):
    """Each port's number with the same low bits, (N, ports) float64."""
    columns = []
    for column, port in zip(np.asarray(integers, np.float64).T, ports, strict=True):
        low = np.mod(column, 2 ** port.width)
        columns.append(np.where(low > port.largest, low - 2 ** port.width, low))
    return np.column_stack(columns)


def _scales(ports):
    return 2.0 ** np.array([port.fraction for port in ports])
