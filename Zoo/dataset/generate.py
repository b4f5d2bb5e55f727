"""Writes a split of the standard dataset: python -m dataset.generate SPLIT FILE."""

import argparse
import sys
import time
from dataclasses import dataclass

import numpy as np

from . import anomalies
from .detector import Detector
from .simulate import simulate

KINDS = {
    0: "ER", 1: "NR", 2: "wall leakage", 3: "accidental coincidence",
    4: "unresolved double scatter", 5: "hot PMT",
}


@dataclass(frozen=True)
class Split:
    """Events of each normal class and of each anomaly, and the seed they come from."""

    seed: int
    normal: int
    anomalous: int


SPLITS = {
    "train": Split(seed=1, normal=250_000, anomalous=0),
    "calibration": Split(seed=2, normal=20_000, anomalous=0),
    "test": Split(seed=3, normal=30_000, anomalous=3_750),
    "sample": Split(seed=4, normal=8_000, anomalous=1_000),
}


def generate(split: Split) -> dict[str, np.ndarray]:
    """All columns of a split, shuffled."""
    detector = Detector()
    makers = {
        0: lambda count, seed: simulate(detector, "ER", count, seed),
        1: lambda count, seed: simulate(detector, "NR", count, seed),
        2: lambda count, seed: anomalies.wall_leakage(detector, count, seed),
        3: lambda count, seed: anomalies.accidental_coincidence(detector, count, seed),
        4: lambda count, seed: anomalies.double_scatter(detector, count, seed),
        5: lambda count, seed: anomalies.hot_pmt(detector, count, seed),
    }
    parts = []
    for kind, make in makers.items():
        count = split.normal if kind < 2 else split.anomalous
        if count == 0:
            continue
        start = time.monotonic()
        part = make(count, 100 * split.seed + 10 * kind + 1)
        part["kind"] = np.full(count, kind, np.int32)
        parts.append(part)
        print(f"{KINDS[kind]}: {count} events in {time.monotonic() - start:.1f} s", file=sys.stderr)
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.random.default_rng(split.seed).permutation(len(columns["kind"]))
    columns = {name: column[order] for name, column in columns.items()}
    first = split.seed * 10_000_000
    columns["event_id"] = np.arange(first, first + len(order), dtype=np.int64)
    return columns


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("split", choices=SPLITS)
    parser.add_argument("file", help="the .npz file to write")
    arguments = parser.parse_args()
    columns = generate(SPLITS[arguments.split])
    write = np.savez_compressed if arguments.split == "sample" else np.savez
    write(arguments.file, **columns)


if __name__ == "__main__":
    main()
