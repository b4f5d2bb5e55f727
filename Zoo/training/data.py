"""Loading of splits and the figures that models are judged by."""

import numpy as np

FEATURES = ("s1c", "s2c", "drift_time", "x_s2", "y_s2")
"""Inputs of the ER/NR models, in order: phd, phd, us, mm, mm."""
ER, NR, DOUBLE, HOT = 0, 1, 4, 5


def load(path: str) -> dict[str, np.ndarray]:
    """Columns of a split by name."""
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def features(columns: dict[str, np.ndarray]) -> np.ndarray:
    """(events, 5) float32 in the order of FEATURES."""
    return np.column_stack([columns[name] for name in FEATURES]).astype(np.float32)


def normal(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Only ER and NR events."""
    chosen = columns["kind"] <= NR
    return {name: column[chosen] for name, column in columns.items()}


def auc(strange: np.ndarray, ordinary: np.ndarray) -> float:
    """Probability that a strange score is above an ordinary one, ties counted half."""
    scores = np.concatenate([strange, ordinary])
    order = np.argsort(scores, kind="stable")
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(1, len(scores) + 1)
    values, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    sums = np.bincount(inverse, weights=ranks)
    ranks = (sums / counts)[inverse]
    total = ranks[: len(strange)].sum() - len(strange) * (len(strange) + 1) / 2
    return float(total / (len(strange) * len(ordinary)))
