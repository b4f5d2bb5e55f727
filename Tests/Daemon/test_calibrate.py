"""Calibrations that are missing, and those that `vigil calibrate` makes."""

import json

import numpy as np
import pytest

import vigil
from command import answer, document, wait_until
from daemon import MODELS, copy_models
from frames import FEATURES
from versions import ROWS, SHIFT, TREE, add_version, digest, edit, keep_versions, margin


@pytest.fixture
def models(tmp_path):
    return copy_models(tmp_path / "models", TREE)


@pytest.fixture(scope="module")
def features(sample):
    return np.stack([sample[name][:ROWS] for name in FEATURES], 1)


def test_without_calibration_raw_scores_only(models, make_daemon, features):
    keep_versions(models, 2)
    add_version(models, calibrated=False)
    edit(models, TREE, "  required: true\n", "  required: false\n")
    with make_daemon(models).client() as client:
        assert client.status().ready
        shift = margin(client, features, "2") - margin(client, features, "1")
        assert np.allclose(shift, SHIFT, atol=1e-4)
        raw = client.score(TREE, features, raw=True)
        assert raw.provenance.calibration is None and raw.lower is None and not raw.p_values
        assert raw.method == "raw"
        with pytest.raises(vigil.Unsupported, match="no calibration file") as refusal:
            client.score(TREE, features)
        assert str(models / TREE / "2") in str(refusal.value)
        # The other version has its own.
        assert client.score(TREE, features, version="1").lower is not None
        second, first = client.models(TREE)
        assert (second.state, second.calibration) == ("serving", None)
        assert "no calibration file" in second.calibration_reason
        assert first.calibration is not None and first.calibration_reason is None


def test_a_required_calibration_that_is_missing_makes_readiness_false(
    models, make_daemon, features
):
    (calibration,) = (models / TREE / "1").glob("calibration*.json")
    aside = calibration.rename(models / "aside.json")
    running = make_daemon(models, wait=False)
    with running.client() as client:
        assert wait_until(lambda: "models are loading" not in client.status().reasons)
        (reason,) = client.status().reasons
        assert not client.status().ready
        assert reason.startswith(f"model {TREE}: calibration is required: ")
        assert f"no calibration file in {models / TREE / '1'}" in reason
        assert client.score(TREE, features, raw=True).method == "raw"
        aside.rename(calibration)
        client.reload()
        assert client.status().ready and client.score(TREE, features).lower is not None


@pytest.fixture(scope="module")
def labelled(sample, tmp_path_factory):
    """Every second event of the kinds that the models were calibrated on."""
    path = tmp_path_factory.mktemp("data") / "labelled.npz"
    chosen = np.flatnonzero(sample["kind"] <= 1)[::2]
    np.savez(path, **{name: values[chosen] for name, values in sample.items()})
    return path


@pytest.mark.parametrize("name", sorted(path.parent.name for path in MODELS.glob("*/model.yaml")))
def test_calibrate_writes_a_file_that_serves_at_once(
    tmp_path, make_daemon, labelled, sample, name
):
    folder = copy_models(tmp_path / "models", name) / name / "1"
    (shipped,) = folder.glob("calibration*.json")
    shipped.unlink()
    running = make_daemon(folder.parents[1], wait=False)
    with running.client() as client:
        assert wait_until(lambda: "models are loading" not in client.status().reasons)
        values = sample["hits"]
        if client.models(name)[0].inputs[0].name == "features":
            values = np.stack([sample[column] for column in FEATURES], 1)
        with pytest.raises(vigil.Unsupported, match="no calibration file"):
            client.score(name, values[:1])
        before = client.score(name, values[:500], raw=True)
        report = document("calibrate", name, "--data", labelled, at=running)
        assert report["file"] == str(shipped) and report["events"] == 8000
        assert [path.name for path in folder.glob("calibration*")] == [shipped.name]
        told = json.loads(shipped.read_text())
        (artefact,) = [*folder.glob("model.*"), *folder.glob("firmware.json")]
        assert told["artefact_digest"] == digest(artefact)
        assert told["data_digest"] == digest(labelled)
        arithmetic = ("fixed", "firmware") if artefact.stem == "firmware" else ("float32", "cpu")
        assert (told["model"], told["precision"], told["device_class"]) == (name, *arithmetic)
        scores = client.score(name, values)
        assert scores.provenance.calibration == digest(shipped).removeprefix("sha256:")[:16]
        assert scores.provenance.calibration_date == told["date"]
        assert all(sum(bins.events) > 0 for bins in scores.provenance.bins)
        assert client.status().ready and client.models(name)[0].calibration_reason is None
        after = client.score(name, values[:500], raw=True)
        assert before.value.tobytes() == after.value.tobytes()
    # Judged on the events that were not used.
    rest = np.flatnonzero(sample["kind"] <= 1)[1::2]
    if name == "position-cnn":
        inside = (scores.lower <= sample["true_x"]) & (sample["true_x"] <= scores.upper)
        assert 0.87 < inside[rest].mean() < 0.93
    elif name in ("kinematic-neighbours", "pattern-autoencoder"):
        assert 0.07 < (scores.p_value[rest] <= 0.1).mean() < 0.13
    else:
        kind = sample["kind"][rest]
        assert 0.07 < (scores.p_values["nr"][rest][kind == 1] <= 0.1).mean() < 0.13
        assert abs(scores.value[rest].mean() - kind.mean()) < 0.02


def test_calibrate_leaves_the_daemon_as_it_is_when_asked_to(
    models, make_daemon, features, labelled
):
    (shipped,) = (models / TREE / "1").glob("calibration*.json")
    shipped.unlink()
    elsewhere = models.parent / "new.json"
    running = make_daemon(models, wait=False)
    with running.client() as client:
        assert wait_until(lambda: "models are loading" not in client.status().reasons)
        options = ("--data", labelled, "--no-reload")
        answer("calibrate", TREE, *options, "--output", elsewhere, at=running)
        assert elsewhere.exists() and not shipped.exists()
        answer("calibrate", TREE, *options, at=running)
        assert shipped.exists()
        with pytest.raises(vigil.Unsupported):
            client.score(TREE, features)
        assert any(line.startswith(f"loaded {TREE} 1") for line in client.reload())
        assert client.score(TREE, features).lower is not None
