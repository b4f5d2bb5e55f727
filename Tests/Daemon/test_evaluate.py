"""`vigil evaluate` finds what an independent measurement of the same daemon finds."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest
from scipy import stats

import laws
from daemon import BIN, SAMPLE
from measures import (
    ANOMALY_MODELS, CLASSIFIERS, Q, calibration, coverage_cells, reliability_cells, rows_at,
)  # fmt: skip
from measures import normal, positions, score  # noqa: F401 (fixtures)

RARE = 0.005


@pytest.fixture(scope="module")
def report(daemon):
    """What `vigil evaluate` says of the same daemon and sample."""
    command = [BIN / "vigil", "evaluate", SAMPLE, "--endpoint", daemon.endpoint, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_evaluate_reports_the_same_coverage_and_bands(report, positions, sample, normal):
    cells = {cell.label: cell for cell in coverage_cells(positions, sample, normal)}
    labels = {"< 600": 0, ">= 6500": 9}
    edges = calibration("position-cnn")["x"]["interval"]["bin_edges"][0]
    labels |= {f"[{a}, {b})": i for i, (a, b) in enumerate(zip(edges, edges[1:]), start=1)}
    assert len(report["coverage"]) == len(cells)
    for entry in report["coverage"]:
        own = cells.pop((entry["nominal"], entry["output"], labels[entry["bin"]]))
        assert (entry["model"], entry["events"]) == ("position-cnn", own.events)
        assert entry["measured"] == pytest.approx(own.measured, abs=1e-12)
        assert entry["low"] == pytest.approx(own.low, abs=1e-12), own
        assert entry["high"] == pytest.approx(own.high, abs=1e-12), own


def reliability_of(report, model, prior):
    entries = report["reliability"]
    return [entry for entry in entries if (entry["model"], entry["prior"]) == (model, prior)]


def test_evaluate_reports_the_same_reliability(report, score, sample):
    rows = np.flatnonzero(sample["kind"] <= 1)
    is_one = sample["kind"][rows] == 1
    assert len(report["reliability"]) == 2 * 10 * len(CLASSIFIERS)
    for model in CLASSIFIERS:
        p = score(model, prior=0.5).value[rows]
        cells = reliability_cells(p, is_one, p)
        found = reliability_of(report, model, 0.5)
        for entry, own in zip(found, cells, strict=True):
            assert (entry["output"], entry["events"]) == ("nr", own.events)
            assert entry["nominal"] == pytest.approx(own.label[1], rel=1e-6)
            # Equal probabilities at an edge may go either way.
            assert entry["measured"] == pytest.approx(own.measured, abs=0.005)
            band = laws.reliability_band(entry["nominal"], 4000, own.events, 10)
            assert (entry["low"], entry["high"]) == pytest.approx(band, abs=1e-12)
        assert sum(e["measured"] * e["events"] for e in found) == pytest.approx(is_one.sum())
        assert all(e["low"] <= e["measured"] <= e["high"] for e in found)


@pytest.mark.parametrize("model", CLASSIFIERS)
def test_evaluate_thins_rare_events_and_never_weights_them(report, score, sample, model):
    rows, known = rows_at(RARE, sample["kind"]), sample["kind"] <= 1
    is_one, p = sample["kind"][rows] == 1, score(model, prior=RARE).value
    # Calibration events fall into bins as test events do; there are 2.5 times as many.
    cells = reliability_cells(p[rows], is_one, p[known])
    found = reliability_of(report, model, RARE)
    for entry, own in zip(found, cells, strict=True):
        assert entry["events"] == own.events and entry["low"] <= entry["measured"] <= entry["high"]
        band = laws.reliability_band(entry["nominal"], 2.5 * own.label[2], own.events, 10)
        assert (entry["low"], entry["high"]) == pytest.approx(band, abs=2e-3)
    assert sum(e["measured"] * e["events"] for e in found) == pytest.approx(is_one.sum())
    assert [e["nominal"] for e in found] == sorted(e["nominal"] for e in found)
    assert found[-1]["nominal"] == pytest.approx(cells[-1].label[1], rel=0.2)


def test_evaluate_reports_the_same_separation_and_discoveries(report, score, sample, normal):
    for model in CLASSIFIERS:
        ratio = score(model, prior=0.5).log_likelihood_ratio
        one, zero = (ratio[sample["kind"] == kind].astype(float) for kind in (1, 0))
        area = stats.mannwhitneyu(one, zero).statistic / (len(one) * len(zero))
        (found,) = [entry["auc"] for entry in report["auc"] if entry["model"] == model]
        assert found == pytest.approx(area, abs=1e-9) and found >= 0.996
    assert [entry["model"] for entry in report["anomalies"]] == list(ANOMALY_MODELS)
    for entry in report["anomalies"]:
        kept = laws.discoveries(score(entry["model"]).p_value.astype(float), Q)
        assert (entry["q"], entry["kept"]) == (Q, kept.sum()) and kept.any()
        share = (kept & normal).sum() / kept.sum()
        assert entry["false_discovery_proportion"] == pytest.approx(share, abs=1e-12)
