"""Compares a running daemon's answers with the firmware's words, bit for bit.

    python -m firmware.events data
    python -m firmware.agree --endpoint tcp://127.0.0.1:5555

Whatever runs the model there (a card, da4ml's library, the interpreter), the answers must be those
of the exported events. Needs the Python client, Clients/python. Status 1 when one differs.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from . import places, sidecar
from .ports import Port

REQUEST_EVENTS = 8192


def answers(client, model, events):
    """The daemon's raw margins (N,) of features (N, 5), and the devices that gave them."""
    output = next(iter(sidecar.OUTPUTS))
    parts = [client.score(model, events[start:start + REQUEST_EVENTS], raw=True, outputs=[output])
             for start in range(0, len(events), REQUEST_EVENTS)]
    devices = sorted({part.provenance.device for part in parts})
    return np.concatenate([part.outputs[output].value for part in parts]), devices


def output_port(described):
    """The one output's port, as the sidecar tells it."""
    told = described["outputs"][0]["ports"][0]
    return Port(told["signed"], told["integer"], told["fraction"])


def differences(found, words, port):
    """Indices of the events whose answer is not their word's value."""
    return np.flatnonzero(found.astype(np.float64) != words * 2.0 ** -port.fraction)


def compared(client, model, path, port):
    """Compares one file's events; how many differ."""
    with np.load(path) as file:
        features, words, inside = file["features"], file["margin"], file["inside"]
    found, devices = answers(client, model, features)
    wrong = differences(found, words, port)
    print(f"{path} by {', '.join(devices)}: {len(words) - len(wrong)} of {len(words)} events agree, "
          f"{np.count_nonzero(~inside)} were out of range")
    for event in wrong[:1]:
        print(f"  event {event}: found {found[event]}, "
              f"expected {words[event] * 2.0 ** -port.fraction}, features {features[event]}")
    return len(wrong)


def main():
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog="Status 1 when an answer differs.")
    parser.add_argument("events", type=Path, nargs="*",
                        default=[places.EVENTS / "physical.npz", places.EVENTS / "random.npz"],
                        help="files of firmware.events (default: both of them)")
    parser.add_argument("--endpoint", default="tcp://127.0.0.1:5555", help="default: %(default)s")
    parser.add_argument("--model", default=places.MODEL, help="default: %(default)s")
    parser.add_argument("--version", type=Path, default=places.VERSION,
                        help="folder with the sidecar (default: %(default)s)")
    options = parser.parse_args()
    try:
        import vigil
    except ImportError:
        sys.exit("the Python client is not installed: pip install ../Clients/python")
    port = output_port(sidecar.read(options.version))
    try:
        with vigil.Client(options.endpoint) as client:
            wrong = sum(compared(client, options.model, path, port) for path in options.events)
    except (vigil.VigilError, OSError) as error:
        sys.exit(f"cannot compare: {error}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
