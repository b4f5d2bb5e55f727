"""The 61-PMT hexagonal top array and its response to S2 light (plain numpy, no NEST)."""

import numpy as np

DETECTOR_SEED = 20210
"""Seed of what belongs to the detector and not to an event: the PMT gains, the same everywhere."""

RADIUS_MM = 728.0
"""Inner radius of the TPC, as NEST's LZ_WS2024 gives it (`get_radmax`)."""

GRID_RADIUS = 4
"""Rings of PMTs round the central one; axial coordinates lie in [-4, 4]."""

PITCH_MM = 2 * RADIUS_MM / 9.3
"""Distance between neighbouring PMTs: nine tubes span the diameter with a small rim."""

GAS_GAP_MM = 140.0
"""Height of the PMT faces above the point where S2 light is made; sets the cusp's width."""

GAIN_SPREAD = 0.02
"""Relative standard deviation of the PMT gains after flat-fielding."""

SPE_RESOLUTION = 0.338
"""Relative width of one photoelectron's area, as NEST's LZ_WS2024 gives it (`get_sPEres`)."""

HITS_PER_PHD = 64
"""Hits are rounded to 1/64 phd, far below one photon's width, so that files compress."""


def axial_coordinates():
    """Axial coordinates (q, r) of the PMTs, shape (61, 2), in the order of the `hits` columns."""
    span = range(-GRID_RADIUS, GRID_RADIUS + 1)
    return np.array([(q, r) for q in span for r in span if abs(q + r) <= GRID_RADIUS])


def positions_mm():
    """PMT centres, two arrays of shape (61,) in mm."""
    q, r = axial_coordinates().T
    return PITCH_MM * (q + r / 2), PITCH_MM * np.sqrt(3) / 2 * r


PMT_X_MM, PMT_Y_MM = positions_mm()
PMT_COUNT = len(PMT_X_MM)
GAINS = 1 + GAIN_SPREAD * np.random.default_rng(DETECTOR_SEED).standard_normal(PMT_COUNT)


def light_fractions(x_mm, y_mm):
    """Fraction of the S2 light that each top PMT sees for light made at (x, y).

    A cusp (1 + d^2/H^2)^-1.5 normalised over the array, mixed with a flat part for reflected
    light that grows from 12 % to 24 % at the wall. The sum over the array is the top fraction:
    0.72 in the centre, 0.62 at the wall. Shapes: (N,), (N,) -> (N, 61).
    """
    distance_squared = (x_mm[:, None] - PMT_X_MM) ** 2 + (y_mm[:, None] - PMT_Y_MM) ** 2
    cusp = (1 + distance_squared / GAS_GAP_MM**2) ** -1.5
    cusp /= cusp.sum(axis=1, keepdims=True)
    wall = ((x_mm**2 + y_mm**2) / RADIUS_MM**2)[:, None] ** 2
    direct = 0.88 - 0.12 * wall
    return (0.72 - 0.10 * wall) * (direct * cusp + (1 - direct) / PMT_COUNT)


def detect(mean_phd, rng):
    """Draws PMT areas (phd) round their means: Poisson photons, then single-photon width."""
    photons = rng.poisson(mean_phd)
    width = SPE_RESOLUTION * np.sqrt(photons)
    return np.maximum(photons + width * rng.standard_normal(photons.shape), 0)


def s2_hits(s2_phd, x_mm, y_mm, rng):
    """Top PMT areas (N, 61) in phd of S2s of `s2_phd` (N,) detected photons made at (x, y)."""
    return detect(s2_phd[:, None] * light_fractions(x_mm, y_mm) * GAINS, rng)


def round_hits(hits):
    """Hits as they are stored: float32 on a grid of 1/64 phd."""
    return (np.rint(hits * HITS_PER_PHD) / HITS_PER_PHD).astype(np.float32)


def main():
    """Prints where the PMTs are (mm), as CSV in the order of the `hits` columns."""
    print("x,y")
    for x_mm, y_mm in zip(PMT_X_MM, PMT_Y_MM):
        print(f"{x_mm:.2f},{y_mm:.2f}")


if __name__ == "__main__":
    main()
