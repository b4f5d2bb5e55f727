"""`vigil cut`: thresholds against scipy's binomial law, and what cannot be cut."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from daemon import SAMPLE

from command import answer, complaint, document, features, misuse, stored


def margins(served, sample, kind, model="er-nr-mlp"):
    with served.client() as client:
        raw = client.score(model, features(sample), raw=True)
    return raw.outputs["margin"].value[sample["kind"] == kind].astype(float)


def last_allowed(events, leakage, tail):
    """The largest count that P(X <= count) <= tail, or -1."""
    counts = np.arange(events + 1)
    fits = stats.binom.cdf(counts, events, leakage) <= tail
    return int(counts[fits].max()) if fits.any() else -1


@pytest.mark.parametrize("leakage, confidence", [(1e-3, 0.95), (0.01, 0.9), (0.05, 0.68)])
def test_a_cut_is_the_lowest_that_the_binomial_law_certifies(served, sample, leakage, confidence):
    report = document(
        "cut", "er-nr-mlp", "--data", SAMPLE, "--leakage", leakage, "--confidence", confidence,
        at=served,
    )  # fmt: skip
    background = np.sort(margins(served, sample, 0))[::-1]
    allowed = last_allowed(len(background), leakage, 1 - confidence)
    assert report["guarantee"] == "learn-then-test"
    assert report["threshold"] == background[allowed]
    assert report["background"]["passing"] == np.sum(background > background[allowed])
    signal = margins(served, sample, 1)
    passing = int(np.sum(signal > report["threshold"]))
    assert (report["signal"]["events"], report["signal"]["passing"]) == (len(signal), passing)
    exact = stats.binomtest(passing, len(signal)).proportion_ci(confidence, method="exact")
    assert report["signal"]["low"] == pytest.approx(exact.low, abs=1e-9)
    assert report["signal"]["high"] == pytest.approx(exact.high, abs=1e-9)
    # The band of the threshold: order statistics that the true quantile lies between.
    tail = (1 - confidence) / 2
    above = last_allowed(len(background), leakage, tail)
    below = int(stats.binom.ppf(1 - tail, len(background), leakage))
    assert report["threshold_high"] == background[above]
    assert report["threshold_low"] == background[below]
    assert report["threshold_low"] < report["threshold"] <= report["threshold_high"]


def test_the_mean_leakage_is_kept_by_risk_control(served, sample):
    report = document(
        "cut", "er-nr-tree", "--data", SAMPLE, "--leakage", 0.01, "--mean", at=served
    )
    background = np.sort(margins(served, sample, 0, "er-nr-tree"))
    sums = np.array([np.sum(background > place) for place in background])
    first = np.flatnonzero((sums + 1) / (len(background) + 1) <= 0.01)[0]
    assert report["guarantee"] == "risk-control"
    assert report["threshold"] == background[first]


def test_a_cut_is_told_to_people(served):
    text = answer("cut", "er-nr-mlp", "--data", SAMPLE, at=served)
    assert "keeps the leakage at or below 0.001 with 95 % confidence" in text
    assert "er " in text and "nr " in text and "Clopper" in text


def test_too_few_events_say_how_many_would_do(served, sample, tmp_path):
    few = stored(tmp_path, **{name: column[:500] for name, column in sample.items()})
    count = int(np.sum(sample["kind"][:500] == 0))
    told = complaint("cut", "er-nr-mlp", "--data", few, at=served)
    assert f"{count} background events cannot show a leakage of 0.001, 2995 can" in told
    assert 0.999**2995 <= 0.05 < 0.999**2994
    told = complaint("cut", "er-nr-mlp", "--data", few, "--mean", at=served)
    assert "999 can" in told


@pytest.mark.parametrize(
    "model, told", [("position-cnn", "gives no binary score"), ("none", "no model 'none'")]
)
def test_what_is_no_binary_model_is_not_cut(served, model, told):
    assert told in complaint("cut", model, "--data", SAMPLE, at=served)


def test_a_class_without_events_is_named(served, sample, tmp_path):
    only = sample["kind"] != 1
    data = stored(tmp_path, **{name: column[only] for name, column in sample.items()})
    assert "no event of class nr (label 1)" in complaint(
        "cut", "er-nr-mlp", "--data", data, at=served
    )


@pytest.mark.parametrize("option", ["--leakage", "--confidence"])
@pytest.mark.parametrize("value", ["0", "1", "nan", "-0.1"])
def test_limits_that_are_none_are_refused(option, value):
    assert f"{option} " in misuse("cut", "m", "--data", "x.npz", f"{option}={value}")
