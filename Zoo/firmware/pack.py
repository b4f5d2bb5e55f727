"""Writes what the daemon reads of a traced program: program.dais, golden.bin, firmware.json.

    python -m firmware.pack            # from trigger-mlp/program.json
    python -m firmware.pack --check    # whether the files follow from it, to the byte

What Yosys counted (python -m firmware.resources) is kept while the program is the same.
"""

import argparse
import json
import sys
from pathlib import Path

from . import describing, golden, places, sidecar
from . import program as programs


def files(program, folder):
    """The three files' bytes by name; `folder` may hold what an earlier run wrote."""
    program_bytes = program.to_binary().astype("<i4").tobytes()
    inputs, outputs = golden.vectors(program)
    golden_bytes = golden.contents(inputs, outputs)
    described = describing.described(program, program_bytes, golden_bytes, len(inputs),
                                     counted_resources(folder, program_bytes))
    return {sidecar.PROGRAM_FILE: program_bytes, sidecar.GOLDEN_FILE: golden_bytes,
            sidecar.SIDECAR_FILE: sidecar.text(described).encode()}


def counted_resources(folder, program_bytes):
    """The resources in the folder's sidecar if they are of this very program."""
    try:
        before = json.loads((folder / sidecar.SIDECAR_FILE).read_text())
        same = before["program"]["sha256"] == sidecar.digest(program_bytes)
        return before["resources"] if same else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # There is no earlier sidecar, or none that could be kept.


def write(program, folder):
    """Writes the three files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, contents in files(program, folder).items():
        (folder / name).write_bytes(contents)
        print(f"{folder / name}: {len(contents)} bytes")


def stale(program, folder):
    """Names of the files that are not what the program gives."""
    return [name for name, contents in files(program, folder).items()
            if not (folder / name).is_file() or (folder / name).read_bytes() != contents]


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=Path, nargs="?", default=places.PROGRAM,
                        help="the traced program (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=places.VERSION,
                        help="folder of the model's version (default: %(default)s)")
    parser.add_argument("--check", action="store_true",
                        help="write nothing; status 1 when a file is not what the program gives")
    options = parser.parse_args()
    program = programs.load(options.program)
    if not options.check:
        write(program, options.out)
        return
    names = stale(program, options.out)
    if names:
        sys.exit(f"{', '.join(names)} in {options.out} do not follow from {options.program}; "
                 "run python -m firmware.pack")
    print(f"{options.out} follows from {options.program}")


if __name__ == "__main__":
    main()
