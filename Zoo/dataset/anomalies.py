"""Anomalies of the standard dataset, each from base events of its own.

No base event is used twice or stands among the normal events, so that p-values and
false-discovery statements made with the dataset rest on independent events.
"""

import numpy as np

from .detector import CATHODE_MARGIN_MM, Detector, round_hits
from .simulate import S2_MINIMUM_PHD, observed_position, simulate

HOT_SHARE = 0.10


def wall_leakage(detector: Detector, count: int, seed: int) -> dict[str, np.ndarray]:
    """ER events at the wall that lost charge."""
    return simulate(detector, "ER", count, seed, at_wall=True)


def accidental_coincidence(detector: Detector, count: int, seed: int) -> dict[str, np.ndarray]:
    """A lone S1 with another event's S2 and a drift time that means nothing."""
    random = np.random.default_rng([seed, 2])
    event = simulate(detector, "ER", count, seed)
    share = np.maximum(random.uniform(0.05, 1.0, count), S2_MINIMUM_PHD / event["s2c"])
    event["s1c"] = (3 + random.exponential(6.0, count)).astype(np.float32)
    event["s2c"] = (event["s2c"] * share).astype(np.float32)
    photons = np.rint(event["hits"]).astype(int)
    event["hits"] = round_hits(random.binomial(photons, np.minimum(share, 1)[:, None]))
    longest = (detector.top - CATHODE_MARGIN_MM) / detector.drift_velocity
    event["drift_time"] = random.uniform(20, longest, count).astype(np.float32)
    return _observed_again(event, random)


def double_scatter(detector: Detector, count: int, seed: int) -> dict[str, np.ndarray]:
    """Two sites that were not resolved: the patterns and charges of two events added."""
    random = np.random.default_rng([seed, 3])
    both = simulate(detector, "ER", 2 * count, seed)
    first = {name: column[:count] for name, column in both.items()}
    second = {name: column[count:] for name, column in both.items()}
    event = dict(first)
    event["hits"] = round_hits(first["hits"] + second["hits"])
    event["s2c"] = first["s2c"] + second["s2c"]
    weight = first["hits"].sum(1) / np.maximum(event["hits"].sum(1), 1)
    for axis in ("true_x", "true_y"):
        event[axis] = weight * first[axis] + (1 - weight) * second[axis]
    return _observed_again(event, random)


def hot_pmt(detector: Detector, count: int, seed: int) -> dict[str, np.ndarray]:
    """One PMT shows 10 % of the light more than it should."""
    random = np.random.default_rng([seed, 4])
    event = simulate(detector, "ER", count, seed)
    hits = event["hits"].copy()
    flashing = random.integers(0, hits.shape[1], count)
    hits[np.arange(count), flashing] += HOT_SHARE * hits.sum(1)
    event["hits"] = round_hits(hits)
    return event


def _observed_again(event, random):
    x, y = observed_position(event["true_x"], event["true_y"], event["hits"], random)
    event["x_s2"], event["y_s2"] = x.astype(np.float32), y.astype(np.float32)
    return event
