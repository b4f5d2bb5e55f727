#!/usr/bin/env python3
"""Times da4ml's own interpreter of a program on one thread: events that lie in memory.

    da4ml_interpreter.py Zoo/models/trigger-mlp/1 --rows 1024 --seconds 1
    {"peer": "da4ml 0.6.0, interpreter", "rows": 1024, "calls": 845,
     "nanoseconds_per_event": 1155.6}

Events are the golden ones of the version's folder. The figure is the mean over a turn and counts
the Python call, as a user of da4ml pays it, but not the encoding of the program, which `predict`
repeats.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from turns import Arguments, Failure, answer, positive, unwind_when_told_to_end

# Importing da4ml takes a second, in which Ctrl-C ought to be as quiet as later.
unwind_when_told_to_end()

import da4ml  # noqa: E402
import numpy as np  # noqa: E402
from da4ml._binary import dais_interp_run  # noqa: E402

THREADS = 1


class Program:
    """A program, and the values of its golden words."""

    def __init__(self, folder, seconds):
        self._seconds = seconds
        try:
            description = json.loads((folder / "firmware.json").read_text())
            self._program = np.fromfile(folder / description["program"]["file"], "<i4")
            words = np.fromfile(folder / description["golden"]["file"], "<i4")
        except (OSError, ValueError, KeyError) as error:
            raise Failure(f"{folder}: {error}") from error
        ports = [port for tensor in description["inputs"] for port in tensor["ports"]]
        steps = np.array([2.0 ** -port["fraction"] for port in ports])
        count = description["golden"]["events"] * len(ports)
        self._events = words[:count].reshape(-1, len(ports)) * steps

    def measure(self, rows):
        """Runs the first `rows` events, repeated if there are fewer, for the turn's seconds."""
        events = np.resize(self._events, (rows, self._events.shape[1]))
        clock = time.perf_counter_ns
        dais_interp_run(self._program, events, THREADS)
        calls, began = 0, clock()
        end = began + self._seconds * 1_000_000_000
        while clock() < end:
            dais_interp_run(self._program, events, THREADS)
            calls += 1
        return {
            "peer": f"da4ml {da4ml.__version__}, interpreter",
            "rows": rows,
            "calls": calls,
            "nanoseconds_per_event": round((clock() - began) / (calls * rows), 1),
        }


def main():
    parser = Arguments(prog="da4ml_interpreter.py", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a version's folder with firmware.json")
    parser.add_argument("--rows", type=positive, help="events a call; without it, turns are read")
    parser.add_argument("--seconds", type=positive, default=1, help="of a turn; default 1")
    given = parser.parse_args()
    if not given.folder.is_dir():
        parser.error(f"{given.folder}: no such folder")
    try:
        program = Program(given.folder, given.seconds)
    except Failure as failure:
        parser.exit(1, f"{parser.prog}: {failure}\n")
    return answer(parser, given.rows, program.measure)


if __name__ == "__main__":
    sys.exit(main())
