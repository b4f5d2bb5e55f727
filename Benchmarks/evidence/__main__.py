"""Makes events, has a daemon score them, measures, and writes CLOSURE.md, CLOSURE.json and plots.

usage: Benchmarks/closure
"""

import argparse
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from vigil import VigilError

from . import events, plots, report, scores

ROOT = Path(__file__).resolve().parents[2]


def note(began, text):
    """A line on standard error, with the seconds so far."""
    print(f"{time.monotonic() - began:4.0f} s  {text}", file=sys.stderr, flush=True)


def measured(program, table, seed, repetitions):
    """What vigil-closure finds."""
    command = [program, table, "--seed", str(seed), "--repetitions", str(repetitions)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise scores.Failure("vigil-closure failed")
    return json.loads(done.stdout)


def run(arguments):
    """All of it."""
    began = time.monotonic()
    note(began, "making events")
    calibration, test, fresh, fresh_kind = events.made(arguments.seed)
    note(began, f"scoring {len(calibration['kind']) + len(test['kind']) + len(fresh)} events")
    models = ROOT / "Zoo/models"
    with scores.daemon(
        arguments.binaries / "vigild", models, arguments.onnxruntime, arguments.work
    ) as client:
        columns = scores.scored(client, calibration, test, fresh, fresh_kind)
        watched = scores.watched(client, test, fresh)
        columns["light_edges"] = scores.edges(client, "position-cnn")
        columns["pulse_edges"] = scores.edges(client, "er-nr-mlp")
    table = arguments.work / "scores.npz"
    np.savez(table, **columns)
    note(began, "calibrating and testing")
    found = measured(
        arguments.binaries / "vigil-closure", table, arguments.seed, arguments.repetitions
    )
    found["daemon"] = watched
    splits = {"calibration": calibration["kind"], "test": test["kind"], "fresh": fresh_kind}
    counts = {name: np.bincount(kinds).tolist() for name, kinds in splits.items()}
    plots.draw(found, arguments.output)
    report.write(found, counts, time.monotonic() - began, arguments.output)
    note(began, f"wrote {arguments.output}/CLOSURE.md")


def main():
    """Command line; the shell script beside this folder gives all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("binaries", "onnxruntime", "work", "output"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in ("seed", "repetitions"):
        parser.add_argument(f"--{name}", type=int, required=True)
    # Told to end, it ends what it started as on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        run(parser.parse_args())
    except KeyboardInterrupt:
        sys.exit(130)
    except (scores.Failure, VigilError, OSError) as error:
        sys.exit(f"Benchmarks/closure: {error}")


if __name__ == "__main__":
    main()
