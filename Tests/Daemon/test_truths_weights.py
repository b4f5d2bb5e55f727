"""Truths of weighted intervals: coverage measured for the data that the weights speak of."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

import laws
from daemon import Daemon
from spectra import DOMAIN, EDGES, MANIFEST, events, write_model
from vigil import InvalidRequest

from command import document, serving, stored

HISTOGRAM = f"      weight: {{input: x, feature: second, edges: {EDGES}}}"
WEIGHTS = {
    "histogram": HISTOGRAM,
    "cut": f"{HISTOGRAM}\n      bins: {{input: x, feature: first, edges: [0.5]}}",
    "column": "      weight: {request: likely}",
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for name, rest in WEIGHTS.items():
        manifest = MANIFEST.format(name=name, rest=rest) + "truths: {remembered: 5000}\n"
        write_model(folder, name, manifest)
    write_model(folder, "domain", DOMAIN)
    return folder


@pytest.fixture(scope="module")
def running(models, tmp_path_factory):
    """A daemon whose models were calibrated through it; each test has streams of its own."""
    folder = tmp_path_factory.mktemp("data")
    simulation, data = events(10_000, 1, False), events(10_000, 2, True)
    both = {name: np.concatenate([simulation[name], data[name]]) for name in simulation}
    path = stored(folder, name="simulation", **simulation)
    target = stored(folder, name="data", x=data["x"])
    with Daemon(models) as daemon:
        serving(daemon, [*WEIGHTS, "domain"])
        document("calibrate", "domain", "--data", stored(folder, name="both", **both), at=daemon)
        for name in ("histogram", "cut"):
            document("calibrate", name, "--data", path, "--target", target, at=daemon)
        document("calibrate", "column", "--data", path, "--classifier", "domain", at=daemon)
        yield daemon


def columns_of(client, name, test):
    """Columns that the model needs beside its input."""
    if name != "column":
        return None
    ratio = client.score("domain", test["x"]).log_likelihood_ratio
    return {"likely": np.exp(ratio.astype(float))}


def send(client, name, test, stream, **options):
    options = {"columns": columns_of(client, name, test)} | options
    truths = {"true_energy": test["true_energy"]}
    return client.truth(name, truths, test["x"], stream=stream, **options)


def rows_of(client, name, stream):
    return [row for row in client.calibrations(name).coverage if row.stream == stream]


def held(scores, test):
    truth = test["true_energy"]
    return (scores.lower <= truth) & (truth <= scores.upper)


def effective_events(scores, weights, coverage):
    """Events of one weight whose quantile scatters as much."""
    scores, weights = np.array(scores), np.array(weights)
    sums = np.cumsum(weights)
    place = np.searchsorted(sums, coverage * sums[-1] * (1 - 1e-12))
    parts = weights * ((scores <= scores[place]) - coverage)
    return coverage * (1 - coverage) * sums[-1] ** 2 / np.sum(parts**2)


@pytest.mark.parametrize("name", WEIGHTS)
def test_coverage_is_that_of_the_intervals_given(running, models, name):
    test = events(5000, 3, True)
    file = models / name / "1" / "calibration-onnxruntime-float32-cpu.json"
    table = json.loads(file.read_text())["outputs"][0]["weighted_interval"]
    with running.client() as client:
        scores = client.score(name, test["x"], columns=columns_of(client, name, test))
        assert send(client, name, test, "data").taken == 5000
        rows = rows_of(client, name, "data")
        cells = np.searchsorted([0.5], test["x"][:, 0], side="right") if name == "cut" else 0
        assert len(rows) == len(table["scores"])
        for row in rows:
            cell = ["< 0.5", ">= 0.5"].index(row.bin) if name == "cut" else 0
            chosen = np.broadcast_to(cells == cell, 5000)
            assert (row.output, row.coverage, row.events) == ("energy", 0.9, chosen.sum())
            assert row.covered == held(scores, test)[chosen].sum()
            count = int(effective_events(table["scores"][cell], table["weights"][cell], 0.9))
            # What is promised is a coverage of so much at least.
            rank = laws.conformal_rank(count, 0.9)
            law = stats.betabinom(row.events, rank, count + 1 - rank)
            low = law.ppf(laws.FAILURE / len(rows) / 2) / row.events
            np.testing.assert_allclose([row.low, row.high], [low, 1], rtol=1e-12)
            assert row.standing == "holds"


def test_what_the_weights_do_not_know_shows(running):
    test = events(5000, 4, True)
    test["true_energy"] = test["true_energy"] * 1.5
    with running.client() as client:
        send(client, "histogram", test, "shifted")
        assert {row.standing for row in rows_of(client, "histogram", "shifted")} == {"under"}


def test_remembered_events_keep_their_weights(running):
    test = events(2000, 5, True)
    ids = np.arange(2000)
    with running.client() as client:
        columns = columns_of(client, "column", test)
        scores = client.score(
            "column", test["x"], columns=columns, event_ids=ids, stream="remembered"
        )
        truths = {"true_energy": test["true_energy"]}
        client.truth("column", truths, event_ids=ids, stream="remembered")
        (row,) = rows_of(client, "column", "remembered")
        assert (row.events, row.covered) == (2000, held(scores, test).sum())


def test_an_event_that_cannot_be_weighed_is_refused(running):
    test = events(20, 6, True)
    with running.client() as client:
        for wrong in (np.nan, -1.0):
            likely = np.ones(20)
            likely[7] = wrong
            with pytest.raises(InvalidRequest, match="no calibration bin or weight") as raised:
                send(client, "column", test, "wrong", columns={"likely": likely})
            assert raised.value.row == 7
        with pytest.raises(InvalidRequest, match="'likely' is missing"):
            send(client, "column", test, "wrong", columns=None)
        assert rows_of(client, "column", "wrong") == []
        # So heavy that its interval is infinite, which holds everything.
        test["true_energy"][:] = 1e6
        send(client, "column", test, "wrong", columns={"likely": np.full(20, 1e30)})
        (row,) = rows_of(client, "column", "wrong")
        assert (row.events, row.covered, row.standing) == (20, 20, "unknown")
