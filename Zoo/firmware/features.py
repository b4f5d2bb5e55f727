"""What trigger-mlp takes: the features of er-nr-mlp, each at a port of its own.

The steps are coarse beside what the detector resolves, and powers of two in physical units, so
that whoever calls the firmware rounds down and does nothing else. No event of the dataset's
selection lies outside the ranges: S1c < 80 phd, S2c < 31,623 phd, at most 1,060 us, x and y
within 900 mm.
"""

import numpy as np

from train import data

from .ports import Port

PORTS = {
    "s1c": Port(signed=False, integer=7, fraction=2),
    "s2c": Port(signed=False, integer=15, fraction=-3),
    "drift_time": Port(signed=False, integer=11, fraction=-3),
    "x_s2": Port(signed=True, integer=10, fraction=-3),
    "y_s2": Port(signed=True, integer=10, fraction=-3),
}
"""Steps of 0.25 phd, 8 phd, 8 us, 8 mm and 8 mm."""

SCALED_INTEGER = 1
"""Integer bits of every input as the network is trained: values below 2 in size."""

INPUT_PORTS = [PORTS[name] for name in data.FEATURES]
SCALES = np.array([2.0 ** (SCALED_INTEGER - port.integer) for port in INPUT_PORTS], np.float32)
"""Powers of two between physical units and what the network is trained on: exact in float32."""
