"""Writes the Verilog project of the traced program: with da4ml alone, no Keras.

    python -m firmware.rtl

The project carries da4ml's own library modules, so it is built and never kept with the sources.
"""

import argparse
import shutil
import sys
from pathlib import Path

from da4ml.codegen import VerilogModel

from . import places
from . import program as programs

PIPELINE = "pipeline"
"""Name of the topmost module: not that of the kernel, which is around it."""
PART = "xcu50-fsvh2104-2-e"
"""The part that da4ml's own build scripts name: that of an Alveo U50."""
MARK = "metadata.json"
"""A file that every project of da4ml has."""


def write(program, folder):
    """Writes the pipelined project into `folder`, in place of an earlier one."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).is_file():
            sys.exit(f"{folder} holds something else than a Verilog project")
        shutil.rmtree(folder)
    project = VerilogModel(
        program, PIPELINE, folder, latency_cutoff=programs.ADDERS_IN_A_CLOCK,
        part_name=PART, clock_period=1000 / programs.CLOCK_MEGAHERTZ)
    project.write()
    return project


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=Path, nargs="?", default=places.PROGRAM,
                        help="the traced program (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=places.RTL,
                        help="folder to write (default: %(default)s)")
    options = parser.parse_args()
    print(write(programs.load(options.program), options.out))


if __name__ == "__main__":
    main()
