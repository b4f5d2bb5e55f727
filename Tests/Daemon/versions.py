"""Versions of a model that tests add, change and tell apart."""

from __future__ import annotations

import hashlib
import re
import signal

import numpy as np

from command import vigil_command, wait_until
from daemon import MODELS

TREE = "er-nr-tree"
# The second version starts from another score: every margin is higher by logit(0.7).
ARTEFACTS = {"1": b'"base_score":"[5E-1]"', "2": b'"base_score":"[7E-1]"'}
SHIFT = np.log(0.7 / 0.3)
ROWS = 64


def digest(path):
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def add_version(models, version="2", artefact="2", calibrated=True):
    """Writes a version of the tree with that artefact; returns the artefact's digest."""
    folder = models / TREE / version
    content = (MODELS / TREE / "1" / "model.json").read_bytes()
    assert content.count(ARTEFACTS["1"]) == 1
    # Beside, then moved: a reload meets it whole or not at all.
    new = models / TREE / ".new"
    new.mkdir()
    (new / "model.json").write_bytes(content.replace(ARTEFACTS["1"], ARTEFACTS[artefact]))
    found = digest(new / "model.json")
    for path in (MODELS / TREE / "1").glob("calibration*.json") if calibrated else ():
        text, count = re.subn(r"sha256:\w+", found, path.read_text(), count=1)
        assert count == 1
        (new / path.name).write_text(text)
    new.rename(folder)
    return found


def edit(models, name, old, new):
    """Replaces a text of a manifest."""
    path = models / name / "model.yaml"
    text = path.read_text()
    assert old in text, old
    path.write_text(text.replace(old, new, 1))


def keep_versions(models, count):
    edit(models, TREE, "engine: tree\n", f"engine: tree\nversions: {count}\n")


def bits(scores):
    parts = [scores.value, scores.lower, scores.upper, *scores.p_values.values()]
    return b"".join(part.tobytes() for part in parts if part is not None)


def margin(client, features, version=None):
    """The artefact's own output."""
    return client.score(TREE, features, version=version, raw=True, outputs="margin").value


def by_hangup(running):
    """Has the models read again by a signal; returns what the log says of it."""
    # A version serves before the log says so, and what is said of it now belongs to its own load.
    with running.client() as client:
        serving = [f"loaded {m.name} {m.version} " for m in client.models() if m.state == "serving"]
    assert wait_until(lambda: all(line in running.log() for line in serving), 60), running.log()
    before = len(running.log())
    running.process.send_signal(signal.SIGHUP)

    def told():
        return re.findall(r'change="(.*)"\n', running.log()[before:])

    assert wait_until(told, 60), running.log()
    return told


def by_command(running):
    told = vigil_command("models", "reload", at=running).stdout.splitlines()
    return lambda: told


def assert_version(client, features, references, version, named=None):
    """The answer, with or without a version named, is that of this version and quotes it."""
    digests, known = references
    scores = client.score(TREE, features, version=named)
    assert (scores.provenance.version, scores.provenance.digest) == (version, digests[version])
    assert bits(scores) == known[digests[version]]
