"""Where things lie."""

from pathlib import Path

FIRMWARE = Path(__file__).parent
ZOO = FIRMWARE.parent

MODEL = "trigger-mlp"
KERAS_FOLDER = FIRMWARE / MODEL
"""What was trained, and the program that was traced from it."""
PROGRAM = KERAS_FOLDER / "program.json"
VERSION = ZOO / "models" / MODEL / "1"
"""What the daemon reads."""
SAMPLE = ZOO / "sample.npz"

BUILD = ZOO.parent / ".build" / "firmware"
"""Default folder of what is built; nothing in it is kept with the sources."""
RTL = BUILD / MODEL / "rtl"
SERVED = BUILD / "models" / MODEL / "1"
"""The model's version again with all that was built of it, as a daemon may serve it."""
LIBRARY = SERVED / "inference.so"
EVENTS = BUILD / MODEL / "events"
