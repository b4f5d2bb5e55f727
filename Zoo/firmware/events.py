"""Writes events with the words that the firmware answers, to compare a daemon's answers with.

    python -m firmware.events data

Two files, physical.npz and random.npz: `features` (N, 5) float32, `margin` (N,) int32 words, and
`inside` (N,), whether nothing of the event was wrapped.
"""

import argparse
from pathlib import Path

import numpy as np

from train import data

from . import places, ports
from . import program as programs

COUNT = 100_000
SEED = 20262
WRAPPED_SHARE = 0.1
"""Share of the random events that may lie beyond the ports' ranges."""
BEYOND = 8
"""How many times the ranges those reach."""
SPLITS = ["test.npz", "calibration.npz"]


def physical(folder, count=COUNT):
    """Features (count, 5) float32 of the dataset's events that were not trained on."""
    splits = [data.features(data.load(folder / name, data.FEATURES)) for name in SPLITS]
    return np.vstack(splits)[:count]


def random(input_ports, count=COUNT):
    """Features (count, 5) float32, flat in the ports' ranges and, for some events, beyond."""
    generator = np.random.Generator(np.random.PCG64(SEED))
    lowest = np.array([port.low for port in input_ports])
    highest = np.array([port.high for port in input_ports])
    reach = np.where(generator.random((count, 1)) < WRAPPED_SHARE, BEYOND, 1)
    middle, half = (lowest + highest) / 2, (highest - lowest) / 2
    return (middle + reach * half * generator.uniform(-1, 1, (count, len(input_ports)))).astype(
        np.float32)


def write(path, features, program):
    """Writes one file."""
    input_ports = programs.input_ports(program)
    words = programs.run(program, ports.words(features, input_ports))
    inside = ports.inside(features, input_ports)
    np.savez(path, features=features, margin=words[:, 0], inside=inside)
    print(f"{path}: {len(features)} events, {np.mean(~inside):.5f} of them out of range")


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of the dataset's splits")
    parser.add_argument("--program", type=Path, default=places.PROGRAM,
                        help="the traced program (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=places.EVENTS,
                        help="folder to write (default: %(default)s)")
    options = parser.parse_args()
    program = programs.load(options.program)
    options.out.mkdir(parents=True, exist_ok=True)
    write(options.out / "physical.npz", physical(options.data), program)
    write(options.out / "random.npz", random(programs.input_ports(program)), program)


if __name__ == "__main__":
    main()
