"""Counts what the pipeline takes of an UltraScale+ part, by Yosys, and writes it into the sidecar.

    python -m firmware.resources            # writes lut, ff and dsp into firmware.json
    python -m firmware.resources --check    # status 1 when they are off by more than 5 %

An estimate: only the vendor's own synthesis and routing tell what the part takes, and whether it
keeps time.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from . import places, rtl, running, sidecar

FAMILY = "xcup"
TOLERANCE = 0.05
LEFT_OUT = {"lookup_table.v"}
"""Modules of da4ml's library that Yosys cannot read: they name a memory file that is not there."""
PRIMITIVES = {
    "lut": re.compile(r"LUT[1-6]|SRL16E|SRLC32E"),
    "ff": re.compile(r"FD[RSCP]E"),
    "dsp": re.compile(r"DSP48E[12]"),
}


def sources(project):
    """Verilog of the pipeline, without the wrapper of the library."""
    library = sorted(path for path in (project / "src/static").glob("*.v")
                     if path.name not in LEFT_OUT)
    modules = sorted(path for path in (project / "src").glob("*.v")
                     if not path.stem.endswith("_wrapper"))
    return library + modules


def script(files, report):
    """What Yosys is told to do."""
    return "\n".join([
        *(f"read_verilog -sv {path}" for path in files),
        f"synth_xilinx -family {FAMILY} -top {rtl.PIPELINE} -noiopad -flatten -nodsp",
        f"tee -q -o {report} stat -json",
    ])


def counted(project):
    """The resources of the project's pipeline, as the sidecar tells them."""
    files = sources(project.resolve())
    if not files:
        sys.exit(f"{project} has no Verilog; python -m firmware.rtl writes it")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "synthesis.ys").write_text(script(files, "statistics.json"))
        running.run(["yosys", "-q", "-s", "synthesis.ys"], folder)
        cells = json.loads((folder / "statistics.json").read_text())["design"]
    by_type = cells["num_cells_by_type"]
    counts = {name: sum(count for cell, count in by_type.items() if pattern.fullmatch(cell))
              for name, pattern in PRIMITIVES.items()}
    return {**counts, "estimated_by": f"{version()} synth_xilinx -family {FAMILY}"}


def version():
    """Yosys and its version, in words."""
    if not shutil.which("yosys"):
        sys.exit("yosys is not installed")
    said = subprocess.run(["yosys", "-V"], check=True, text=True, capture_output=True).stdout
    return " ".join(said.lower().split()[:2])


def differing(found, told):
    """Lines that say which of the sidecar's resources are off by more than the tolerance."""
    return [f"{name}: {found[name]} counted, the sidecar says {told[name]}"
            for name in PRIMITIVES
            if abs(found[name] - told[name]) > TOLERANCE * told[name]]


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rtl", type=Path, nargs="?", default=places.RTL,
                        help="the Verilog project (default: %(default)s)")
    parser.add_argument("--version", type=Path, default=places.VERSION,
                        help="folder with the sidecar (default: %(default)s)")
    parser.add_argument("--check", action="store_true",
                        help="write nothing; status 1 when one is off by over 5 %%")
    options = parser.parse_args()
    described = sidecar.read(options.version)
    found = counted(options.rtl)
    print(", ".join(f"{name} {found[name]}" for name in PRIMITIVES), "by", found["estimated_by"])
    if options.check:
        wrong = differing(found, described["resources"])
        if wrong:
            sys.exit("\n".join(wrong))
        return
    described["resources"] = found
    (options.version / sidecar.SIDECAR_FILE).write_text(sidecar.text(described))


if __name__ == "__main__":
    main()
