"""What an event of the dataset is: its kinds, its columns, its selection."""

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np

from . import pmt_array


class Kind(IntEnum):
    """The value of the column `kind`."""

    ER = 0
    NR = 1
    WALL_LEAKAGE = 2
    ACCIDENTAL_COINCIDENCE = 3
    UNRESOLVED_DOUBLE_SCATTER = 4
    HOT_PMT = 5


ANOMALIES = [kind for kind in Kind if kind > Kind.NR]

S1_TUBES_MINIMUM = 3
S1C_RANGE_PHD = (3.0, 80.0)
S2_MINIMUM_PHD = 645.0
S2C_MAXIMUM_PHD = 10**4.5
"""LZ's WIMP-search region of interest (WS2024)."""

POSITION_SIGMA_MM = 120.0
"""Spread of an observed position for an S2 of 100 phd in the top array; falls as 1/sqrt(S2)."""


@dataclass
class Events:
    """Events of one kind before they are packed; all (N,) but `hits` (N, 61)."""

    s1c: np.ndarray
    s2c: np.ndarray
    drift_time: np.ndarray
    x_s2: np.ndarray
    y_s2: np.ndarray
    hits: np.ndarray
    true_x: np.ndarray
    true_y: np.ndarray
    true_z: np.ndarray
    true_energy: np.ndarray

    @property
    def count(self):
        return len(self.s1c)

    def where(self, rows):
        """The events that `rows` (a mask or a slice) keeps."""
        return Events(*(getattr(self, field.name)[rows] for field in fields(self)))

    @staticmethod
    def joined(parts):
        """The events of all `parts`, in order."""
        return Events(*(np.concatenate([getattr(part, field.name) for part in parts])
                        for field in fields(Events)))


def is_selected(s1_tubes, s1c_phd, s2_phd, s2c_phd):
    """True (N,) for events in the region of interest."""
    lowest, highest = S1C_RANGE_PHD
    return ((s1_tubes >= S1_TUBES_MINIMUM) & (s1c_phd >= lowest) & (s1c_phd <= highest)
            & (s2_phd >= S2_MINIMUM_PHD) & (s2c_phd < S2C_MAXIMUM_PHD))


def observed_position(x_mm, y_mm, hits, rng):
    """An unbiased observed position whose spread follows the top array's S2 light."""
    sigma_mm = POSITION_SIGMA_MM / np.sqrt(hits.sum(axis=1) / 100)
    return (x_mm + sigma_mm * rng.standard_normal(len(x_mm)),
            y_mm + sigma_mm * rng.standard_normal(len(y_mm)))


def observe(deposits, hits, rng):
    """Single-site deposits and their hits (N, 61) as events."""
    x_s2, y_s2 = observed_position(deposits.x_mm, deposits.y_mm, hits, rng)
    return Events(deposits.s1c_phd, deposits.s2c_phd, deposits.drift_us, x_s2, y_s2, hits,
                  deposits.x_mm, deposits.y_mm, deposits.z_mm, deposits.energy_kev)


def pack(events_by_kind, first_event_id, rng):
    """Joins and shuffles events of several kinds into the columns of a file (name -> array)."""
    kinds = [np.full(events.count, kind, np.int32) for kind, events in events_by_kind.items()]
    order = rng.permutation(sum(map(len, kinds)))
    shuffled = Events.joined(list(events_by_kind.values())).where(order)
    columns = {field.name: getattr(shuffled, field.name).astype(np.float32)
               for field in fields(Events)}
    columns["hits"] = pmt_array.round_hits(shuffled.hits)
    columns["kind"] = np.concatenate(kinds)[order]
    columns["event_id"] = first_event_id + np.arange(len(order), dtype=np.int64)
    return columns
