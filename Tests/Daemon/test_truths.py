"""True values that come after the answers: coverage measured, calibrations that follow, on disk."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import threading

import numpy as np
import pytest
from onnx import TensorProto, helper

import laws
from daemon import Daemon, free_port
from frames import Message, message, refused
from peers import watched
from small_models import write_graph
from vigil import Internal, InvalidRequest, NotFound, Unsupported

from command import answer, complaint, document, serving, stored, vigil_command, wait_until

EDGES = [-0.5, 0.5]
STEP = 0.005

REGRESSION = """\
name: {name}
task: regression
engine: onnx
batching: {{maximum_rows: 64, delay_microseconds: 0}}
inputs:
  - name: x
    shape: [2]
    features: [{{name: first}}, {{name: second}}]
outputs:
  - {{name: energy, unit: keV}}
uncertainty:
  required: false
  outputs:
    - output: energy
      method: absolute
      truth: true_energy
      bins: {{input: x, feature: second, edges: [-0.5, 0.5]}}
{truths}
"""
BINARY = """\
name: signal
task: binary
engine: onnx
batching: {maximum_rows: 64, delay_microseconds: 0}
inputs:
  - name: x
    shape: [2]
    features: [{name: first}, {name: second}]
outputs:
  - {name: margin}
uncertainty:
  required: false
  outputs:
    - output: margin
      method: platt
      truth: kind
      classes: [{name: noise, labels: [0]}, {name: signal, labels: [1]}]
truths: {adapt: {method: window, events: 4000}}
"""
TRUTHS = {
    "counted": "truths: {remembered: 1000}",
    "adaptive": f"truths: {{adapt: {{method: adaptive, step: {STEP}}}}}",
    "sliding": "truths: {adapt: {method: window, events: 3000}}",
    "deaf": "",
}


def events(count, seed, shift=0.0):
    """The truth scatters around the first component, more of it where the second is large."""
    random = np.random.default_rng(seed)
    x = random.normal(0, 1, (count, 2)).astype("f4")
    noise = random.standard_normal(count) * np.exp(0.3 * x[:, 1])
    return {"x": x, "true_energy": x[:, 0] + noise + shift}


def signals(count, seed, scale=1.0):
    """Two classes half and half; the model's margin is the first component."""
    random = np.random.default_rng(seed)
    kind = random.integers(0, 2, count).astype(float)
    first = scale * (2 * kind - 1 + random.standard_normal(count))
    x = np.stack([first, random.normal(0, 1, count)], 1).astype("f4")
    return {"x": x, "kind": kind}


def write_model(folder, name, manifest, output="energy"):
    """An artefact that answers the first component."""
    number, whole = TensorProto.FLOAT, TensorProto.INT64
    write_graph(
        folder / name / "1" / "model.onnx",
        [helper.make_node("Gather", ["x", "place"], [output], axis=1)],
        [("x", number, ["events", 2])],
        [(output, number, ["events"])],
        [helper.make_tensor("place", whole, [], [0])],
    )
    (folder / name / "model.yaml").write_text(manifest)


def write_models(folder):
    for name, truths in TRUTHS.items():
        write_model(folder, name, REGRESSION.format(name=name, truths=truths))
    write_model(folder, "signal", BINARY, "margin")
    return folder


def calibrate(daemon, folder):
    path = stored(folder, **events(4000, 1))
    for name in TRUTHS:
        document("calibrate", name, "--data", path, at=daemon)
    path = stored(folder, name="signals", **signals(6000, 1))
    document("calibrate", "signal", "--data", path, at=daemon)


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    """A folder of models with their calibrations, to be copied."""
    folder = write_models(tmp_path_factory.mktemp("models"))
    with Daemon(folder, top={"state": f"{folder.parent}/none"}) as daemon:
        serving(daemon, [*TRUTHS, "signal"])
        calibrate(daemon, tmp_path_factory.mktemp("data"))
    return folder


@pytest.fixture
def live(calibrated, tmp_path, make_daemon):
    """Starts a daemon whose state lies in this test's folder, again and again."""

    def start():
        daemon = make_daemon(calibrated, top={"state": f"{tmp_path}/state"}, http_port=free_port())
        return serving(daemon, [*TRUTHS, "signal"])

    return start


def covered(scores, columns):
    return (scores.lower <= columns["true_energy"]) & (columns["true_energy"] <= scores.upper)


def send(client, name, columns, **options):
    return client.truth(name, {"true_energy": columns["true_energy"]}, columns["x"], **options)


# MARK: Coverage


def test_coverage_is_counted_bin_by_bin_and_stream_by_stream(live):
    daemon = live()
    with daemon.client() as client:
        given = {}
        for seed, stream in ((2, "physics"), (3, "source"), (4, None)):
            columns = events(900, seed)
            given[stream or "none"] = columns, client.score("counted", columns["x"])
            assert send(client, "counted", columns, stream=stream).taken == 900
        report = client.calibrations("counted")
        assert [state.in_use for state in report.calibrations] == [True]
        assert report.problem is None and len(report.coverage) == 9
        counts = client.models("counted")[0].bins[0].events
        for row in report.coverage:
            columns, scores = given[row.stream]
            cell = ["< -0.5", "[-0.5, 0.5)", ">= 0.5"].index(row.bin)
            chosen = np.searchsorted(EDGES, columns["x"][:, 1], side="right") == cell
            assert row.output == "energy" and row.coverage == 0.9 and row.events == chosen.sum()
            assert row.covered == covered(scores, columns)[chosen].sum()
            low, high = laws.coverage_band(counts[cell], row.events, 0.9, 3)
            np.testing.assert_allclose([row.low, row.high], [low, high], rtol=1e-12)
            assert row.standing == "holds"
        text = daemon.page("/metrics")
    taken = [line for line in text.splitlines() if line.startswith("vigil_truths_total{")]
    physics = [line for line in taken if 'stream="physics"' in line]
    assert sum(float(line.split()[-1]) for line in physics) == 900 and len(taken) == 6


def test_a_shift_shows(live):
    with live().client() as client:
        send(client, "counted", events(3000, 5, shift=1.5))
        standings = {row.standing for row in client.calibrations("counted").coverage}
    assert standings == {"under"}


def test_monitoring_tells_coverage_too(live, tmp_path):
    daemon = live()
    with daemon.client() as client:
        send(client, "counted", events(900, 7), stream="physics")
        send(client, "counted", events(900, 8, shift=1.5))
        send(client, "adaptive", events(1000, 9))
        wait_until(lambda: len(client.calibrations("adaptive").calibrations) == 2)
        send(client, "adaptive", events(900, 10))
        report = client.calibrations("counted")
        (told,) = client.monitoring("counted")
        (adapted,) = client.monitoring("adaptive")
        (deaf,) = client.monitoring("deaf")
    assert told.calibration == report.calibrations[0].id and len(told.coverage) == 6
    assert told.coverage == report.coverage and "names nothing" in told.reason
    assert {row.standing for row in adapted.coverage} == {"adapted"}
    assert deaf.coverage == () and deaf.calibration is not None
    page = {model["model"]: model for model in json.loads(daemon.page("/v1/monitoring"))}
    assert page["counted"]["calibration"] == told.calibration
    assert page["counted"]["coverage"] == [dataclasses.asdict(row) for row in told.coverage]
    assert {row["low"] for row in page["adaptive"]["coverage"]} == {None}
    assert page["deaf"]["coverage"] == []
    shown = answer("monitor", "counted", at=daemon)
    assert f"coverage since calibration {told.calibration} is in use" in shown
    rows = [line.split() for line in shown.splitlines() if line.startswith("energy ")]
    assert [(row[1], row[-1]) for row in rows] == (
        [("none", "under")] * 3 + [("physics", "holds")] * 3
    )
    plots = tmp_path / "coverage.svg"
    answer("monitor", "--report", plots, at=daemon)
    text = plots.read_text()
    assert "counted 1, stream physics" in text and "adaptive 1, stream none" in text
    assert "nan" not in text


def test_scored_events_are_remembered_by_id_and_stream(live):
    with live().client() as client:
        columns = events(600, 6)
        ids = np.arange(600) * 7
        scores = client.score("counted", columns["x"], event_ids=ids, stream="a")
        truths = {"true_energy": columns["true_energy"]}
        later = np.random.default_rng(0).permutation(600)
        shuffled = {"true_energy": truths["true_energy"][later]}
        assert client.truth("counted", shuffled, event_ids=ids[later], stream="a").taken == 600
        rows = client.calibrations("counted").coverage
        assert sum(row.covered for row in rows) == covered(scores, columns).sum()
        with pytest.raises(NotFound, match="event 0 is none of the last 600"):
            client.truth("counted", truths, event_ids=ids)
        # The ring holds 1000: the first 200 have made room.
        client.score("counted", columns["x"], event_ids=ids + 1, stream="a")
        one = {"true_energy": [0.0]}
        assert client.truth("counted", one, event_ids=[ids[200]], stream="a").taken == 1
        with pytest.raises(NotFound, match="event_ids"):
            client.truth("counted", one, event_ids=[ids[199]], stream="a")


def test_the_coverage_of_probabilities_and_p_values(live):
    with live().client() as client:
        columns = signals(2000, 7)
        scores = client.score("signal", columns["x"])
        client.truth("signal", {"kind": columns["kind"]}, columns["x"])
        rows = {row.output: row for row in client.calibrations("signal").coverage}
        # Published meanwhile: the counts begin anew.
        assert rows == {}
        small = {key: value[:300] for key, value in signals(2000, 8).items()}
        scores = client.score("signal", small["x"])
        client.truth("signal", {"kind": small["kind"]}, small["x"])
        rows = {row.output: row for row in client.calibrations("signal").coverage}
        for label, name in enumerate(("noise", "signal")):
            own = small["kind"] == label
            held = scores.p_values[name][own] > 1 - 0.9
            assert rows[f"margin/{name}"].events == own.sum()
            assert rows[f"margin/{name}"].covered == held.sum()


# MARK: Following


def test_adaptive_levels_follow_a_step(live, tmp_path, calibrated):
    with live().client() as client:
        first = client.models("adaptive")[0].calibration
        shifted = [events(500, 10 + turn, shift=1.2) for turn in range(24)]
        before = covered(client.score("adaptive", shifted[0]["x"]), shifted[0]).mean()
        ids = [send(client, "adaptive", columns).calibration for columns in shifted]
        assert before < 0.75 and ids[0] == first and ids[1] != first
        # One for every 1000 truths.
        assert len(dict.fromkeys(ids)) == 13
        found = [
            covered(client.score("adaptive", columns["x"]), columns).mean()
            for columns in (events(3000, seed, shift=1.2) for seed in (50, 51))
        ]
        assert abs(np.mean(found) - 0.9) < 0.03
        report = client.calibrations("adaptive")
        states = {state.id: state for state in report.calibrations}
        assert [states[id].truths for id in dict.fromkeys(ids)] == [1000 * n for n in range(13)]
        assert states[ids[1]].parent == first and states[ids[-1]].parent == ids[-3]
        score = client.score("adaptive", shifted[0]["x"][:5])
        assert score.provenance.calibration == ids[-1] == report.calibrations[-1].id
        # The formula of Gibbs and Candès, bin by bin, on the calibration that nothing was learned for.
        path = tmp_path / "state" / "adaptive" / "1" / f"{ids[1]}.json"
        adapted = json.loads(path.read_text())["outputs"][0]["interval"]["adapted"]
        base = client.calibrations("adaptive", use=first).calibrations
        assert [state.in_use for state in base] == [True] + [False] * 12
        file = calibrated / "adaptive" / "1" / "calibration-onnxruntime-float32-cpu.json"
        tables = json.loads(file.read_text())["outputs"][0]["interval"]["scores"]
        levels = np.full(3, 0.1)
        for columns in shifted[:2]:
            scores = np.abs(columns["true_energy"] - columns["x"][:, 0].astype(float))
            cells = np.searchsorted(EDGES, columns["x"][:, 1], side="right")
            for cell, score in zip(cells, scores):
                table = tables[cell]
                rank = max(1, int(np.ceil((len(table) + 1) * (1 - levels[cell]) - 1e-9)))
                is_held = rank > len(table) or score <= table[rank - 1]
                levels[cell] = min(1, levels[cell] + STEP * (0.1 - (not is_held)))
        np.testing.assert_allclose(adapted["miscoverages"], levels, rtol=1e-9)
        with pytest.raises(Unsupported, match="adapts to that coverage"):
            client.score("adaptive", shifted[0]["x"], coverage=0.68)


def test_a_window_makes_the_calibration_anew(live, tmp_path):
    with live().client() as client:
        for turn in range(4):
            sent = send(client, "sliding", events(1000, 20 + turn, shift=2.0))
        columns = events(6000, 30, shift=2.0)
        scores = client.score("sliding", columns["x"])
        assert scores.provenance.calibration == sent.calibration
        cells = np.searchsorted(EDGES, columns["x"][:, 1], side="right")
        held = covered(scores, columns)
        for cell, count in enumerate(scores.provenance.bins[0].events):
            low, high = laws.coverage_band(count, (cells == cell).sum(), 0.9, 3)
            assert low <= held[cells == cell].mean() <= high
        # The last 3000 truths, no more and no others.
        path = tmp_path / "state" / "sliding" / "1" / f"{sent.calibration}.json"
        interval = json.loads(path.read_text())["outputs"][0]["interval"]
        last = [events(1000, 20 + turn, shift=2.0) for turn in (1, 2, 3)]
        x = np.concatenate([part["x"] for part in last])
        truth = np.concatenate([part["true_energy"] for part in last])
        wanted = np.abs(truth - x[:, 0].astype(float))
        bins = np.searchsorted(EDGES, x[:, 1], side="right")
        for cell in range(3):
            own = np.sort(wanted[bins == cell])
            np.testing.assert_allclose(interval["scores"][cell], own, rtol=2e-7)


def test_probabilities_follow_a_window(live):
    """The score's scale halves: margins mean more than they did."""
    with live().client() as client:
        columns = signals(4000, 40, scale=0.5)
        truths = {"kind": columns["kind"]}
        test = signals(4000, 41, scale=0.5)

        def log_loss():
            p = client.score("signal", test["x"]).value.astype(float)
            return -np.log(np.where(test["kind"] == 1, p, 1 - p)).mean()

        before = log_loss()
        client.truth("signal", truths, columns["x"])
        best = -np.log(1 / (1 + np.exp(-4 * np.where(test["kind"] == 1, 1, -1) * test["x"][:, 0])))
        assert log_loss() < before - 0.01 and log_loss() < best.mean() + 0.005


# MARK: On disk


def test_a_restart_goes_on_from_the_last_state_and_a_choice_holds(live, calibrated):
    daemon = live()
    with daemon.client() as client:
        first = client.models("adaptive")[0].calibration
        for turn in range(4):
            last = send(client, "adaptive", events(1000, 60 + turn, shift=1.0)).calibration
    os.kill(daemon.process.pid, signal.SIGKILL)
    daemon.__exit__()
    daemon = live()
    with daemon.client() as client:
        assert client.models("adaptive")[0].calibration == last
        following = send(client, "adaptive", events(1000, 70, shift=1.0)).calibration
        states = client.calibrations("adaptive").calibrations
        assert states[-1].id == following and states[-1].parent == last
        assert states[-1].truths == 5000
        listed = answer("calibrations", "adaptive", at=daemon)
        assert following in listed and "in use" in listed
        told = complaint("calibrations", "use", "nothing", at=daemon)
        assert "no model has a calibration 'nothing'" in told
        answer("calibrations", "use", first, "--model", "adaptive", at=daemon)
        assert client.score("adaptive", np.zeros((1, 2), "f4")).provenance.calibration == first
        with pytest.raises(NotFound, match="no calibration 'nothing'"):
            client.calibrations("adaptive", use="nothing")
    daemon.__exit__()
    with live().client() as client:
        assert client.models("adaptive")[0].calibration == first


def test_what_a_crash_left_half_written_is_not_looked_at(live, tmp_path):
    daemon = live()
    with daemon.client() as client:
        last = send(client, "adaptive", events(1000, 80, shift=1.0)).calibration
    daemon.__exit__()
    folder = tmp_path / "state" / "adaptive" / "1"
    whole = (folder / f"{last}.json").read_bytes()
    (folder / "0123456789abcdef.json.77.new").write_bytes(whole[:1000])
    (folder / "in-use.77.new").write_text("0123456789abcdef 2")
    with live().client() as client:
        assert client.models("adaptive")[0].calibration == last


def test_a_choice_that_is_gone_is_said(live, tmp_path):
    daemon = live()
    with daemon.client() as client:
        last = send(client, "adaptive", events(1000, 81, shift=1.0)).calibration
    daemon.__exit__()
    (tmp_path / "state" / "adaptive" / "1" / f"{last}.json").unlink()
    daemon = live()
    with daemon.client() as client:
        reason = client.models("adaptive")[0].calibration_reason
    assert last in reason and "is gone" in reason


def test_a_disk_that_takes_nothing_changes_nothing(live, tmp_path):
    daemon = live()
    with daemon.client() as client:
        first = client.models("sliding")[0].calibration
        (tmp_path / "state").write_text("no folder")
        assert send(client, "sliding", events(1500, 82, shift=1.0)).calibration == first
        with pytest.raises(Internal, match="Not a directory"):
            client.calibrations("sliding")
        (tmp_path / "state").unlink()
        report = client.calibrations("sliding")
        assert "Not a directory" in report.problem and len(report.calibrations) == 1
        # The truths are not lost: the next calibration holds them.
        assert send(client, "sliding", events(1000, 83, shift=1.0)).calibration != first
        report = client.calibrations("sliding")
        assert report.problem is None and report.calibrations[-1].in_use
        assert report.calibrations[-1].truths == 2500


def test_what_adapts_needs_a_place(calibrated, make_daemon):
    daemon = make_daemon(calibrated, wait=False)

    def failed():
        with daemon.client() as client:
            return [m.name for m in client.models() if m.state == "failed"]

    assert wait_until(lambda: set(failed()) == {"adaptive", "sliding", "signal"})
    # What failed is said before it is logged.
    assert wait_until(lambda: "no folder for them (state)" in daemon.log())


# MARK: Refusals


def test_truths_that_cannot_be_taken_change_nothing(live):
    daemon = live()
    good = events(50, 90)
    with daemon.client() as client:
        send(client, "counted", good)
        before = client.calibrations("counted").coverage

        def told(error, words, name="counted", truths=None, values=good["x"], **options):
            truths = {"true_energy": good["true_energy"]} if truths is None else truths
            with pytest.raises(error, match=words):
                client.truth(name, truths, values, **options)

        wrong = good["true_energy"].copy()
        wrong[7] = np.nan
        told(InvalidRequest, "found nan, allowed are finite", truths={"true_energy": wrong})
        told(InvalidRequest, "no truth 'energy'", truths={"energy": good["true_energy"]})
        told(InvalidRequest, "found 49 truths for 50", truths={"true_energy": wrong[1:]})
        told(InvalidRequest, "there are none", truths={})
        told(InvalidRequest, "both ids and events", event_ids=np.arange(50))
        told(InvalidRequest, "neither ids", values=None)
        told(NotFound, "none of the last 0", values=None, event_ids=np.arange(50))
        told(NotFound, "no event of the stream 'x'", values=None, event_ids=np.arange(50), stream="x")
        told(InvalidRequest, "allowed are 1 to 64 letters", stream="two words")
        told(NotFound, "no model", name="nobody")
        told(Unsupported, "takes no truths", name="deaf")
        labels = {"kind": np.full(50, 3.0)}
        told(InvalidRequest, "found 3.0, allowed are 0.0, 1.0", name="signal", truths=labels)
        told(InvalidRequest, "\\[events, 2\\]", values=good["x"][:, :1])
        beyond = good["x"].copy()
        beyond[3, 1] = np.nan
        told(InvalidRequest, "not finite", values=beyond)
        with pytest.raises(Unsupported, match="takes no truths"):
            client.calibrations("deaf")
        assert client.calibrations("counted").coverage == before


def test_truths_of_wrong_types(live):
    def asked(dtype="<f8", shape=None):
        made = Message()
        truth = made.request.truth
        truth.model = "counted"
        made.place(truth.inputs.add(name="x"), np.zeros((2, 2), "<f4"))
        fields = {} if shape is None else {"shape": shape}
        made.place(truth.truths.add(name="true_energy"), [0.5, 1], dtype=dtype, **fields)
        return made

    peer_model = message("counted", "x", np.zeros((2, 2), "<f4"))
    with watched(live(), peer_model) as peer:
        refused(peer.ask(asked("<i8")), "INVALID", "truths[0].type", "int64", "float32, float64")
        reply = peer.ask(asked(shape=[2, 1]))
        refused(reply, "INVALID", "truths[0].shape", "[2, 1]", "[2]")


def test_an_event_in_a_bin_that_nothing_calibrated(tmp_path, make_daemon):
    write_model(
        tmp_path, "counted", REGRESSION.format(name="counted", truths=TRUTHS["counted"])
    )
    daemon = serving(make_daemon(tmp_path), ["counted"])
    columns = events(2000, 91)
    low = columns["x"][:, 1] < 0.5
    path = stored(tmp_path, **{name: values[low] for name, values in columns.items()})
    assert vigil_command("calibrate", "counted", "--data", path, at=daemon).returncode == 0
    with daemon.client() as client:
        with pytest.raises(InvalidRequest, match=">= 0.5.* in which none was calibrated"):
            send(client, "counted", columns)
        assert client.calibrations("counted").coverage == ()


# MARK: The command


def test_truths_are_sent_from_files(live, tmp_path):
    daemon = live()
    columns = events(2500, 95)
    path = stored(tmp_path, **columns)
    sent = document("truth", "sliding", "--data", path, "--stream", "source", at=daemon)
    assert sent["taken"] == 2500 and sent["model"] == "sliding"
    (report,) = document("calibrations", "sliding", at=daemon)["models"]
    assert report["calibrations"][-1]["id"] == sent["calibration"]
    every = document("calibrations", at=daemon)["models"]
    assert {one["model"] for one in every} == {"adaptive", "counted", "signal", "sliding"}
    answer("calibrations", "use", report["calibrations"][-2]["id"], at=daemon)
    (report,) = document("calibrations", "sliding", at=daemon)["models"]
    assert [one["in_use"] for one in report["calibrations"]][-2:] == [True, False]
    told = complaint("truth", "deaf", "--data", path, at=daemon)
    assert "takes no truths" in told
    told = complaint("truth", "counted", "--data", path, "--ids", at=daemon)
    assert "event_id" in told
    told = complaint("truth", "counted", "--data", stored(tmp_path, name="bare", x=columns["x"]), at=daemon)
    assert "no truth of counted, which are true_energy" in told
    ids = np.arange(2500)
    with daemon.client() as client:
        client.score("counted", columns["x"][:500], event_ids=ids[:500], stream="run")
    half = {name: values[:500] for name, values in columns.items()}
    path = stored(tmp_path, name="ids", event_id=ids[:500], **half)
    sent = document("truth", "counted", "--data", path, "--ids", "--stream", "run", at=daemon)
    assert sent["taken"] == 500
    listed = answer("calibrations", "counted", at=daemon)
    assert "promised" in listed and "run" in listed


def test_a_published_calibration_does_not_disturb_requests(live):
    """Requests in flight all the time while calibrations are published under them."""
    daemon = live()
    failures = []
    stop = threading.Event()

    def score():
        with daemon.client() as client:
            x = events(64, 99)["x"]
            while not stop.is_set():
                try:
                    scores = client.score("sliding", x, outputs=["energy"])
                    assert np.isfinite(scores.lower).all()
                except Exception as error:  # noqa: BLE001
                    failures.append(error)

    threads = [threading.Thread(target=score) for _ in range(3)]
    for thread in threads:
        thread.start()
    with daemon.client() as client:
        for turn in range(12):
            send(client, "sliding", events(1000, 100 + turn))
        published = len(client.calibrations("sliding").calibrations)
        client.reload()
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures and published == 13
