"""The trigger network, what is built of it, and the words that it must give."""

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
from daemon import ROOT, Daemon, copy_models

BUILT = Path(os.environ.get("VIGIL_FIRMWARE", ROOT / ".build" / "firmware"))
XRT = BUILT / "card" / "xrt"
MODEL = "trigger-mlp"
VERSION = ROOT / "Zoo" / "models" / MODEL / "1"

sys.path.insert(0, str(ROOT / "Zoo" / "firmware" / "card"))
from page import Page  # noqa: E402


def built(name):
    """A file that is built of the model; Deploy/test builds it."""
    path = BUILT / "models" / MODEL / "1" / name
    assert path.exists(), f"{path} is not built: run Deploy/test daemon"
    return path


class Served:
    """A model folder of its own with the network in it, and a daemon's settings for it."""

    def __init__(self, folder, device="firmware-software", keys="", with_files=()):
        self.models = copy_models(folder / "models", MODEL)
        self.version = self.models / MODEL / "1"
        self.manifest = self.models / MODEL / "model.yaml"
        text = self.manifest.read_text().replace("device: firmware-software\n", f"device: {device}\n{keys}")
        # What is not calibrated on purpose answers raw values.
        self.manifest.write_text(text.replace("  required: true\n", "  required: false\n"))
        for name in with_files:
            shutil.copy(built(name), self.version / name)

    def daemon(self, **settings):
        """A daemon that serves it, with the emulated card's XRT."""
        top = {"xrt": str(XRT), **settings.pop("top", {})}
        return Daemon(self.models, top=top, **settings)


def sidecar(folder=VERSION):
    return json.loads((folder / "firmware.json").read_text())


def ports(kind):
    """Fractions and widths of the only input's or output's ports."""
    (tensor,) = sidecar()[kind]
    return [(port["signed"], port["integer"], port["fraction"]) for port in tensor["ports"]]


def golden():
    """Golden events: features, each the value that its words stand for, and the margins."""
    words = np.fromfile(VERSION / "golden.bin", "<i4")
    inputs, outputs = ports("inputs"), ports("outputs")
    events = sidecar()["golden"]["events"]
    taken = words[: events * len(inputs)].reshape(events, len(inputs))
    given = words[events * len(inputs):].reshape(events, len(outputs))
    features = taken * np.array([2.0 ** -fraction for _, _, fraction in inputs])
    margins = given[:, 0] * 2.0 ** -outputs[0][2]
    return features.astype(np.float32), margins.astype(np.float32)


def margins(client, features, **call):
    """The artefact's own outputs."""
    return client.score(MODEL, features, raw=True, **call)


__all__ = ["MODEL", "Page", "Served", "built", "golden", "margins", "ports", "sidecar"]
