"""A regression ensemble: mean, what its members doubt, and intervals that hold in every bin."""

from __future__ import annotations

import json

import numpy as np
import pytest

import laws
from daemon import Daemon
from ensembles import EDGES, energy_events, write_energy

from command import document, serving, stored


@pytest.fixture(scope="module")
def events():
    """Events that calibrate, and others."""
    return energy_events(6000, 1), energy_events(8000, 2)


@pytest.fixture(scope="module")
def served(tmp_path_factory, events):
    """A daemon whose model was calibrated through it, and the calibration."""
    models = tmp_path_factory.mktemp("models")
    write_energy(models)
    path = stored(tmp_path_factory.mktemp("data"), **events[0])
    with Daemon(models) as daemon:
        serving(daemon, ["energy"])
        document("calibrate", "energy", "--data", path, at=daemon)
        file = models / "energy" / "1" / "calibration-onnxruntime-float32-cpu.json"
        yield daemon, json.loads(file.read_text())["outputs"][0]


@pytest.fixture(scope="module")
def answer(served, events):
    with served[0].client() as client:
        return client.score("energy", events[1]["x"], outputs=["sigma"])


@pytest.fixture(scope="module")
def members(served, events):
    """Means and standard deviations of the members."""
    with served[0].client() as client:
        raw = client.score("energy", events[1]["x"], raw=True)
    return [raw.outputs[name].value.astype(float) for name in ("energy", "sigma")]


def test_what_members_doubt_adds_up(answer, members):
    means, sigmas = members
    assert answer.answer.unit == "keV" and answer.method == "ensemble"
    np.testing.assert_allclose(answer.value, means.mean(1), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(
        answer.answer.aleatoric, np.sqrt((sigmas**2).mean(1)), rtol=1e-6
    )
    np.testing.assert_allclose(answer.answer.epistemic, means.std(1), rtol=1e-6, atol=1e-7)


def test_intervals_follow_from_the_calibration_file(served, answer, members, events):
    means, sigmas = members
    sigma = np.sqrt((sigmas**2).mean(1) + means.var(1))
    interval = served[1]["interval"]
    assert interval["method"] == "normalised"
    bins = np.searchsorted(EDGES, events[1]["x"][:, 1], side="right")
    for cell, scores in enumerate(interval["scores"]):
        quantile = laws.conformal_quantile(np.array(scores, "f4").astype(float), 0.9)
        half = quantile * sigma[bins == cell]
        centre = means.mean(1)[bins == cell]
        np.testing.assert_allclose(answer.lower[bins == cell], centre - half, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(answer.upper[bins == cell], centre + half, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("coverage", [0.5, 0.9, 0.99])
def test_every_bin_is_covered(served, events, coverage):
    columns = events[1]
    with served[0].client() as client:
        scores = client.score("energy", columns["x"], coverage=coverage)
    inside = (scores.lower <= columns["true_energy"]) & (columns["true_energy"] <= scores.upper)
    bins = np.searchsorted(EDGES, columns["x"][:, 1], side="right")
    for cell, count in enumerate(served[1]["interval"]["events_per_bin"]):
        chosen = bins == cell
        low, high = laws.coverage_band(count, chosen.sum(), coverage, 9)
        assert low <= inside[chosen].mean() <= high


def test_an_event_has_the_same_bits_whatever_its_batch(served, answer, events):
    with served[0].client() as client:
        alone = client.score("energy", events[1]["x"][17:18])
    for name in ("value", "lower", "upper", "aleatoric", "epistemic"):
        whole = getattr(answer.answer, name)[17:18]
        assert getattr(alone.answer, name).tobytes() == whole.tobytes()


def test_truths_are_held_against_the_members_interval(served, answer, events):
    columns = events[1]
    with served[0].client() as client:
        client.truth("energy", {"true_energy": columns["true_energy"]}, columns["x"])
        rows = client.calibrations("energy").coverage
    inside = (answer.lower <= columns["true_energy"]) & (columns["true_energy"] <= answer.upper)
    bins = np.searchsorted(EDGES, columns["x"][:, 1], side="right")
    found = [(row.events, row.covered, row.standing) for row in rows]
    cells = [bins == cell for cell in range(len(EDGES) + 1)]
    assert found == [(cell.sum(), inside[cell].sum(), "holds") for cell in cells]
