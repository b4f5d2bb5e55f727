"""Builds da4ml's `inference` library of the Verilog project: the pipeline, verilated.

    python -m firmware.library

da4ml's own makefile wants a newer Verilator than Debian 12 has (5.006): it links archives that this
one does not make, and one of da4ml's modules names a warning that it does not know. Here Verilator
links the library itself, and unknown warnings are let pass.
"""

import argparse
import time
from pathlib import Path

from . import places, rtl, running

WRAPPER = f"{rtl.PIPELINE}_wrapper"
"""da4ml's topmost module with all ports of one width, and the name of its C++ binder."""
OPTIMISATION = "-O1"
"""More buys little speed and builds much longer."""


def command(project, library, folder):
    """Verilator's command line."""
    compiler = f"-std=c++17 -fPIC -I{project / 'sim'}"
    return [
        "verilator", "--cc", "--exe", "--build", "-O3", "--x-assign", "fast", "--x-initial", "fast",
        "--noassert", "-Wno-fatal", "-Wfuture-WIDTHTRUNC", "-Wfuture-WIDTHEXPAND",
        f"-I{project / 'src'}", f"-I{project / 'src/static'}", "--Mdir", str(folder),
        "--prefix", f"V{WRAPPER}", "-CFLAGS", compiler, "-LDFLAGS", "-shared -Wl,--no-undefined",
        "-MAKEFLAGS", f"OPT_FAST={OPTIMISATION} OPT_SLOW=-O0 OPT_GLOBAL={OPTIMISATION}",
        "-o", str(library), f"{WRAPPER}.v", str(project / "sim" / f"{WRAPPER}_binder.cc"),
    ]


def build(project, library):
    """Builds the library from a project that `firmware.rtl` wrote."""
    project, library = project.resolve(), library.resolve()
    library.parent.mkdir(parents=True, exist_ok=True)
    folder = project.parent / "verilated"
    running.run(command(project, library, folder), project / "src")


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rtl", type=Path, nargs="?", default=places.RTL,
                        help="the Verilog project (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=places.LIBRARY,
                        help="library to write (default: %(default)s)")
    options = parser.parse_args()
    start = time.monotonic()
    build(options.rtl, options.out)
    print(f"{options.out}: {options.out.stat().st_size} bytes in {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
