"""The detector of the standard dataset: a two-phase xenon TPC with 61 top PMTs.

Units: mm, us, keV, V/cm, phd (detected photons). Geometry and gains come from NEST's
LZ_WS2024 detector; the array of 61 PMTs and its light response are our own simplification.
"""

from dataclasses import dataclass, field

import nestpy
import numpy as np

FIELD_V_CM = 96.5
GATE_MARGIN_MM = 30.0
CATHODE_MARGIN_MM = 60.0
GAP_MM = 140.0
"""Distance from the gas gap to the PMT faces, which sets how wide the light spreads."""
GAIN_SPREAD = 0.02
GAIN_SEED = 20210
"""The gains belong to the detector, not to a split: one seed for all of them."""


def hexagonal_axes() -> np.ndarray:
    """Axial coordinates (61, 2) of the PMTs, each within [-4, 4]: they fit a 9 x 9 image."""
    span = range(-4, 5)
    return np.array([(q, r) for q in span for r in span if abs(q + r) <= 4])


@dataclass
class Detector:
    """NEST's detector, its drift velocity, and the top array."""

    nest: object = field(default_factory=nestpy.detectors.LZ_WS2024)

    def __post_init__(self) -> None:
        calculator = nestpy.NESTcalc(self.nest)
        density = calculator.SetDensity(self.nest.get_T_Kelvin(), self.nest.get_p_bar())
        self.drift_velocity = calculator.SetDriftVelocity(
            self.nest.get_T_Kelvin(), density, FIELD_V_CM, self.nest.get_p_bar()
        )
        """Drift velocity, mm/us."""
        self.radius = float(self.nest.get_radmax())
        self.top = float(self.nest.get_TopDrift())
        axes = hexagonal_axes()
        pitch = self.radius * 2 / 9.3
        self.pmt_x = pitch * (axes[:, 0] + axes[:, 1] / 2)
        self.pmt_y = pitch * (np.sqrt(3) / 2 * axes[:, 1])
        gains = np.random.default_rng(GAIN_SEED).standard_normal(len(axes))
        self.gain = 1 + GAIN_SPREAD * gains

    def light_response(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Fraction of S2 light in each PMT, (events, 61), for positions in mm.

        A cusp like a solid angle, plus a flat part of reflected light that grows to the wall;
        the top array sees 72 % of the light in the middle and 62 % at the wall.
        """
        squared = (x[:, None] - self.pmt_x) ** 2 + (y[:, None] - self.pmt_y) ** 2
        direct = (1 + squared / GAP_MM**2) ** -1.5
        direct /= direct.sum(1, keepdims=True)
        edge = (np.hypot(x, y) / self.radius)[:, None] ** 4
        share = 0.88 - 0.12 * edge
        return (0.72 - 0.10 * edge) * (share * direct + (1 - share) / len(self.pmt_x))

    def pattern(
        self, s2: np.ndarray, x: np.ndarray, y: np.ndarray, random: np.random.Generator
    ) -> np.ndarray:
        """S2 light per PMT, (events, 61) phd: Poisson photons, single-photon smearing."""
        expected = s2[:, None] * self.light_response(x, y) * self.gain
        photons = random.poisson(np.maximum(expected, 0))
        noise = self.nest.get_sPEres() * np.sqrt(photons) * random.standard_normal(photons.shape)
        return round_hits(np.maximum(photons + noise, 0))


def round_hits(hits: np.ndarray) -> np.ndarray:
    """Hits as float32 in steps of 1/32 phd, a digitiser's grain: files compress better."""
    return (np.rint(hits * 32) / 32).astype(np.float32)
