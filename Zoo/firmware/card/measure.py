"""Measures runs on an emulated card: wall time, how much of it is the kernel's, and clocks.

    python measure.py MODEL --build FOLDER

Medians over many runs of one slot, of two slots taking turns, and of register reads. What is not
the kernel's is XRT, the driver and the emulated card's scheduling.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from check import Check
from page import Page

COUNTS = [1, 64, 1024, 16384]
SECONDS = 1.0  # a count
READS = 1000


def repeated(check, slots, events):
    """Microseconds of wall time and of the kernel, each of one run, and clocks."""
    inputs = np.resize(check.model.golden[0], (events, len(check.model.inputs)))
    words = check.model.laid_out(inputs)
    for slot in slots:
        slot.start(events, words)
        slot.wait(events * check.model.output_stride)
    page, wall, kernel, clocks = check.page, [], [], []
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        before = page.kernel_nanoseconds, page.clocks
        started = time.perf_counter_ns()
        for slot in slots:
            slot.restart(events, len(words))
        for slot in slots:
            slot.end(events * check.model.output_stride)
        wall.append((time.perf_counter_ns() - started) / len(slots) / 1e3)
        kernel.append((page.kernel_nanoseconds - before[0]) / len(slots) / 1e3)
        clocks.append((page.clocks - before[1]) / len(slots))
    rest = statistics.median(w - k for w, k in zip(wall, kernel))
    return statistics.median(wall), statistics.median(kernel), rest, statistics.median(clocks)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--build", type=Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page"
        os.environ["VIGIL_EMULATED_CARD"] = str(path)
        check = Check(arguments.model, arguments.build, Page(path))
        with check.card() as card:
            slots = [check.slot(card, COUNTS[-1]), check.slot(card, COUNTS[-1])]
            print("slots  events      us a run    kernel us      rest us    rest ns/event   clocks")
            for used in (slots[:1], slots):
                for events in COUNTS:
                    wall, kernel, rest, clocks = repeated(check, used, events)
                    print(
                        f"{len(used):5} {events:7} {wall:13.1f} {kernel:12.1f} {rest:12.1f}"
                        f" {rest * 1e3 / events:16.2f} {clocks:8.0f}"
                    )
            started = time.perf_counter_ns()
            for _ in range(READS):
                card.clocks()
            # The clocks are three registers.
            print(f"a register: {(time.perf_counter_ns() - started) / READS / 3e3:.2f} us")


if __name__ == "__main__":
    main()
