"""Events of the standard dataset by NEST, selected as in LZ's WIMP search.

nestpy 2.1.3 takes the absolute value of every signal, so NEST's sign of a pulse below
threshold is lost: the coincidence and the S2 threshold are imposed here.
"""

import nestpy
import numpy as np

from .detector import CATHODE_MARGIN_MM, FIELD_V_CM, GATE_MARGIN_MM, Detector

ER_YIELDS = [12.4886, 85.0, 0.6050, 2.14687, 25.721, -1.0, 59.651, 3.6869, 0.2872, 0.1121]
NR_YIELDS = [
    10.19, 1.11, 0.0498, -0.0533, 12.46, 0.2942, 1.899, 0.3197, 2.066, 0.509, 0.996, 0.999,
]
WIDTHS = [
    0.404, 0.393, 0.0383, 0.497, 0.1906, 2.220, 0.3, 0.04311, 0.46894, 0.15505, -0.26564, 0.0,
    0.0,
]
"""Yields and widths of NEST's LZ_WS2024.hh, tuned to tritium and D-D calibrations."""

S1_RANGE_PHD = (3.0, 80.0)
S2_MINIMUM_PHD = 645.0
S2_MAXIMUM_PHD = 10**4.5
COINCIDENCE = 3
ENERGY_KEV = {"ER": (0.5, 18.0), "NR": (2.0, 75.0)}
CHUNK = 100_000
WALL_DEPTH_MM = 4.0
WALL_CHARGE = (0.1, 0.6)

COLUMNS = (
    "s1c", "s2c", "drift_time", "x_s2", "y_s2", "hits", "true_x", "true_y", "true_z",
    "true_energy",
)


def simulate(
    detector: Detector, species: str, count: int, seed: int, at_wall: bool = False
) -> dict[str, np.ndarray]:
    """`count` selected events of "ER" or "NR", columns as in COLUMNS.

    With `at_wall` they lie within some 4 mm of the wall and lose 40 to 90 % of their charge.
    """
    random = np.random.default_rng([seed, 1])
    parts: list[dict[str, np.ndarray]] = []
    found = 0
    attempt = 0
    while found < count:
        size = min(CHUNK, max(4_000, 2 * (count - found)))
        part = _chunk(detector, species, size, seed * 1000 + attempt, random, at_wall)
        parts.append(part)
        found += len(part["s1c"])
        attempt += 1
    return {name: np.concatenate([part[name] for part in parts])[:count] for name in COLUMNS}


def _chunk(detector, species, size, nest_seed, random, at_wall):
    energy = random.uniform(*ENERGY_KEV[species], size)
    x, y, z = _positions(detector, size, random, at_wall)
    kind = nestpy.interactions.beta if species == "ER" else nestpy.interactions.NR
    signals = nestpy.array.runNESTvec(
        detector.nest, kind, energy, np.column_stack([x, y, z]), FIELD_V_CM, nest_seed,
        er_yield_params=ER_YIELDS, nr_yield_params=NR_YIELDS, width_params=WIDTHS,
    )
    s1c, s2, s2c = (np.asarray(signals[name]) for name in ("s1c_phd", "s2r_phd", "s2c_phd"))
    if at_wall:
        kept_charge = random.uniform(*WALL_CHARGE, size)
        s2, s2c = s2 * kept_charge, s2c * kept_charge
    selected = (
        (np.asarray(signals["s1_nhits_thr"]) >= COINCIDENCE)
        & (s1c >= S1_RANGE_PHD[0]) & (s1c <= S1_RANGE_PHD[1])
        & (s2 >= S2_MINIMUM_PHD) & (s2c < S2_MAXIMUM_PHD)
    )
    x, y, z, energy, s1c, s2, s2c = (
        column[selected] for column in (x, y, z, energy, s1c, s2, s2c)
    )
    hits = detector.pattern(s2, x, y, random)
    drift_time = (detector.top - z) / detector.drift_velocity
    event = {
        "s1c": s1c, "s2c": s2c, "drift_time": drift_time, "hits": hits,
        "true_x": x, "true_y": y, "true_z": z, "true_energy": energy,
    }
    event["x_s2"], event["y_s2"] = observed_position(x, y, hits, random)
    return {name: column.astype(np.float32) for name, column in event.items()}


def _positions(detector, size, random, at_wall):
    if at_wall:
        r = detector.radius - np.abs(random.exponential(WALL_DEPTH_MM, size))
    else:
        r = detector.radius * np.sqrt(random.random(size))
    phi = random.uniform(0, 2 * np.pi, size)
    z = random.uniform(CATHODE_MARGIN_MM, detector.top - GATE_MARGIN_MM, size)
    return r * np.cos(phi), r * np.sin(phi), z


def observed_position(x, y, hits, random):
    """Position as a good reconstruction gives it: 120 mm / sqrt(S2 in the top / 100 phd)."""
    sigma = 120 / np.sqrt(np.maximum(hits.sum(1), 1) / 100)
    return (
        x + sigma * random.standard_normal(len(x)),
        y + sigma * random.standard_normal(len(y)),
    )
