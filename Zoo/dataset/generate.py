"""Writes the splits of the standard dataset as .npz files.

    python -m dataset.generate --out data            # train, calibration and test
    python -m dataset.generate --split sample --out .
"""

import argparse
import hashlib
import sys
import time
from pathlib import Path

import numpy as np

from .events import ANOMALIES, Kind, pack
from .populations import DATASET_SEED, generate_kind

EVENT_IDS_PER_SPLIT = 10_000_000

SPLITS = {
    "train": {Kind.ER: 250_000, Kind.NR: 250_000},
    "calibration": {Kind.ER: 20_000, Kind.NR: 20_000},
    "test": {Kind.ER: 30_000, Kind.NR: 30_000} | {kind: 3_750 for kind in ANOMALIES},
    "sample": {Kind.ER: 8_000, Kind.NR: 8_000} | {kind: 1_000 for kind in ANOMALIES},
}
"""Events of each kind. A split's place in this table is part of its seeds: append, never insert."""


def generate_split(name):
    """The columns (name -> array) of one split."""
    index = list(SPLITS).index(name)
    events = {kind: generate_kind(kind, count, index) for kind, count in SPLITS[name].items()}
    return pack(events, EVENT_IDS_PER_SPLIT * index, np.random.default_rng([DATASET_SEED, index]))


def digest(columns):
    """SHA-256 over the columns' names and bytes, in order; independent of compression."""
    state = hashlib.sha256()
    for name, values in columns.items():
        state.update(name.encode())
        state.update(np.ascontiguousarray(values).tobytes())
    return state.hexdigest()


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--split", nargs="+", choices=SPLITS, metavar="NAME",
                        default=["train", "calibration", "test"],
                        help=f"splits to write, of {', '.join(SPLITS)} (default: all but sample)")
    parser.add_argument("--out", type=Path, required=True,
                        help="folder for NAME.npz, made if missing")
    arguments = parser.parse_args()
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sys.exit(f"generate: cannot make the folder {arguments.out}: {error.strerror}")
    for name in arguments.split:
        start = time.monotonic()
        columns = generate_split(name)
        path = arguments.out / f"{name}.npz"
        np.savez_compressed(path, **columns)
        print(f"{path}: {len(columns['kind'])} events, {path.stat().st_size / 1e6:.1f} MB, "
              f"{time.monotonic() - start:.0f} s, sha256 {digest(columns)}", flush=True)


if __name__ == "__main__":
    main()
