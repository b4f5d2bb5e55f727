"""Traces the trained network into da4ml's program, and writes what the daemon reads of it.

    python -m firmware.trace
"""

import argparse
from pathlib import Path

from . import pack, places
from . import program as programs


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, nargs="?", default=places.KERAS_FOLDER / "model.keras",
                        help="the trained network (default: %(default)s)")
    parser.add_argument("--program", type=Path, default=places.PROGRAM,
                        help="program to write (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=places.VERSION,
                        help="folder of the model's version (default: %(default)s)")
    options = parser.parse_args()
    from . import network

    program = network.program(network.keras.models.load_model(options.model))
    program.save(options.program)
    print(f"{options.program}: {len(program.ops)} operations, about {program.cost:.0f} LUT, "
          f"{programs.latency_clocks(programs.pipeline(program))} clocks")
    pack.write(program, options.out)


if __name__ == "__main__":
    main()
