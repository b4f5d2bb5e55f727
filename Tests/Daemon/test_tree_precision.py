"""Trees in fixed point and with merged thresholds, served by a real daemon.

What conifer's cpp backend gives, Tests/TreeEngineTests/Reference/make_conifer_reference.py has written.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import vigil
from daemon import MODELS, ROOT, Daemon
from frames import variant
from test_manifests import check, configured

REFERENCE = Path(os.environ.get("VIGIL_CONIFER_REFERENCE", ROOT / ".build" / "conifer-reference"))
TREE = "er-nr-tree"
MANIFEST = """\
name: {name}
task: {task}
engine: tree
precision: fixed
inputs:
  - {{name: features, shape: [16], range: [-3, 3]}}
outputs:
  - {{name: margin{shape}}}
"""
# Name: task, and what more is to be said of the output.
CONIFER = {
    "depth_4": ("binary", ""),
    "wraps": ("binary", ""),
    "classes": ("regression", ", shape: [3]"),
    "wide": ("binary", ", type: float64"),
}
EVENTS = 20_000
OUT_OF_RANGE = 8


def write_conifer(folder, name, reference=None):
    """A model folder of a reference model."""
    task, shape = CONIFER[reference or name]
    version = folder / name / "1"
    version.mkdir(parents=True)
    shutil.copy(REFERENCE / f"{reference or name}.json", version / "model.json")
    text = MANIFEST.format(name=name, task=task, shape=shape)
    (folder / name / "model.yaml").write_text(text)


def reference_events(name):
    """Features and conifer's scores; the extreme ones among them are finite."""
    features = np.fromfile(REFERENCE / f"{name}.features", "<f4").reshape(-1, 16)
    scores = np.fromfile(REFERENCE / f"{name}.scores", "<f8").reshape(len(features), -1)
    return features[:EVENTS], scores[:EVENTS].squeeze()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """vigild on conifer's models and on er-nr-tree with merged thresholds."""
    folder = tmp_path_factory.mktemp("models")
    for name in CONIFER:
        write_conifer(folder, name)
    variant(folder, TREE, TREE)
    for bits in ("8-bit", "16-bit"):
        variant(folder, TREE, bits, ("engine: tree", f"engine: tree\nthresholds: {bits}\nrequired: false"))
    with Daemon(folder) as running:
        yield running


@pytest.mark.parametrize("name", CONIFER)
def test_events_beyond_the_input_type_are_flagged(served, name):
    features, _ = reference_events(name)
    outside = np.fromfile(REFERENCE / f"{name}.flags", np.uint8)[:EVENTS] == 1
    assert 0 < outside.sum() < EVENTS
    with served.client() as client:
        parts = [client.score(name, features[first:first + 999], raw=True) for first in range(0, EVENTS, 999)]
    flags = np.concatenate([
        part.outputs["margin"].flags if part.outputs["margin"].flags is not None else np.zeros(part.rows, np.uint8)
        for part in parts
    ])
    np.testing.assert_array_equal(flags == OUT_OF_RANGE, outside)
    assert set(flags) == {0, OUT_OF_RANGE}


@pytest.mark.parametrize("name", CONIFER)
def test_scores_are_those_of_conifer_to_the_bit(served, name):
    features, scores = reference_events(name)
    with served.client() as client:
        found = client.score(name, features, raw=True)
        alone = [client.score(name, features[row : row + 1], raw=True).value for row in range(50)]
    assert found.provenance.precision == "fixed" and found.provenance.engine == "vigil-trees 1"
    assert found.value.dtype == (np.float64 if name == "wide" else np.float32)
    np.testing.assert_array_equal(found.value.astype(np.float64), scores)
    np.testing.assert_array_equal(np.concatenate(alone), found.value[:50])


@pytest.mark.parametrize("bits, precision", [("8-bit", "int8"), ("16-bit", "int16")])
def test_few_enough_thresholds_are_ranked_one_to_one(served, sample, bits, precision):
    names = ("s1c", "s2c", "drift_time", "x_s2", "y_s2")
    features = np.stack([sample[name] for name in names], 1).astype(np.float32)
    features[::7, 1] = np.nan
    with served.client() as client:
        exact = client.score(TREE, features, raw=True)
        found = client.score(bits, features, raw=True)
        (description,) = client.models(bits)
    assert found.provenance.precision == precision
    assert found.value.tobytes() == exact.value.tobytes()
    assert description.evaluation.endswith(f", {bits} thresholds, one to one")


def test_a_calibration_belongs_to_the_precision(served):
    """That of float32 lies beside the artefact, and is refused."""
    with served.client() as client, pytest.raises(vigil.Unsupported, match="what runs is int8"):
        client.score("8-bit", np.zeros((1, 5), np.float32))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("fixed", "learner is not supported: found a model that XGBoost saved"),
        ("float", "splitting_convention is not supported: found a model that conifer saved"),
        ("type", "output 'margin' is float32[batch] in model.yaml and float64[batch] in the artefact"),
    ],
)
def test_what_is_not_as_the_manifest_says_is_one_line(tmp_path, name, words):
    models = tmp_path / "models"
    write_conifer(models, name, "wide" if name == "type" else "depth_4")
    manifest = models / name / "model.yaml"
    if name == "fixed":
        shutil.copy(MODELS / TREE / "1" / "model.json", models / name / "1")
    if name == "float":
        manifest.write_text(manifest.read_text().replace("precision: fixed\n", ""))
    if name == "type":
        manifest.write_text(manifest.read_text().replace(", type: float64", ""))
    (line,) = [
        line
        for line in check(configured(tmp_path / "vigild.yaml", models)).stdout.splitlines()
        if line.startswith(f"failed {name} 1: ")
    ]
    assert words in line
