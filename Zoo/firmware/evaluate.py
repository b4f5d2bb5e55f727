"""Measures trigger-mlp on the test split beside the same network in floating point.

    python -m firmware.evaluate data/test.npz

Ends with status 1 when a target is missed.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from train import data
from train.ranking import area_under_curve

from . import features, places, ports, sidecar
from . import program as programs

ER_NR_MLP_AUC = 0.9967
"""What er-nr-mlp reaches on the same events (Zoo/README.md)."""
AUC_LOSS = 0.003
"""How far the firmware may fall behind the floating-point networks."""
ER_LEAKAGE = 0.01
OUT_OF_RANGE = 1e-3
LUT, CLOCKS = 20_000, 6


def acceptance(margins, is_nr):
    """Share of NR above the cut that lets ER_LEAKAGE of ER through."""
    return np.mean(margins[is_nr] > np.quantile(margins[~is_nr], 1 - ER_LEAKAGE))


def firmware_margins(program, events):
    """Margins of events as the firmware answers them."""
    words = programs.run(program, ports.words(events, features.INPUT_PORTS))
    return ports.values(words, programs.output_ports(program))[:, 0]


def floating_margins(path, events):
    """Margins by the floating-point network."""
    from . import network

    model = network.keras.models.load_model(path)
    return model.predict(events * features.SCALES, batch_size=len(events), verbose=0)[:, 0]


def figures(options):
    """Name, value, relation and target of each figure."""
    columns = data.load(options.data, [*data.FEATURES, "kind"])
    events, normal = data.features(columns), columns["kind"] <= data.NR
    is_nr = columns["kind"][normal] == data.NR
    program = programs.load(options.program)
    areas = {}
    for name, margins in (
            ("floating point", floating_margins(options.floating, events[normal])),
            ("firmware", firmware_margins(program, events[normal]))):
        areas[name] = area_under_curve(margins[is_nr], margins[~is_nr])
        least = max(areas["floating point"], ER_NR_MLP_AUC) - AUC_LOSS
        goal = (">=", least) if name == "firmware" else (None, None)
        yield f"{name}: AUC NR/ER", areas[name], *goal
        yield f"{name}: NR kept at {ER_LEAKAGE:.0%} of ER", acceptance(margins, is_nr), None, None
    for name, chosen in (("NR and ER", normal), ("all kinds", normal | True)):
        wrapped = ~ports.inside(events[chosen], features.INPUT_PORTS)
        yield f"{name}: share of events out of range", wrapped.mean(), "<=", OUT_OF_RANGE
    described = sidecar.read(options.version)
    taken = described["resources"]
    yield "LUT", taken["lut"], "<=", LUT
    yield "FF", taken["ff"], None, None
    yield "DSP", taken["dsp"], "<=", 0
    yield "clocks from input to output register", described["latency_clocks"], "<=", CLOCKS
    yield "clocks from event to event", described["initiation_interval"], "<=", 1


def main():
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog="Status 1 when a target is missed.")
    parser.add_argument("data", type=Path, help="the test split, test.npz")
    parser.add_argument("--program", type=Path, default=places.PROGRAM,
                        help="the traced program (default: %(default)s)")
    parser.add_argument("--floating", type=Path, default=places.KERAS_FOLDER / "float.keras",
                        help="the floating-point network (default: %(default)s)")
    parser.add_argument("--version", type=Path, default=places.VERSION,
                        help="folder with the sidecar (default: %(default)s)")
    missed = False
    for name, value, relation, target in figures(parser.parse_args()):
        goal, verdict = "", ""
        if relation:
            met = value >= target if relation == ">=" else value <= target
            missed |= not met
            goal, verdict = f"{relation} {target:g}", "met" if met else "MISSED"
        print(f"{name:46} {value:12.5f}  {goal:10} {verdict}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
