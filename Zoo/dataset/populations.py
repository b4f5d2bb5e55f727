"""The six populations. Each simulates base events of its own: no event serves two rows."""

import nestpy
import numpy as np

from . import pmt_array
from .events import (Events, Kind, S1C_RANGE_PHD, S2_MINIMUM_PHD, is_selected, observe,
                     observed_position)
from .nest_simulation import ELECTRON_LIFETIME_US, DRIFT_MM_PER_US, TOP_DRIFT_MM, simulate

DATASET_SEED = 61
CHUNK_EVENTS = 20_000
"""Candidates simulated at a time. Part of the dataset's definition: changing it changes events."""

ER_ENERGY_KEV = (0.5, 18.0)
NR_ENERGY_KEV = (2.0, 75.0)
Z_RANGE_MM = (60.0, TOP_DRIFT_MM - 30.0)
WALL_DEPTH_MM = 4.0
WALL_CHARGE_FRACTION = (0.1, 0.6)
LONE_S1_MEAN_PHD = 6.0
LONE_S2_FRACTION = (0.05, 1.0)
DOUBLE_DEPTH_MM = 5.0
HOT_FRACTION = 0.10


class Stream:
    """The random numbers of one kind in one split: a numpy generator and NEST seeds.

    Seeds of different splits and kinds never meet: 10^6 seeds a split, 10^5 a kind.
    """

    def __init__(self, split_index, kind):
        self.rng = np.random.default_rng([DATASET_SEED, split_index, int(kind)])
        self.next_seed = 1_000_000 * (split_index + 1) + 100_000 * int(kind)

    def simulate(self, interaction, energy_range_kev, x_mm, y_mm, z_mm):
        """Deposits of flat energy at the given places, with the next NEST seed."""
        self.next_seed += 1
        energy_kev = self.rng.uniform(*energy_range_kev, len(x_mm))
        return simulate(interaction, energy_kev, x_mm, y_mm, z_mm, self.next_seed)

    def points(self):
        """A chunk of points uniform in the active volume: x, y, z in mm."""
        return *self.points_in_plane(), self.rng.uniform(*Z_RANGE_MM, CHUNK_EVENTS)

    def points_in_plane(self):
        """A chunk of points uniform in the circle of the TPC: x, y in mm."""
        radius_mm = pmt_array.RADIUS_MM * np.sqrt(self.rng.random(CHUNK_EVENTS))
        return self.on_circle(radius_mm)

    def on_circle(self, radius_mm):
        """x, y in mm at the given radii and random angles."""
        angle = self.rng.uniform(0, 2 * np.pi, len(radius_mm))
        return radius_mm * np.cos(angle), radius_mm * np.sin(angle)

    def electron_recoils(self):
        """A chunk of ER candidates, uniform in the volume."""
        return self.simulate(nestpy.interactions.beta, ER_ENERGY_KEV, *self.points())


def selected(deposits):
    """The deposits inside the region of interest."""
    return deposits.where(is_selected(
        deposits.s1_tubes, deposits.s1c_phd, deposits.s2_phd, deposits.s2c_phd))


def single_sites(deposits, rng):
    """Selected single-site events with their hits."""
    kept = selected(deposits)
    return observe(kept, pmt_array.s2_hits(kept.s2_phd, kept.x_mm, kept.y_mm, rng), rng)


def electron_recoil_chunk(stream):
    """ER: betas, flat in energy."""
    return single_sites(stream.electron_recoils(), stream.rng)


def nuclear_recoil_chunk(stream):
    """NR: nuclear recoils, flat in energy."""
    deposits = stream.simulate(nestpy.interactions.NR, NR_ENERGY_KEV, *stream.points())
    return single_sites(deposits, stream.rng)


def wall_leakage_chunk(stream):
    """Betas within millimetres of the wall that lose 40-90 % of their charge to it."""
    depth_mm = stream.rng.exponential(WALL_DEPTH_MM, CHUNK_EVENTS)
    x_mm, y_mm = stream.on_circle(pmt_array.RADIUS_MM - depth_mm)
    z_mm = stream.rng.uniform(*Z_RANGE_MM, CHUNK_EVENTS)
    deposits = stream.simulate(nestpy.interactions.beta, ER_ENERGY_KEV, x_mm, y_mm, z_mm)
    fraction = stream.rng.uniform(*WALL_CHARGE_FRACTION, CHUNK_EVENTS)
    return single_sites(deposits.with_charge(fraction), stream.rng)


def accidental_coincidence_chunk(stream):
    """A lone S1 paired with an unrelated S2 at a random drift time.

    The S1 is exponential above threshold. The S2 is a beta's, scaled down by a random factor to
    resemble the mostly small lone S2s, and corrected for the wrong (random) drift time.
    """
    rng = stream.rng
    deposits = stream.electron_recoils().with_charge(rng.uniform(*LONE_S2_FRACTION, CHUNK_EVENTS))
    drift_us = (TOP_DRIFT_MM - rng.uniform(*Z_RANGE_MM, CHUNK_EVENTS)) / DRIFT_MM_PER_US
    deposits.s2c_phd *= np.exp((drift_us - deposits.drift_us) / ELECTRON_LIFETIME_US)
    deposits.s1c_phd = S1C_RANGE_PHD[0] + rng.exponential(LONE_S1_MEAN_PHD, CHUNK_EVENTS)
    deposits.s1_tubes = np.full(CHUNK_EVENTS, np.inf)  # a lone S1 is drawn as already triggered
    kept = is_selected(deposits.s1_tubes, deposits.s1c_phd, deposits.s2_phd, deposits.s2c_phd)
    deposits, drift_us = deposits.where(kept), drift_us[kept]
    hits = pmt_array.s2_hits(deposits.s2_phd, deposits.x_mm, deposits.y_mm, rng)
    events = observe(deposits, hits, rng)
    events.drift_time = drift_us
    return events


def unresolved_double_scatter_chunk(stream):
    """Two betas within 5 mm in depth, anywhere in the plane: S1s, S2s and hits add up.

    Each site's S2 alone is above the S2 threshold. The observed position is the light-weighted
    mean of the sites; the true position is that of the site with the larger S2.
    """
    rng = stream.rng
    first = stream.electron_recoils()
    z_mm = np.clip(first.z_mm + rng.uniform(-DOUBLE_DEPTH_MM, DOUBLE_DEPTH_MM, CHUNK_EVENTS),
                   *Z_RANGE_MM)
    second = stream.simulate(nestpy.interactions.beta, ER_ENERGY_KEV,
                             *stream.points_in_plane(), z_mm)
    kept = is_selected(first.s1_tubes + second.s1_tubes, first.s1c_phd + second.s1c_phd,
                       np.minimum(first.s2_phd, second.s2_phd), first.s2c_phd + second.s2c_phd)
    return merged(first.where(kept), second.where(kept), rng)


def merged(first, second, rng):
    """The events that two simultaneous deposits an element look like."""
    hits = (pmt_array.s2_hits(first.s2_phd, first.x_mm, first.y_mm, rng)
            + pmt_array.s2_hits(second.s2_phd, second.x_mm, second.y_mm, rng))
    weight = first.s2_phd / (first.s2_phd + second.s2_phd)
    mean = lambda a, b: weight * a + (1 - weight) * b
    larger = lambda a, b: np.where(weight >= 0.5, a, b)
    x_s2, y_s2 = observed_position(
        mean(first.x_mm, second.x_mm), mean(first.y_mm, second.y_mm), hits, rng)
    return Events(
        s1c=first.s1c_phd + second.s1c_phd, s2c=first.s2c_phd + second.s2c_phd,
        drift_time=larger(first.drift_us, second.drift_us), x_s2=x_s2, y_s2=y_s2, hits=hits,
        true_x=larger(first.x_mm, second.x_mm), true_y=larger(first.y_mm, second.y_mm),
        true_z=larger(first.z_mm, second.z_mm),
        true_energy=first.energy_kev + second.energy_kev)


def hot_pmt_chunk(stream):
    """Betas during which one random tube flashes with 10 % of the top array's light.

    The flash enters the S2 area; the event stays in the region of interest with it.
    """
    rng = stream.rng
    deposits = selected(stream.electron_recoils())
    hits = pmt_array.s2_hits(deposits.s2_phd, deposits.x_mm, deposits.y_mm, rng)
    flash_phd = pmt_array.detect(HOT_FRACTION * hits.sum(axis=1), rng)
    x_s2, y_s2 = observed_position(deposits.x_mm, deposits.y_mm, hits, rng)
    hot_tube = rng.integers(0, pmt_array.PMT_COUNT, deposits.count)
    hits[np.arange(deposits.count), hot_tube] += flash_phd
    s2c_phd = deposits.s2c_phd * (1 + flash_phd / deposits.s2_phd)
    events = Events(deposits.s1c_phd, s2c_phd, deposits.drift_us, x_s2, y_s2, hits,
                    deposits.x_mm, deposits.y_mm, deposits.z_mm, deposits.energy_kev)
    return events.where(is_selected(
        deposits.s1_tubes, deposits.s1c_phd, deposits.s2_phd, s2c_phd))


CHUNKS = {
    Kind.ER: electron_recoil_chunk,
    Kind.NR: nuclear_recoil_chunk,
    Kind.WALL_LEAKAGE: wall_leakage_chunk,
    Kind.ACCIDENTAL_COINCIDENCE: accidental_coincidence_chunk,
    Kind.UNRESOLVED_DOUBLE_SCATTER: unresolved_double_scatter_chunk,
    Kind.HOT_PMT: hot_pmt_chunk,
}


def generate_kind(kind, count, split_index):
    """`count` events of one kind for one split, always the same ones."""
    stream = Stream(split_index, kind)
    chunks, made = [], 0
    while made < count:
        chunks.append(CHUNKS[kind](stream))
        made += chunks[-1].count
    return Events.joined(chunks).where(slice(count))
