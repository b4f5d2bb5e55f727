"""Weighted intervals: the spectrum of the data differs from the simulation's that calibrates."""

from __future__ import annotations

import json

import numpy as np
import pytest

from daemon import Daemon
from frames import message, refused
from peers import watched
from spectra import DOMAIN, EDGES, MANIFEST, events, write_model
from vigil import FLAG_INFINITE, FLAG_UNBINNED

from command import answer, complaint, document, serving, stored

WEIGHTS = {
    "plain": "",
    "histogram": f"      weight: {{input: x, feature: second, edges: {EDGES}}}",
    "column": "      weight: {request: likely}",
    "cut": f"      weight: {{input: x, feature: second, edges: {EDGES}}}\n"
    "      bins: {input: x, feature: first, edges: [0.5]}",
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for name, rest in WEIGHTS.items():
        write_model(folder, name, MANIFEST.format(name=name, rest=rest))
    write_model(folder, "domain", DOMAIN)
    return folder


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Simulation that calibrates, data without truths, and both labelled for the classifier."""
    folder = tmp_path_factory.mktemp("data")
    simulation, data = events(20_000, 1, False), events(20_000, 2, True)
    both = {name: np.concatenate([simulation[name], data[name]]) for name in simulation}
    return {
        "simulation": stored(folder, name="simulation", **simulation),
        "data": stored(folder, name="data", x=data["x"]),
        "both": stored(folder, name="both", **both),
    }


@pytest.fixture(scope="module")
def running(models, files):
    """A daemon whose models were calibrated through it."""
    with Daemon(models) as daemon:
        serving(daemon, [*WEIGHTS, "domain"])
        simulation = ["--data", files["simulation"]]
        document("calibrate", "domain", "--data", files["both"], at=daemon)
        document("calibrate", "plain", *simulation, at=daemon)
        for name in ("histogram", "cut"):
            words = ["calibrate", name, *simulation, "--target", files["data"]]
            report = document(*words, at=daemon)
            assert len(report["effective_events"]["energy"]) == len(report["outputs"]["energy"])
            # Nothing that was held out speaks for the data.
            assert report["coverage"] == []
            assert any("Weighted intervals hold" in text for text in report["guarantees"])
        document("calibrate", "column", *simulation, "--classifier", "domain", at=daemon)
        yield daemon


def calibration(models, name):
    path = models / name / "1" / "calibration-onnxruntime-float32-cpu.json"
    return json.loads(path.read_text())["outputs"][0]


def score(running, name, x, **options):
    with running.client() as client:
        return client.score(name, x, **options)


def likelihood_ratio(running, x):
    return np.exp(score(running, "domain", x).log_likelihood_ratio.astype(float))


def coverage(output, test):
    return ((output.lower <= test["true_energy"]) & (test["true_energy"] <= output.upper)).mean()


def test_weights_repair_a_shift_of_the_spectrum(running):
    test = events(20_000, 3, True)
    plain = score(running, "plain", test["x"]).answer
    assert plain.method == "absolute" and coverage(plain, test) < 0.84
    for name in ("histogram", "cut"):
        weighted = score(running, name, test["x"]).answer
        assert weighted.method == "weighted absolute"
        assert abs(coverage(weighted, test) - 0.9) < 0.015, name
    likely = likelihood_ratio(running, test["x"])
    weighted = score(running, "column", test["x"], columns={"likely": likely}).answer
    assert abs(coverage(weighted, test) - 0.9) < 0.015


def weighted_quantile(scores, weights, own, coverage):
    """The formula of Tibshirani et al. with the event's own weight at infinity."""
    order = np.argsort(scores, kind="stable")
    sums = np.cumsum(weights[order])
    wanted = coverage * (sums[-1] + own) * (1 - 1e-12)
    place = np.searchsorted(sums, wanted)
    return np.inf if place == len(scores) else scores[order][place]


@pytest.mark.parametrize("asked", [0.5, 0.9, 0.99])
def test_intervals_follow_from_the_calibration_file(running, models, asked):
    test = events(300, 4, True)
    file = calibration(models, "histogram")["weighted_interval"]
    weight = file["weight"]
    assert weight["column"] == {"source": "input", "name": "x", "feature": "second"}
    shares = [np.array(weight[name], float) for name in ("data_events", "calibration_events")]
    ratios = (shares[0] / shares[0].sum()) / (shares[1] / shares[1].sum())
    scores, weights = np.array(file["scores"][0]), np.array(file["weights"][0])
    found = score(running, "histogram", test["x"], coverage=asked).answer
    bins = np.searchsorted(np.array(EDGES), test["x"][:, 1].astype(float), side="right")
    for row in range(300):
        half = weighted_quantile(scores, weights, ratios[bins[row]], asked)
        np.testing.assert_allclose(found.upper[row] - test["x"][row, 0], half, atol=3e-7)
        assert (found.flags[row] == FLAG_INFINITE) == np.isinf(half)


def test_a_column_is_the_weight_itself(running, models):
    test = events(200, 5, True)
    file = calibration(models, "column")["weighted_interval"]
    assert file["weight"] == {"column": {"source": "request", "name": "likely"}}
    scores, weights = np.array(file["scores"][0]), np.array(file["weights"][0])
    own = np.linspace(0, 400, 200)
    for dtype in ("f4", "f8"):
        columns = {"likely": own.astype(dtype)}
        found = score(running, "column", test["x"], columns=columns).answer
        wanted = [weighted_quantile(scores, weights, float(one), 0.9) for one in own.astype(dtype)]
        np.testing.assert_allclose(found.upper - test["x"][:, 0], wanted, atol=3e-7)


def test_an_event_that_cannot_be_weighed_says_so(running):
    x = events(6, 6, True)["x"]
    likely = np.array([1, np.nan, -1, np.inf, 1e30, 0])
    found = score(running, "column", x, columns={"likely": likely}).answer
    unbinned, infinite = FLAG_UNBINNED, FLAG_INFINITE
    assert found.flags.tolist() == [0, unbinned, unbinned, infinite, infinite, 0]
    assert np.isnan(found.lower).tolist() == [False, True, True, False, False, False]
    assert np.isinf(found.upper).tolist() == [False, False, False, True, True, False]


def test_provenance_counts_effective_events(running, models):
    for name in ("histogram", "cut"):
        file = calibration(models, name)["weighted_interval"]
        bins = score(running, name, events(2, 7, True)["x"]).provenance.bins[0]
        wanted = [np.sum(own) ** 2 / np.sum(np.square(own)) for own in file["weights"]]
        np.testing.assert_allclose(bins.effective_events, wanted, rtol=1e-12)
        assert all(0.2 * n < e < 0.9 * n for e, n in zip(bins.effective_events, bins.events))
    assert score(running, "plain", events(2, 7, True)["x"]).provenance.bins[0].effective_events == ()


def test_a_file_is_scored_with_the_classifier_s_weights(running, tmp_path):
    test = events(500, 8, True)
    path = tmp_path / "scores.npz"
    words = ["score", stored(tmp_path, x=test["x"]), "-m", "column", "-o", path]
    answer(*words, "--classifier", "domain", at=running)
    likely = likelihood_ratio(running, test["x"])
    wanted = score(running, "column", test["x"], columns={"likely": likely}).answer
    with np.load(path) as written:
        np.testing.assert_allclose(written["energy_upper"], wanted.upper, rtol=1e-6)
    assert "no array 'likely'" in complaint(*words, at=running)
    told = complaint(*words, "--classifier", "plain", at=running)
    assert "'plain' has task regression, allowed is binary" in told
    words[3] = "plain"
    told = complaint(*words, "--classifier", "domain", at=running)
    assert "'plain' weighs no events by a column" in told


# MARK: Refusals


def test_a_column_that_is_missing(running):
    def asked(**columns):
        made = message("column").input("x", np.zeros((2, 2), "<f4"))
        for name, values in columns.items():
            made.column(name, np.array(values, "<f4"))
        return made

    with watched(running, asked(likely=[1, 2])) as peer:
        refused(peer.ask(asked()), "INVALID", "columns", "'likely' is missing", "weighs the events")


def test_data_that_cannot_weigh(running, files, tmp_path):
    words = ["calibrate", "histogram", "--data", files["simulation"]]
    output = ["--output", tmp_path / "c.json"]
    assert "--target names events" in complaint(*words, *output, at=running)
    # The data lie where one event in some thousands calibrates.
    far = {"x": np.stack([np.full(500, 0.5), np.full(500, 0.999)], 1).astype("f4")}
    rare = events(20_000, 9, False)
    few = rare["x"][:, 1] < 0.9
    few[np.flatnonzero(~few)[:40]] = True
    path = stored(tmp_path, name="rare", **{name: values[few] for name, values in rare.items()})
    told = complaint(
        "calibrate", "histogram", "--data", path, "--target", stored(tmp_path, **far), *output,
        at=running,
    )  # fmt: skip
    assert "found 40 effective events, allowed: at least 100" in told
    plain = ["calibrate", "plain", "--data", files["simulation"], *output]
    told = complaint(*plain, "--target", files["data"], at=running)
    assert "'plain' weighs no events by histograms" in told
    told = complaint(*plain, "--classifier", "domain", at=running)
    assert "'plain' weighs no events by a column" in told
    assert not (tmp_path / "c.json").exists()


def test_a_calibration_without_the_manifest_s_weights_is_not_used(models, tmp_path, make_daemon):
    for name, other, words in [
        ("histogram", "plain", "the calibration is not weighted"),
        ("plain", "histogram", "the calibration is weighted"),
        ("column", "histogram", "the weight is not that of the manifest"),
    ]:
        path = models / other / "1" / "calibration-onnxruntime-float32-cpu.json"
        write_model(tmp_path, name, MANIFEST.format(name=name, rest=WEIGHTS[name]))
        text = path.read_text().replace(f'"model": "{other}"', f'"model": "{name}"')
        (tmp_path / name / "1" / path.name).write_text(text)
        running = make_daemon(tmp_path)
        serving(running, [name])
        with running.client() as client:
            assert words in client.models(name)[0].calibration_reason
        running.__exit__()
