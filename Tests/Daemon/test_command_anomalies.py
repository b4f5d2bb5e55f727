"""`vigil anomalies`: discoveries against scipy, over one model and several."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from daemon import SAMPLE, Daemon, copy_models
from frames import variant

from command import answer, complaint, document, misuse, serving, stored

NAME = "pattern-autoencoder"
ONE = ("--model", NAME)
KINEMATIC = "kinematic-neighbours"
# Kinds that show in S1, S2 and position, and those that show in the hit pattern.
WALL, ACCIDENTAL, DOUBLE, HOT = 2, 3, 4, 5


@pytest.fixture(scope="module")
def p_values(served, sample):
    with served.client() as client:
        return client.score(NAME, sample["hits"]).p_values["normal"].astype(float)


@pytest.mark.parametrize("fdr", [0.05, 0.1, 0.2])
def test_kept_events_are_those_of_benjamini_and_hochberg(served, sample, p_values, fdr, tmp_path):
    path = tmp_path / "found.npz"
    report = document("anomalies", SAMPLE, *ONE, "--fdr", fdr, "-o", path, at=served)
    q_values = stats.false_discovery_control(p_values)
    with np.load(path) as found:
        np.testing.assert_array_equal(found["p_value"], p_values)
        np.testing.assert_allclose(found["q_value"], q_values, rtol=1e-12)
        np.testing.assert_array_equal(found["event_id"], sample["event_id"])
    rows = [event["row"] for event in report["kept"]]
    assert sorted(rows) == list(np.flatnonzero(q_values <= fdr))
    assert report["events"] == len(p_values) and report["without_p_value"] == 0
    events = int(round(1 / report["models"][0]["floor"])) - 1
    for event in report["kept"]:
        row = event["row"]
        assert event["event_id"] == sample["event_id"][row]
        assert event["is_floor"] == (round(p_values[row] * (events + 1)) == 1)
    # Of what is kept few are normal.
    assert np.mean(sample["kind"][rows] <= 1) < fdr


def test_p_values_for_the_calibration_at_hand(served, p_values, tmp_path):
    path = tmp_path / "found.npz"
    report = document("anomalies", SAMPLE, *ONE, "--conditional", "-o", path, at=served)
    with np.load(path) as found:
        adjusted = found["p_value"]
    assert report["confidence"] == 0.95
    assert np.all(adjusted >= p_values)
    assert np.all(adjusted[p_values > 0.51] == 1)
    order = np.argsort(p_values)
    assert np.all(np.diff(adjusted[order]) >= 0)
    floor = report["models"][0]["floor"]
    assert floor == pytest.approx(adjusted.min()) and floor > p_values.min()


def test_several_models_are_combined(sample, tmp_path):
    models = copy_models(tmp_path / "models", NAME)
    variant(models, NAME, "second")
    with Daemon(models) as running:
        serving(running, [NAME, "second"])
        with running.client() as client:
            p = client.score(NAME, sample["hits"][:2000]).p_values["normal"].astype(float)
        data = stored(tmp_path, **{name: column[:2000] for name, column in sample.items()})
        path = tmp_path / "found.npz"
        report = document("anomalies", data, "-o", path, at=running)
        assert report["combination"] == "simes"
        with np.load(path) as found:
            np.testing.assert_allclose(found["p_value"], p, rtol=1e-12)
            np.testing.assert_array_equal(found["p_second"], found[f"p_{NAME}"])
        document("anomalies", data, "--combine", "fisher", "-o", path, at=running)
        fisher = stats.chi2.sf(-4 * np.log(p), 4)
        with np.load(path) as found:
            np.testing.assert_allclose(found["p_value"], fisher, rtol=1e-9)
        one = document("anomalies", data, "--model", "second", at=running)
        assert "combination" not in one
        assert [model["name"] for model in one["models"]] == ["second"]


def shares_kept(served, sample, *options):
    """Share of each kind that is kept at a rate of 0.1, and of normal events among what is kept."""
    report = document("anomalies", SAMPLE, *options, at=served)
    kept = np.zeros(len(sample["kind"]), bool)
    kept[[event["row"] for event in report["kept"]]] = True
    shares = np.array([kept[sample["kind"] == kind].mean() for kind in range(6)])
    return report, shares, np.mean(sample["kind"][kept] <= 1)


@pytest.mark.parametrize("combination", ["simes", "fisher"])
def test_both_scores_together_find_what_each_alone_is_blind_to(served, sample, combination):
    report, both, proportion = shares_kept(served, sample, "--combine", combination)
    assert [model["name"] for model in report["models"]] == [KINEMATIC, NAME]
    assert report["combination"] == combination
    _, pattern, _ = shares_kept(served, sample, *ONE)
    _, kinematic, _ = shares_kept(served, sample, "--model", KINEMATIC)
    print(f"{combination}: {both}, normal among kept {proportion:.3f}")
    assert pattern[WALL] < 0.05 and pattern[ACCIDENTAL] < 0.05
    assert kinematic[DOUBLE] < 0.25 and kinematic[HOT] < 0.05
    assert both[WALL] > 0.4 and both[ACCIDENTAL] > 0.25
    assert both[DOUBLE] > 0.94 and both[HOT] > 0.98
    # 0.1 times the share of normal events, 0.8. Some 240 normal events are kept, and 600 of the
    # calibration lie beyond them: one standard deviation is 0.08 (1 / 240 + 1 / 600)^0.5 = 0.006.
    assert proportion == pytest.approx(0.08, abs=3 * 0.006)


def test_discoveries_are_told_to_people(served):
    text = answer("anomalies", SAMPLE, *ONE, at=served)
    assert "kept at a false-discovery rate of 0.1" in text and "<= " in text
    assert "which means at most" in text and "more" in text


def test_nothing_strange_is_nothing_kept(served, sample, tmp_path):
    normal = np.flatnonzero(sample["kind"] <= 1)[:200]
    with served.client() as client:
        p = client.score(NAME, sample["hits"][normal]).p_values["normal"]
    calm = normal[p > 0.2]
    data = stored(tmp_path, hits=sample["hits"][calm])
    report = document("anomalies", data, *ONE, at=served)
    assert report["kept"] == [] and report["events"] == len(calm)
    assert "0 kept" in answer("anomalies", data, *ONE, at=served)


@pytest.mark.parametrize(
    "model, told",
    [("er-nr-mlp", "is a binary model: it gives no anomaly score"), ("none", "no model 'none'")],
)
def test_what_gives_no_anomaly_score_is_told(served, model, told):
    assert told in complaint("anomalies", SAMPLE, "--model", model, at=served)


@pytest.mark.parametrize(
    "words", [["--fdr=0"], ["--fdr=1"], ["--confidence=2"], ["--output=x.txt"], ["--combine=mean"]]
)
def test_wrong_options_are_refused(words):
    assert words[0].split("=")[0] in misuse("anomalies", "x.npz", *words)
