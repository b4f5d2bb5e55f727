"""Events of the standard dataset, and fresh ones of the same populations."""

import signal
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from dataset.events import Kind
from dataset.generate import generate_split
from dataset.populations import generate_kind

FEATURES = ("s1c", "s2c", "drift_time", "x_s2", "y_s2")
FRESH_EVENTS_PER_KIND = 500_000
PARTS = 5
FIRST_FRESH_SPLIT = 100
"""Seeds of fresh events: those of splits that the dataset will not have."""


def split(name):
    """Columns of a split of the dataset."""
    return generate_split(name)


def fresh_part(part, kind):
    """Features (events, 5) of one kind, without its hits, which would need much memory."""
    events = generate_kind(kind, FRESH_EVENTS_PER_KIND // PARTS, FIRST_FRESH_SPLIT + part)
    return np.column_stack([getattr(events, name) for name in FEATURES]).astype(np.float32)


def made(seed):
    """Calibration and test split, and features (events, 5) and kind of fresh events, shuffled."""
    # Ctrl-C ends workers without a word; the caller says what there is to say.
    quiet = (signal.SIGINT, signal.SIG_DFL)
    with ProcessPoolExecutor(initializer=signal.signal, initargs=quiet) as pool:
        splits = pool.map(split, ("calibration", "test"))
        parts = [
            (kind, pool.submit(fresh_part, part, kind))
            for part in range(PARTS) for kind in (Kind.ER, Kind.NR)
        ]  # fmt: skip
        calibration, test = splits
        kinds = np.repeat([int(kind) for kind, _ in parts], FRESH_EVENTS_PER_KIND // PARTS)
        features = np.concatenate([part.result() for _, part in parts])
    order = np.random.Generator(np.random.Philox(seed)).permutation(len(kinds))
    return calibration, test, features[order], kinds[order]


def features(columns):
    """What the models of five features take, shape (events, 5)."""
    return np.column_stack([columns[name] for name in FEATURES])
