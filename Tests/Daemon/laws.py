"""Laws that calibrated answers obey, from scipy alone: bands, ranks, p-values, priors.

Each function is written from its formula, and shares nothing with the daemon.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from scipy import optimize, stats

# A right implementation leaves its bands once in a hundred seeds.
FAILURE = 0.01


# MARK: Conformal


def conformal_rank(events: int, coverage: float) -> int:
    """k = ceil((n + 1) coverage), with the coverage taken as the decimal that is written."""
    return math.ceil((events + 1) * Fraction(str(coverage)))


def conformal_quantile(scores: np.ndarray, coverage: float) -> float:
    """The k-th smallest score, infinite where k > n."""
    rank = conformal_rank(len(scores), coverage)
    return math.inf if rank > len(scores) else float(np.sort(scores)[rank - 1])


def conformal_p_values(calibration: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(1 + #{calibration >= score}) / (n + 1)."""
    below = np.searchsorted(np.sort(calibration), scores, side="left")
    return (1 + len(calibration) - below) / (len(calibration) + 1)


# MARK: Bands


def beta_binomial_band(trials: int, alpha: float, beta: float, cells: int) -> tuple[float, float]:
    """Equal-tailed band of a fraction, of level 1 - 0.01 / cells."""
    tail = FAILURE / cells / 2
    law = stats.betabinom(trials, alpha, beta)
    return float(law.ppf(tail)) / trials, float(law.ppf(1 - tail)) / trials


def coverage_band(
    calibration: int, trials: int, coverage: float, cells: int
) -> tuple[float, float]:
    """Where a measured coverage lies: coverage given calibration is Beta(k, n + 1 - k)."""
    rank = conformal_rank(calibration, coverage)
    if rank > calibration:
        return 1.0, 1.0
    return beta_binomial_band(trials, rank, calibration + 1 - rank, cells)


def reliability_band(
    mean: float, calibration: int, trials: int, cells: int
) -> tuple[float, float]:
    """Where the share of class 1 lies, the calibration's own noise included."""
    return beta_binomial_band(
        trials, mean * calibration + 0.5, (1 - mean) * calibration + 0.5, cells
    )


# MARK: Held-out parts


def dealt(count: int, groups: np.ndarray) -> np.ndarray:
    """The part of each event: those of a group are dealt in turn, in the order of Philox's lots."""
    # The block of counter 0 comes after that of the largest counter.
    words = np.random.Philox(key=0, counter=2**256 - 1).random_raw(4 * len(groups))
    lots = (words[::4] >> np.uint64(11)) * 2.0**-53
    parts = np.empty(len(groups), int)
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        parts[members[np.argsort(lots[members], kind="stable")]] = np.arange(len(members)) % count
    return parts


# MARK: Uniformity


def uniformity(p_values: np.ndarray, calibration: int) -> float:
    """Kolmogorov-Smirnov p-value of conformal p-values, by the two-sample law.

    A p-value of (1 + c) / (n + 1) lies between the c-th and the next calibration score from the
    top, which stand at 1 / (n + 1), 2 / (n + 1) and so on.
    """
    ranks = np.arange(1, calibration + 1) / (calibration + 1)
    own = np.asarray(p_values, np.float64) - 0.5 / (calibration + 1)
    return float(stats.ks_2samp(ranks, own).pvalue)


def dispersion(counts: np.ndarray, trials: int, alpha: int, beta: int) -> float:
    """Two-sided p-value that counts spread as the beta-binomial law says."""
    law = stats.betabinom(trials, alpha, beta)
    square = float(np.sum((counts - law.mean()) ** 2) / law.var())
    tail = stats.chi2(len(counts)).cdf(square)
    return 2 * min(tail, 1 - tail)


# MARK: Probabilities


def shifted(p: np.ndarray, old: float, new: float) -> np.ndarray:
    """A probability of class 1 at another prior: the odds scale with the prior's odds."""
    one = p * new / old
    return one / (one + (1 - p) * (1 - new) / (1 - old))


def merged(p0: np.ndarray, p1: np.ndarray) -> np.ndarray:
    """One probability from the Venn-ABERS pair."""
    return p1 / (1 - p0 + p1)


def venn_abers(calibration: np.ndarray, is_one: np.ndarray, score: float) -> tuple[float, float]:
    """p0 and p1 by definition: isotonic regression with the score added under either label."""
    pair = []
    for label in (0, 1):
        values, group = np.unique(np.append(calibration, score), return_inverse=True)
        weights = np.bincount(group)
        means = np.bincount(group, np.append(is_one, label)) / weights
        fitted = optimize.isotonic_regression(means, weights=weights).x
        pair.append(float(fitted[np.searchsorted(values, score)]))
    return pair[0], pair[1]


# MARK: False discoveries


def discoveries(p_values: np.ndarray, q: float) -> np.ndarray:
    """Which hypotheses Benjamini and Hochberg reject at q."""
    return stats.false_discovery_control(p_values, method="bh") <= q
