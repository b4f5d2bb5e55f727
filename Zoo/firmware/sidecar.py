"""firmware.json: what the daemon must know of a firmware besides its files."""

import hashlib
import json
import sys

from . import places

KERNEL = "trigger"
"""Name of the kernel on the card."""
INPUTS = {"features": [5]}
OUTPUTS = {"margin": []}
"""Tensors by name, with the shape of one event."""
PROGRAM_FILE, GOLDEN_FILE, SIDECAR_FILE = "program.dais", "golden.bin", "firmware.json"


def digest(contents):
    """SHA-256, hexadecimal."""
    return hashlib.sha256(contents).hexdigest()


def text(description):
    """The file's text."""
    return json.dumps(description, indent=2) + "\n"


def read(folder=places.VERSION):
    """The sidecar in a version's folder; ends the program if it cannot be read."""
    path = folder / SIDECAR_FILE
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        sys.exit(f"cannot read {path}: {error}; python -m firmware.pack writes it")
