"""`vigil calibrate`: what it fits and writes, and labels that it cannot use."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from daemon import Daemon, copy_models

from command import (
    REFERENCE,
    answer,
    complaint,
    document,
    edited_model,
    features,
    serving,
    stored,
    vigil_command,
)

BINS = "bins: {input: features, feature: s1c, edges: [6, 10, 15, 22, 30, 40, 55]}"
ROWS = 500


def by_energy(manifest):
    """Bins cut in a column that requests bring."""
    assert BINS in manifest
    return manifest.replace(BINS, "bins: {request: energy, edges: [5, 10]}").replace(
        "required: true", "required: false"
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The reference models, one without uncertainty, one binned by a request's column."""
    folder = copy_models(tmp_path_factory.mktemp("models"), *REFERENCE)
    edited_model(folder, "er-nr-tree", "no-interval", lambda text: text.split("uncertainty:")[0])
    edited_model(folder, "er-nr-tree", "by-energy", by_energy)
    return folder


@pytest.fixture(scope="module")
def served(folder):
    """A daemon whose models these tests may calibrate."""
    with Daemon(folder) as running:
        yield serving(running, [*REFERENCE, "no-interval", "by-energy"])


@pytest.fixture
def few(sample):
    return {name: column[:ROWS] for name, column in sample.items()}


def calibration(served, name):
    with served.client() as client:
        return client.models(name)[0]


def test_a_calibration_is_written_and_used(served, folder, sample, write, tmp_path):
    half = write(**{name: column[::2] for name, column in sample.items()})
    before = calibration(served, "er-nr-mlp")
    report = document("calibrate", "er-nr-mlp", "--data", half, at=served)
    path = folder / "er-nr-mlp" / "1" / "calibration-onnxruntime-float32-cpu.json"
    assert (report["model"], report["version"], report["file"]) == ("er-nr-mlp", "1", str(path))
    kind = sample["kind"][::2]
    assert report["events"] == np.sum(kind <= 1)
    assert {name: sum(events) for name, events in report["outputs"].items()} == {
        "margin/er": np.sum(kind == 0), "margin/nr": np.sum(kind == 1)
    }  # fmt: skip
    assert any(change.startswith("loaded er-nr-mlp 1 ") for change in report["reload"])
    after = calibration(served, "er-nr-mlp")
    assert after.calibration not in (None, before.calibration)
    assert after.digest == before.digest
    content = json.loads(path.read_text())
    assert after.digest in path.read_text() and content["events"] == report["events"]
    assert [p.name for p in path.parent.glob("*.part")] == []


def test_a_calibration_elsewhere_leaves_the_model_alone(served, folder, few, write, tmp_path):
    target = tmp_path / "calibration.json"
    before = calibration(served, "position-cnn")
    result = vigil_command(
        "calibrate", "position-cnn", "--data", write(**few), "-o", target, "--no-reload",
        at=served,
    )  # fmt: skip
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    normal = int(np.sum(few["kind"] <= 1))
    assert f"on {normal} events" in lines[0] and str(target) in lines[0]
    assert json.loads(target.read_text())["model"] == "position-cnn"
    assert calibration(served, "position-cnn") == before


def test_a_bin_of_too_few_events_has_an_infinite_interval_and_a_flag(tmp_path, few, make_daemon):
    """At 90 % a bin of 8 events has no quantile: (n + 1) 0.9 > n."""
    models = copy_models(tmp_path / "models", "position-cnn")
    running = serving(make_daemon(models), ["position-cnn"])
    result = vigil_command(
        "calibrate", "position-cnn", "--data", stored(tmp_path, **few), "--json", at=running
    )
    assert result.returncode == 0
    report = json.loads(result.stdout)
    counts = np.array(report["outputs"]["x"])
    assert counts.min() < 9 < counts.max()
    lines = [line for line in result.stderr.splitlines() if "infinite ellipses" not in line]
    warnings = {line[:18]: line for line in lines}
    for coverage, least in ((68, 3), (90, 9), (95, 19)):
        for axis in "xy":
            told = warnings.pop(f"warning: {axis} at {coverage} %", "")
            wanted = [f"({n} events)" for n in report["outputs"][axis] if n < least]
            assert re.findall(r"\(\d+ events\)", told) == wanted
    assert warnings == {}
    with running.client() as client:
        scores = client.score("position-cnn", few["hits"], coverage=0.9)
        s2 = client.score("position-cnn", few["hits"], raw=True).outputs["s2_top"].value
    edges = [600, 800, 1000, 1300, 1700, 2300, 3200, 4500, 6500]
    thin = counts[np.searchsorted(edges, s2, side="right")] < 9
    assert thin.any() and not thin.all()
    np.testing.assert_array_equal(np.isinf(scores.upper), thin)
    np.testing.assert_array_equal(np.isinf(scores.lower), thin)
    np.testing.assert_array_equal(scores.flags != 0, thin)


NO_NR = "data.npz[kind]: no event of class nr (label 1)"
FEW_KINDS = "data.npz[kind]: found 400 values for 500 events"
WRONG_LABELS = {
    "no truth": ("er-nr-tree", lambda few: few.pop("kind"), "'kind'"),
    "no position": ("position-cnn", lambda few: few.pop("true_x"), "'true_x'"),
    "no input": ("position-cnn", lambda few: few.pop("hits"), "'hits'"),
    "one class": ("er-nr-mlp", lambda few: few.update(kind=np.zeros(ROWS, "i4")), NO_NR),
    "no class": ("er-nr-mlp", lambda few: few.update(kind=np.full(ROWS, 7)), "class er (label 0)"),
    "no normal": ("pattern-autoencoder", lambda few: few.update(kind=np.full(ROWS, 7)), "label"),
    "no finite truth": (
        "position-cnn", lambda few: few.update(true_x=np.full(ROWS, np.nan)), "finite truth",
    ),
    "short truth": ("er-nr-tree", lambda few: few.update(kind=np.zeros(400)), FEW_KINDS),
    "short position": ("position-cnn", lambda few: few.update(true_y=np.zeros(400)), "true_y"),
    "short kind": ("position-cnn", lambda few: few.update(kind=np.zeros(400)), FEW_KINDS),
    "wide kind": (
        "position-cnn", lambda few: few.update(kind=np.zeros((ROWS, 2))), "[kind]: found the shape",
    ),
    "text kind": ("position-cnn", lambda few: few.update(kind=np.full(ROWS, "nr")), "'<U2'"),
    "short bins": (
        "er-nr-tree", lambda few: few.update(features=features(few), s1c=few["s1c"][:9]), "s1c",
    ),
    "no column": ("by-energy", lambda few: None, "'energy'"),
    "short column": (
        "by-energy", lambda few: few.update(energy=np.ones(400)), "[energy]: found 400 values",
    ),
    "long column": (
        "by-energy", lambda few: few.update(energy=np.ones(600)), "[energy]: found 600 values",
    ),
    "empty": (
        "er-nr-tree", lambda few: [few.update({n: c[:0]}) for n, c in few.items()], "no events",
    ),
    "no interval": ("no-interval", lambda few: None, "no uncertainty"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_LABELS)
def test_labels_that_cannot_calibrate_are_told(served, few, write, tmp_path, case):
    model, change, named = WRONG_LABELS[case]
    change(few)
    target = tmp_path / "calibration.json"
    line = complaint(
        "calibrate", model, "--data", write(**few), "-o", target, "--no-reload", at=served
    )
    assert named in line
    assert not target.exists()


def test_a_bin_column_without_a_number_is_told_by_name(served, few, write, tmp_path):
    energy = np.ones(ROWS)
    energy[17] = np.nan
    few.update(energy=energy, kind=np.arange(ROWS) % 2)
    target = tmp_path / "calibration.json"
    line = complaint(
        "calibrate", "by-energy", "--data", write(**few), "-o", target, "--no-reload", at=served
    )
    assert line.endswith("data.npz[energy]: found nan in row 17, allowed are numbers")
    assert not target.exists()


def test_the_models_own_column_of_a_request_is_sent(served, few, write, tmp_path):
    few.update(energy=few["true_energy"])
    result = vigil_command("calibrate", "by-energy", "--data", write(**few), at=served)
    assert result.returncode == 0, result.stderr
    target = tmp_path / "scores.npz"
    answer("score", write(**few), "-m", "by-energy", "-o", target, at=served)
    with served.client() as client, np.load(target) as found:
        scores = client.score("by-energy", features(few), columns={"energy": few["energy"]})
        for name, array in scores.p_values.items():
            assert found[f"p_{name}"].tobytes() == array.tobytes()


def test_a_calibration_that_cannot_be_written_is_told(served, few, write, tmp_path):
    target = tmp_path / "none" / "calibration.json"
    line = complaint(
        "calibrate", "er-nr-tree", "--data", write(**few), "-o", target, at=served
    )
    assert str(target.parent) in line
