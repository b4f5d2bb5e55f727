"""Windows of streams held against references: counted, judged, and told alike everywhere."""

import json
import os
import pty
import re
import signal

import numpy as np
import pytest

import vigil
from command import answer, arguments, complaint, document, misuse, vigil_command
from daemon import Daemon, copy_models, free_port, wait_until
from test_operations import get, metrics, value

WINDOW = 10_000
TREE, MLP = "er-nr-tree", "er-nr-mlp"
VALUES = ["s1c", "s2c", "drift_time", "margin"]
S2C = 1


@pytest.fixture(scope="module")
def parts(halves):
    """ER and NR events, s1c to y_s2: for references, and four windows of others."""
    reference, others = [
        np.stack([half[name] for name in ("s1c", "s2c", "drift_time", "x_s2", "y_s2")], 1)
        for half in halves
    ]
    random = np.random.default_rng(41)
    return reference.astype("f4"), others.astype("f4")[random.integers(0, len(others), 4 * WINDOW)]


@pytest.fixture(scope="module")
def stored_reference(tmp_path_factory, halves):
    """The data file of a reference."""
    path = tmp_path_factory.mktemp("reference") / "events.npz"
    np.savez(path, **halves[0])
    return path


@pytest.fixture(scope="module")
def monitored(tmp_path_factory, stored_reference):
    """A daemon whose binary models have references by simulation."""
    models = copy_models(tmp_path_factory.mktemp("monitored"), TREE, MLP)
    with Daemon(models, http_port=free_port()) as running:
        for model in (TREE, MLP):
            answer("reference", model, "--data", stored_reference, "--kind", "simulation",
                   "--no-reload", at=running)
        answer("models", "reload", at=running)
        yield running


def forget_references(models):
    """Removes the references of the tree model."""
    for path in (models / TREE / "1").glob("references*"):
        path.unlink()


def monitoring(client, model):
    (found,) = client.monitoring(model)
    return found


def feed(client, model, events, stream, rows=1000, **options):
    """Scores events in requests of so many rows."""
    for first in range(0, len(events), rows):
        client.score(model, events[first : first + rows], stream=stream, **options)


def judged(client, model, stream, windows):
    """What was found of a stream once so many windows are judged."""
    def look():
        return monitoring(client, model).streams.get(stream)

    wait_until(lambda: look() is not None and look().windows >= windows)
    return look()


def test_a_gain_loss_of_five_per_cent_alarms_in_its_first_window(monitored, parts):
    lost = parts[1][:WINDOW].copy()
    lost[:, S2C] *= 0.95
    for model in (TREE, MLP):
        with monitored.client() as client:
            feed(client, model, lost, f"lost-{model}")
            found = judged(client, model, f"lost-{model}", 1)
        compared = found.comparisons["simulation"]
        assert (found.windows, found.skipped, compared.alarm, compared.alarms) == (1, 0, True, 1)
        assert compared.values["margin"].alarm and compared.values["margin"].distance > 0.02
        assert compared.values["margin"].q_value < 1e-4
        assert not compared.values["drift_time"].alarm


def test_the_same_events_do_not_alarm(monitored, parts):
    with monitored.client() as client:
        feed(client, TREE, parts[1], "same")
        found = judged(client, TREE, "same", 4)
    compared = found.comparisons["simulation"]
    assert (found.events, compared.alarms, compared.alarm) == (4 * WINDOW, 0, False)
    assert all(not drift.martingale_alarm for drift in compared.values.values())


def test_windows_hold_what_numpy_counts(monitored, parts):
    reference, others = parts
    with monitored.client() as client:
        feed(client, TREE, others[:WINDOW], "counted", rows=37)
        found = judged(client, TREE, "counted", 1)
        told = monitoring(client, TREE)
        scores = client.score(TREE, others[:WINDOW], raw=True, outputs="margin", stream="other")
        known = client.score(TREE, reference, raw=True, outputs="margin", stream="other")
    columns = {name: others[:WINDOW, place] for place, name in enumerate(VALUES[:3])}
    columns["margin"] = scores.value
    references = {name: reference[:, place] for place, name in enumerate(VALUES[:3])}
    references["margin"] = known.value
    assert list(told.values) == VALUES and told.window_events == WINDOW
    for name in VALUES:
        edges = np.array(told.values[name].edges)
        for counts, column in (
            (found.counts[name], columns[name]),
            (told.references["simulation"].counts[name], references[name]),
        ):
            places = np.searchsorted(edges, column.astype("f8"), side="right")
            assert counts.events == tuple(np.bincount(places, minlength=len(edges) + 1))
        share = [np.cumsum(c.events) / sum(c.events) for c in (
            found.counts[name], told.references["simulation"].counts[name])]
        distance = found.comparisons["simulation"].values[name].distance
        assert distance == pytest.approx(np.abs(share[0] - share[1]).max(), abs=1e-12)


def test_streams_are_told_apart_whatever_a_request_asks_for(monitored, parts):
    events = parts[1][:3]
    with monitored.client() as client:
        def counts():
            streams = monitoring(client, MLP).streams
            return {name: streams[name].events if name in streams else 0 for name in
                    ("none", "a", "b")}

        before = counts()
        client.score(MLP, events)
        client.score(MLP, events, raw=True, stream="a")
        client.score(MLP, events, priority="BULK", stream="b")
        client.score(MLP, events[:1], priority="TRIGGER", stream="b")
        after = counts()
    assert [after[name] - before[name] for name in ("none", "a", "b")] == [3, 3, 4]


def test_values_that_are_not_finite_are_counted_apart(monitored, parts):
    events = parts[1][:WINDOW].copy()
    events[: WINDOW // 4, S2C] = np.nan
    with monitored.client() as client:
        # The network flags such events, which then have no score; trees take them as missing.
        for model, margins in ((MLP, WINDOW // 4), (TREE, 0)):
            feed(client, model, events, "missing")
            found = judged(client, model, "missing", 1)
            nonfinite = {name: found.counts[name].nonfinite for name in VALUES}
            assert nonfinite == {"s1c": 0, "s2c": WINDOW // 4, "drift_time": 0, "margin": margins}
            for name in VALUES:
                assert sum(found.counts[name].events) == WINDOW - nonfinite[name]


def test_a_value_without_a_finite_event_is_told_as_such(monitored, parts):
    events = parts[1][:WINDOW].copy()
    events[:, S2C] = np.inf
    with monitored.client() as client:
        feed(client, TREE, events, "nothing")
        found = judged(client, TREE, "nothing", 1)
    drift = found.comparisons["simulation"].values["s2c"]
    assert (drift.distance, drift.p_value, drift.q_value, drift.alarm) == (None, None, None, False)
    assert "nothing finite" in vigil_command("monitor", TREE, at=monitored).stdout


def test_page_metrics_command_and_client_agree(monitored, parts):
    with monitored.client() as client:
        feed(client, TREE, parts[1][:WINDOW], "agreed")
        found = judged(client, TREE, "agreed", 1)
    status, headers, body = get(monitored, "/v1/monitoring")
    assert status == 200 and headers["Content-Type"] == "application/json"
    (page,) = [model for model in json.loads(body) if model["model"] == TREE]
    shown = vigil_command("monitor", TREE, "--json", at=monitored)
    (told,) = json.loads(shown.stdout)["models"]
    # Streams go on; what is said of one that has ended does not change.
    streams = [{s["stream"]: s for s in one["streams"]}["agreed"] for one in (page, told)]
    assert streams[0] == streams[1]
    assert {k: v for k, v in page.items() if k != "streams"} == {
        k: v for k, v in told.items() if k != "streams"
    }
    (compared,) = streams[0]["comparisons"]
    samples = metrics(monitored)
    labels = {"model": TREE, "version": "1", "stream": "agreed"}
    assert value(samples, "vigil_drift_windows_total", **labels) == found.windows == 1
    assert value(samples, "vigil_drift_skipped_windows_total", **labels) == 0
    for shown, name in zip(compared["values"], VALUES):
        drift = found.comparisons["simulation"].values[name]
        own = labels | {"value": name, "reference": "simulation"}
        assert shown["value"] == name
        assert shown["distance"] == drift.distance
        assert shown["q_value"] == drift.q_value
        assert shown["largest_log_capital"] == drift.largest_log_capital
        for metric, number in (
            ("distance", drift.distance), ("p_value", drift.p_value), ("alarm", drift.alarm),
            ("alarms_total", drift.alarms), ("martingale_log_capital", drift.largest_log_capital),
        ):
            assert value(samples, f"vigil_drift_{metric}", **own) == pytest.approx(float(number), abs=1e-8)


def test_a_table_is_shown_where_there_is_no_terminal(monitored, parts):
    with monitored.client() as client:
        lost = parts[1][:WINDOW].copy()
        lost[:, S2C] *= 0.95
        feed(client, TREE, lost, "table")
        judged(client, TREE, "table", 1)
    shown = vigil_command("monitor", TREE, at=monitored)
    assert shown.returncode == 1 and shown.stderr == ""
    rows = [line.split() for line in shown.stdout.splitlines() if line.startswith("table ")]
    assert [row[4] for row in rows] == VALUES
    assert [row[-1] for row in rows if row[4] == "margin"] == ["ALARM"]
    assert vigil_command("monitor", TREE, "--once", at=monitored).stdout.splitlines()[0] == (
        "er-nr-tree 1: windows of 10000 events, alarm at q <= 0.0001 and distance >= 0.02"
    )


def test_a_page_of_plots_is_written(monitored, tmp_path, parts):
    with monitored.client() as client:
        feed(client, MLP, parts[1][:WINDOW], "plotted")
        judged(client, MLP, "plotted", 1)
    page = tmp_path / "drift.svg"
    vigil_command("monitor", MLP, "--report", page, at=monitored)
    text = page.read_text()
    assert text.startswith("<svg") and text.count("<polyline") >= 2 * len(VALUES)
    assert "stream plotted" in text and "nan" not in text
    assert "must end in .svg" in misuse("monitor", "--report", "page.png")


def test_streams_past_the_capacity_are_taken_together(tmp_path, stored_reference, parts):
    models = copy_models(tmp_path, TREE)
    with Daemon(models) as running:
        answer("reference", TREE, "--data", stored_reference, "--kind", "simulation", at=running)
        with running.client() as client:
            for stream in range(40):
                client.score(TREE, parts[1][:10], stream=f"s{stream}")
            streams = monitoring(client, TREE).streams
    assert len(streams) <= 16
    assert sum(stream.events for stream in streams.values()) == 400
    assert streams["others"].events > 10 and streams["s0"].events == 10


def test_both_references_are_held_against(tmp_path, stored_reference, halves, parts):
    models = copy_models(tmp_path / "models", TREE)
    data = tmp_path / "data.npz"
    np.savez(data, **(halves[1] | {"s2c": halves[1]["s2c"] * np.float32(0.9)}))
    with Daemon(models) as running:
        first = document("reference", TREE, "--data", stored_reference, "--kind", "simulation",
                         "--bins", 30, at=running)
        second = document("reference", TREE, "--data", data, "--kind", "data", "--bins", 12,
                          at=running)
        assert first["file"] == second["file"] and second["kind"] == "data"
        # The second kind shares the bins of the first.
        assert {v["bins"] for v in first["values"]} == {v["bins"] for v in second["values"]} == {30}
        with running.client() as client:
            feed(client, TREE, parts[1][:WINDOW], "x")
            found = judged(client, TREE, "x", 1)
            told = monitoring(client, TREE)
        assert list(told.references) == ["simulation", "data"]
        assert not found.comparisons["simulation"].alarm and found.comparisons["data"].alarm
        # Made again, it takes the place of the one of its kind, and the windows begin anew.
        document("reference", TREE, "--data", stored_reference, "--kind", "data", at=running)
        with running.client() as client:
            told = monitoring(client, TREE)
            assert list(told.references) == ["simulation", "data"] and told.streams == {}
            counts = [reference.counts for reference in told.references.values()]
            assert counts[0] == counts[1]
            feed(client, TREE, parts[1][:WINDOW], "x")
            found = judged(client, TREE, "x", 1)
        assert not any(compared.alarm for compared in found.comparisons.values())
        assert vigil_command("monitor", at=running).returncode == 0
        assert running.stop() == 0
        running.start()
        with running.client() as client:
            told = monitoring(client, TREE)
        assert list(told.references) == ["simulation", "data"] and told.reason is None


@pytest.mark.parametrize(
    "old, new, reason",
    [
        (r"sha256:\w+", "sha256:" + "0" * 64, "artefact_digest is sha256:0000"),
        ('"engine": "vigil-trees"', '"engine": "xgboost"', "engine is xgboost, what runs is"),
        ('"name": "s2c"', '"name": "x_s2"', "the manifest does not name x_s2 to be monitored"),
        ('"format": 1', '"format": 9', "format: found 9"),
        (r"(?s).*", "not JSON", "JSON at byte 0"),
    ],
)
def test_wrong_files_are_not_used_and_say_why(
    monitored, tmp_path, stored_reference, parts, old, new, reason
):
    models = copy_models(tmp_path / "models", TREE)
    path = tmp_path / "references.json"
    answer("reference", TREE, "--data", stored_reference, "--kind", "simulation", "--no-reload",
           "--output", path, at=monitored)
    changed, count = re.subn(old, new, path.read_text(), count=1)
    assert count == 1
    forget_references(models)
    (models / TREE / "1" / "references.json").write_text(changed)
    with Daemon(models) as running, running.client() as client:
        told = monitoring(client, TREE)
        assert reason in told.reason and "references.json" in told.reason
        assert (told.values, told.references, told.streams) == ({}, {}, {})
        assert reason in answer("monitor", at=running)
        # The model serves all the same.
        assert len(client.score(TREE, parts[1][:5]).value) == 5


def test_what_is_not_watched_says_why(tmp_path, stored_reference):
    models = copy_models(tmp_path, TREE)
    manifest = models / TREE / "model.yaml"
    forget_references(models)
    with Daemon(models) as running, running.client() as client:
        assert "there is no file of references" in monitoring(client, TREE).reason
        manifest.write_text(re.sub("monitored: .*\n", "", manifest.read_text()))
        client.reload()
        assert "names nothing to be monitored" in monitoring(client, TREE).reason
        assert "names nothing to be monitored" in complaint(
            "reference", TREE, "--data", stored_reference, "--kind", "data", at=running
        )
        with pytest.raises(vigil.NotFound):
            client.monitoring("er-nr-trees")


def test_a_reference_of_the_wrong_kind_or_file_is_refused(monitored, tmp_path, stored_reference):
    words = ("reference", TREE, "--data", stored_reference)
    assert "allowed are simulation and data" in misuse(*words, "--kind", "toys")
    assert "allowed are 2 to 64" in misuse(*words, "--kind", "data", "--bins", "65")
    broken = tmp_path / "references.json"
    broken.write_text("{}")
    said = complaint(*words, "--kind", "data", "--output", broken, at=monitored)
    assert said.startswith(f"{broken} is no file of references: ") and broken.read_text() == "{}"


def test_a_live_view_is_drawn_and_gives_the_terminal_back(monitored):
    process, screen = pty.fork()
    if process == 0:
        line = arguments("vigil", "monitor", "--interval", "0.1", at=monitored)
        os.execvp(line[0], line)
    shown = b""
    while shown.count(b"windows of 10000 events") < 6:
        shown += os.read(screen, 65536)
    os.kill(process, signal.SIGINT)
    try:
        while part := os.read(screen, 65536):
            shown += part
    except OSError:
        pass
    _, status = os.waitpid(process, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGINT
    assert shown.startswith(b"\x1b[?1049h\x1b[?25l") and shown.endswith(b"\x1b[?25h\x1b[?1049l")
    assert b"\x1b[2J" not in shown and b"Ctrl-C ends" in shown


def test_events_sent_with_their_truths_are_no_sample_of_a_stream(tmp_path, halves):
    with Daemon(copy_models(tmp_path / "models", "position-cnn")) as daemon:
        with daemon.client() as client:
            client.score("position-cnn", halves[0]["hits"][:300], stream="physics")
            labelled = {name: column[:500] for name, column in halves[1].items()}
            truths = {name: labelled[name] for name in ("true_x", "true_y")}
            taken = client.truth("position-cnn", truths, labelled["hits"], stream="physics").taken
            told = monitoring(client, "position-cnn")
    assert taken == 500
    assert sum(row.events for row in told.coverage if row.output == "x") == 500
    assert told.streams["physics"].events == 300
