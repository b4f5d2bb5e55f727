"""Truths of two outputs together: coverage of every ellipse measured, ellipses that follow a window."""

from __future__ import annotations

import json
import os
import signal

import numpy as np
import pytest
from onnx import TensorProto, helper
from scipy import stats

import laws
from daemon import Daemon, copy_models
from small_models import write_graph
from vigil import InvalidRequest

from command import document, edited_model, serving, stored

EDGES = [-0.5, 0.5]
WORDS = ["< -0.5", "[-0.5, 0.5)", ">= 0.5"]
COVERAGES = (0.393, 0.68, 0.9)
WINDOW = 3000

MANIFEST = """\
name: {name}
task: regression
engine: onnx
batching: {{maximum_rows: 64, delay_microseconds: 0}}
inputs:
  - name: x
    shape: [3]
    features: [{{name: first}}, {{name: second}}, {{name: third}}]
outputs:
  - {{name: east, unit: mm}}
  - {{name: north, unit: mm}}
  - {{name: scale, unit: mm}}
uncertainty:
  required: false
  outputs:
    - output: east
      method: normalised
      sigma: scale
      truth: true_east
      bins: {{input: x, feature: third, edges: [-0.5, 0.5]}}
    - output: north
      method: absolute
      truth: true_north
      bins: {{input: x, feature: third, edges: [-0.5, 0.5]}}
  regions: [{{outputs: [east, north]}}]
truths: {truths}
"""
TRUTHS = {"counted": "{}", "sliding": f"{{adapt: {{method: window, events: {WINDOW}}}}}"}


def events(count, seed, step=0.0):
    """Both truths scatter together around the first two components, more where the third is large."""
    random = np.random.default_rng(seed)
    x = random.normal(0, 1, (count, 3)).astype("f4")
    noise = random.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], count)
    noise *= np.exp(0.3 * x[:, 2])[:, None]
    return {
        "x": x,
        "true_east": x[:, 0] + noise[:, 0] + step,
        "true_north": x[:, 1] + noise[:, 1],
    }


def write_model(folder, name):
    """The first two components, and a scale that grows along the third."""
    number, whole = TensorProto.FLOAT, TensorProto.INT64
    nodes = [
        helper.make_node("Gather", ["x", f"place{index}"], [output], axis=1)
        for index, output in enumerate(("east", "north", "third"))
    ]
    nodes += [
        helper.make_node("Mul", ["third", "slope"], ["log"]),
        helper.make_node("Exp", ["log"], ["scale"]),
    ]
    write_graph(
        folder / name / "1" / "model.onnx",
        nodes,
        [("x", number, ["events", 3])],
        [(output, number, ["events"]) for output in ("east", "north", "scale")],
        [helper.make_tensor(f"place{index}", whole, [], [index]) for index in range(3)]
        + [helper.make_tensor("slope", number, [], [0.3])],
    )
    (folder / name / "model.yaml").write_text(MANIFEST.format(name=name, truths=TRUTHS[name]))


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for name in TRUTHS:
        write_model(folder, name)
    path = stored(tmp_path_factory.mktemp("data"), **events(4000, 1))
    with Daemon(folder, top={"state": f"{folder.parent}/none"}) as daemon:
        serving(daemon, TRUTHS)
        for name in TRUTHS:
            document("calibrate", name, "--data", path, at=daemon)
    return folder


@pytest.fixture
def live(calibrated, tmp_path, make_daemon):
    return lambda: serving(make_daemon(calibrated, top={"state": f"{tmp_path}/state"}), TRUTHS)


def truths(columns):
    return {name: columns[name] for name in ("true_east", "true_north")}


def send(client, name, columns, **options):
    return client.truth(name, truths(columns), columns["x"], **options)


def bins(columns):
    return np.searchsorted(EDGES, columns["x"][:, 2], side="right")


def inside(scores, columns):
    """Whether each ellipse holds the truths: shape (events, coverages)."""
    (region,) = scores.regions
    dx = (columns["true_east"] - scores.outputs["east"].value)[:, None]
    dy = (columns["true_north"] - scores.outputs["north"].value)[:, None]
    major, minor, angle = np.moveaxis(region.ellipses.astype(float), 2, 0)
    along = dx * np.cos(angle) + dy * np.sin(angle)
    across = dy * np.cos(angle) - dx * np.sin(angle)
    return (along / major) ** 2 + (across / minor) ** 2 <= 1


def region_rows(client, name):
    return [row for row in client.calibrations(name).coverage if row.output == "east,north"]


def test_every_ellipse_is_counted_bin_by_bin(live):
    with live().client() as client:
        given = {}
        for seed, stream in ((2, "physics"), (3, "source")):
            columns = events(2000, seed)
            given[stream] = columns, inside(client.score("counted", columns["x"]), columns)
            assert send(client, "counted", columns, stream=stream).taken == 2000
        rows = region_rows(client, "counted")
        assert len(rows) == 2 * len(COVERAGES) * len(WORDS)
        (counts,) = [
            entry.events
            for entry in client.models("counted")[0].bins
            if entry.output == "east,north"
        ]
        for row in rows:
            columns, held = given[row.stream]
            cell, level = WORDS.index(row.bin), COVERAGES.index(row.coverage)
            chosen = bins(columns) == cell
            assert (row.events, row.covered) == (chosen.sum(), held[chosen, level].sum())
            low, high = laws.coverage_band(counts[cell], row.events, row.coverage, len(WORDS))
            np.testing.assert_allclose([row.low, row.high], [low, high], rtol=1e-12)
            assert row.standing == "holds"


def test_one_truth_of_two_counts_for_its_output_alone(live):
    with live().client() as client:
        columns = events(500, 4)
        client.truth("counted", {"true_east": columns["true_east"]}, columns["x"])
        assert {row.output for row in client.calibrations("counted").coverage} == {"east"}


def test_a_truth_that_cannot_be_taken_changes_no_ellipse(live):
    with live().client() as client:
        columns = events(500, 5)
        columns["true_north"][7] = np.nan
        with pytest.raises(InvalidRequest, match="found nan, allowed are finite") as raised:
            send(client, "counted", columns)
        assert raised.value.row == 7 and client.calibrations("counted").coverage == ()


def test_a_window_makes_the_ellipses_anew(live, tmp_path, calibrated):
    daemon = live()
    with daemon.client() as client:
        given = [events(1000, 10 + turn, step=2.0) for turn in range(4)]
        test = events(9000, 20, step=2.0)
        before = inside(client.score("sliding", test["x"]), test)
        scores = [client.score("sliding", columns["x"], outputs=["scale"]) for columns in given]
        for columns in given:
            sent = send(client, "sliding", columns)
        answered = client.score("sliding", test["x"])
        assert answered.provenance.calibration == sent.calibration
        held, cells = inside(answered, test), bins(test)
        (counts,) = [
            entry.events for entry in answered.provenance.bins if entry.output == "east,north"
        ]
        assert sum(counts) == WINDOW
        for level, coverage in enumerate(COVERAGES):
            for cell, count in enumerate(counts):
                chosen = cells == cell
                low, high = laws.coverage_band(count, chosen.sum(), coverage, 9)
                assert before[chosen, level].mean() < low <= held[chosen, level].mean() <= high
    # Of the last truths, by the shapes that the first calibration learned.
    file = calibrated / "sliding" / "1" / "calibration-onnxruntime-float32-cpu.json"
    (first,) = json.loads(file.read_text())["regions"]
    path = tmp_path / "state" / "sliding" / "1" / f"{sent.calibration}.json"
    (region,) = json.loads(path.read_text())["regions"]
    assert region["shapes"] == first["shapes"]
    wanted = [[], [], []]
    for columns, answer in zip(given[1:], scores[1:]):
        u = (columns["true_east"] - answer.outputs["east"].value) / answer.outputs[
            "scale"
        ].value.astype(float)
        v = columns["true_north"] - answer.outputs["north"].value.astype(float)
        for cell in range(3):
            a, b, d = first["shapes"][cell]
            inverse = np.linalg.inv([[a, b], [b, d]])
            pair = np.stack([u, v], 1)[bins(columns) == cell]
            wanted[cell] += list(np.sqrt(np.einsum("ni,ij,nj->n", pair, inverse, pair)))
    for own, found in zip(wanted, region["scores"]):
        np.testing.assert_allclose(found, np.sort(own), rtol=2e-7)
    os.kill(daemon.process.pid, signal.SIGKILL)
    daemon.__exit__()
    with live().client() as client:
        again = client.score("sliding", test["x"])
        assert again.provenance.calibration == sent.calibration
        assert np.array_equal(again.regions[0].ellipses, answered.regions[0].ellipses)


def test_truths_are_held_against_the_ellipse_that_was_answered(live):
    """Others answer by the time the truths of these events come."""
    with live().client() as client:
        columns = events(900, 30, step=2.0)
        ids = np.arange(900)
        held = inside(client.score("sliding", columns["x"], event_ids=ids), columns)
        for turn in range(4):
            last = send(client, "sliding", events(1000, 40 + turn, step=2.0)).calibration
        assert client.truth("sliding", truths(columns), event_ids=ids).calibration == last
        for row in region_rows(client, "sliding"):
            chosen = bins(columns) == WORDS.index(row.bin)
            level = COVERAGES.index(row.coverage)
            assert (row.events, row.covered) == (chosen.sum(), held[chosen, level].sum())
            assert row.standing == "adapted"


# MARK: The zoo's positions


def test_the_zoo_s_positions_count_a_step(daemon, halves):
    """A step of 4 mm in x shows in x and in the ellipses, and not in y."""
    with daemon.client() as client:
        for stream, step in (("source", 0), ("step", 4)):
            for columns in halves:
                truths = {"true_x": columns["true_x"] + step, "true_y": columns["true_y"]}
                client.truth("position-cnn", truths, columns["hits"], stream=stream)
        report = client.calibrations("position-cnn")
    assert report.problem is None and [state.in_use for state in report.calibrations] == [True]
    events = sum(len(columns["hits"]) for columns in halves)
    standings = {}
    for row in report.coverage:
        standings.setdefault((row.stream, row.output, row.coverage), []).append(row)
    for (stream, output, _), rows in standings.items():
        assert sum(row.events for row in rows) == events
        is_moved = stream == "step" and output != "y"
        found = {row.standing for row in rows}
        assert "under" in found if is_moved else found == {"holds"}, (stream, output)
    assert len(standings) == 2 * (2 + len(COVERAGES))


def test_two_ends_have_the_band_of_their_law(halves, tmp_path, make_daemon):
    def asymmetric(text):
        text = text.replace("required: true", "required: false")
        return text.replace("method: cqr", "method: cqr-asymmetric")

    models = copy_models(tmp_path / "models")
    edited_model(models, "position-cnn", "ends", asymmetric)
    daemon = serving(make_daemon(models), ["ends"])
    document("calibrate", "ends", "--data", stored(tmp_path, **halves[0]), at=daemon)
    columns = halves[1]
    with daemon.client() as client:
        truths = {"true_x": columns["true_x"]}
        client.truth("ends", truths, columns["hits"])
        rows = client.calibrations("ends").coverage
        counts = client.models("ends")[0].bins[0].events
    assert len(rows) == len(counts) == 10
    for row, count in zip(rows, counts):
        rank = laws.conformal_rank(count, 0.95)
        law = stats.betabinom(row.events, rank, count + 1 - rank)
        tail = laws.FAILURE / len(rows) / 4
        low, high = law.ppf(tail) / row.events, law.ppf(1 - tail) / row.events
        np.testing.assert_allclose([row.low, row.high], [max(0, 2 * low - 1), high], rtol=1e-12)
        assert row.standing == "holds"
