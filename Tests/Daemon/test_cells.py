"""Bins along two columns and limits of one side: calibrated, served, quoted and evaluated."""

from __future__ import annotations

import numpy as np
import pytest

import laws
from daemon import Daemon, copy_models
from vigil import FLAG_INFINITE, FLAG_UNBINNED

from command import document, edited_model, serving, stored

S2_EDGES = [1000, 2000, 4000]
DRIFT_EDGES = [300, 700]
BINS = "{output: s2_top, edges: [600, 800, 1000, 1300, 1700, 2300, 3200, 4500, 6500]}"
CELLS = f"[{{output: s2_top, edges: {S2_EDGES}}}, {{request: drift_time, edges: {DRIFT_EDGES}}}]"
COVERAGE = 0.9
NAME = "limits"


def manifest(text):
    """x in cells with an upper limit, y in cells with a lower one, of absolute residuals."""
    for axis, side in (("x", "upper"), ("y", "lower")):
        quantiles = f"method: cqr\n      lower: {axis}_low\n      upper: {axis}_high"
        assert quantiles in text
        text = text.replace(quantiles, f"method: absolute\n      side: {side}")
    assert text.count(BINS) == 2
    return text.replace(BINS, CELLS).replace("required: true", "required: false")


@pytest.fixture(scope="module")
def served(tmp_path_factory, halves):
    """A daemon whose model was calibrated through it."""
    folder = tmp_path_factory.mktemp("cells")
    models = copy_models(folder / "models")
    edited_model(models, "position-cnn", NAME, manifest)
    with Daemon(models) as running:
        serving(running, [NAME])
        data = stored(folder, **halves[0])
        document("calibrate", NAME, "--data", data, at=running)
        yield running


@pytest.fixture(scope="module")
def answer(served, halves):
    with served.client() as client:
        return client.score(
            NAME,
            halves[1]["hits"],
            coverage=COVERAGE,
            columns={"drift_time": halves[1]["drift_time"].astype(float)},
            outputs=["s2_top"],
        )


def cells_of(answer, columns):
    return 3 * np.digitize(answer.outputs["s2_top"].value, S2_EDGES) + np.digitize(
        columns["drift_time"], DRIFT_EDGES
    )


def test_every_cell_has_its_own_coverage(answer, halves):
    cells = cells_of(answer, halves[1])
    events = {bins.output: bins.events for bins in answer.provenance.bins}
    outside = []
    for axis in "xy":
        output, truth = answer.outputs[axis], halves[1][f"true_{axis}"].astype(float)
        covered = (output.lower <= truth) & (truth <= output.upper)
        for cell, count in enumerate(events[axis]):
            rows = cells == cell
            band = laws.coverage_band(count, int(rows.sum()), COVERAGE, 2 * len(events[axis]))
            share = covered[rows].mean()
            if not band[0] <= share <= band[1]:
                outside.append((axis, cell, share, band))
    assert outside == []
    # Limits that were the same everywhere would not fit the cells.
    widths = answer.outputs["x"].upper - answer.outputs["x"].value
    assert np.median(widths[cells == 0]) > 2 * np.median(widths[cells == 11])


def test_a_limit_has_one_end(answer):
    assert np.all(answer.outputs["x"].lower == -np.inf)
    assert np.all(np.isfinite(answer.outputs["x"].upper))
    assert np.all(answer.outputs["y"].upper == np.inf)
    assert np.all(np.isfinite(answer.outputs["y"].lower))
    assert not answer.outputs["x"].flags.any()


def test_answers_and_the_description_name_both_columns(served, answer):
    with served.client() as client:
        described = client.models(NAME)[0]
    for entry, side in zip(described.uncertainty, ("upper", "lower"), strict=True):
        assert (entry.method, entry.side) == ("absolute", side)
        axes = [(axis.source, axis.name, list(axis.edges)) for axis in entry.bins]
        assert axes == [("output", "s2_top", S2_EDGES), ("request", "drift_time", DRIFT_EDGES)]
    for bins in answer.provenance.bins:
        assert len(bins.events) == 12 and bins.axes == described.uncertainty[0].bins


def test_an_event_without_one_of_its_columns_has_no_interval(served, halves):
    columns = halves[1]["drift_time"][:3].astype(float)
    columns[1] = np.nan
    with served.client() as client:
        answer = client.score(NAME, halves[1]["hits"][:3], columns={"drift_time": columns})
    for axis in "xy":
        output = answer.outputs[axis]
        assert list(output.flags) == [0, FLAG_UNBINNED, 0]
        assert np.isnan(output.lower[1]) and np.isnan(output.upper[1])
        assert np.isfinite(output.value).all()


def test_a_cell_of_too_few_events_has_no_limit(served, halves):
    with served.client() as client:
        answer = client.score(
            NAME,
            halves[1]["hits"],
            coverage=0.9999,
            columns={"drift_time": halves[1]["drift_time"].astype(float)},
        )
    assert np.all(answer.outputs["x"].upper == np.inf)
    assert np.all(answer.outputs["x"].flags == FLAG_INFINITE)


def test_evaluate_reports_cell_by_cell(served, halves, tmp_path):
    report = document("evaluate", stored(tmp_path, **halves[1]), at=served)
    labels = {cell["bin"] for cell in report["coverage"]}
    assert "< 1000, < 300" in labels and "[1000, 2000), [300, 700)" in labels
    assert len(labels) == 12
    assert all(cell["low"] <= cell["measured"] <= cell["high"] for cell in report["coverage"])
