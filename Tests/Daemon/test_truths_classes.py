"""Truths of sets of classes: coverage measured class by class and bin by bin, sets that follow."""

from __future__ import annotations

import json
import os
import signal

import numpy as np
import pytest

import laws
from daemon import Daemon
from ensembles import (
    CLASSES,
    EDGES,
    PENALTY,
    class_scores,
    particle_events,
    particles,
    uniforms,
    write_particles,
)
from frames import Message, message, refused
from peers import watched
from vigil import InvalidRequest, NotFound, Unsupported

from command import answer, document, serving, stored, vigil_command

SEED = 11
STEP = 0.02
WINDOW = 6000
COUNTED = "truths: {remembered: 1500}\n"
MODELS = {
    "least": particles("least", "lac") + COUNTED,
    "drawn": particles("drawn", "aps") + COUNTED,
    "regularised": particles("regularised", "raps", penalty=PENALTY) + COUNTED,
    "members": particles("members", "lac", output="members") + COUNTED,
    "adaptive": particles("adaptive", "aps")
    + f"truths: {{adapt: {{method: adaptive, step: {STEP}}}}}\n",
    "sliding": particles("sliding", "raps", penalty=PENALTY)
    + f"truths: {{adapt: {{method: window, events: {WINDOW}}}}}\n",
}
METHODS = {
    "least": "lac", "members": "lac", "drawn": "aps", "regularised": "raps",
    "adaptive": "aps", "sliding": "raps",
}  # fmt: skip
DRAWN = [name for name, method in METHODS.items() if method != "lac"]
WORDS = ["< -0.5", "[-0.5, 0.8)", ">= 0.8"]


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    """A folder of models with their calibrations, to be copied."""
    folder = tmp_path_factory.mktemp("models")
    for name, manifest in MODELS.items():
        write_particles(folder, name, manifest)
    path = stored(tmp_path_factory.mktemp("data"), **particle_events(6000, 1))
    with Daemon(folder, top={"state": f"{folder.parent}/none"}) as daemon:
        serving(daemon, MODELS)
        for name in MODELS:
            result = vigil_command("calibrate", name, "--data", path, at=daemon)
            assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture
def live(calibrated, tmp_path, make_daemon):
    """Starts a daemon whose state lies in this test's folder, again and again."""
    return lambda: serving(make_daemon(calibrated, top={"state": f"{tmp_path}/state"}), MODELS)


def shifted(count, seed):
    """Events whose clouds are wider than those that calibrated."""
    columns = particle_events(count, seed)
    place = columns["particle"].astype(int) // 10 - 1
    centres = np.array([[0, 0], [1.5, 0.5], [-0.5, 2]])[place]
    columns["x"] = (centres + 1.7 * (columns["x"] - centres)).astype("f4")
    return columns


def score(client, name, columns, **options):
    return client.score(
        name, columns["x"], event_ids=columns["event_id"], **{"seed": SEED} | options
    )


def send(client, name, columns, **options):
    """The truths with their events, and what sets are drawn by where they are."""
    if METHODS[name] != "lac":
        options = {"event_ids": columns["event_id"], "seed": SEED} | options
    return client.truth(name, {"particle": columns["particle"]}, columns["x"], **options)


def labels(columns):
    return columns["particle"].astype(int) // 10 - 1


def bins(columns):
    return np.searchsorted(EDGES, columns["x"][:, 1], side="right")


def held(scores, columns):
    """Whether each event's set holds its class."""
    return scores.answer.set[np.arange(len(columns["x"])), labels(columns)] == 1


def own_scores(client, name, columns):
    """The score of each event's own class, from the formula."""
    probabilities = score(client, name, columns).answer.value
    u = uniforms(SEED, columns["event_id"])
    return class_scores(METHODS[name], probabilities, u)[np.arange(len(u)), labels(columns)]


def part(columns, rows):
    return {name: values[rows] for name, values in columns.items()}


# MARK: Coverage


@pytest.mark.parametrize("name", ["least", "drawn", "regularised", "members"])
def test_coverage_is_that_of_the_sets_given(live, name):
    with live().client() as client:
        given = {}
        for seed, stream in ((2, "physics"), (3, "source")):
            columns = particle_events(4000, seed)
            given[stream] = columns, held(score(client, name, columns), columns)
            assert send(client, name, columns, stream=stream).taken == 4000
        rows = client.calibrations(name).coverage
        counts = {entry.output: entry.events for entry in client.models(name)[0].bins}
        assert sum(row.events for row in rows) == 8000
        for row in rows:
            columns, is_held = given[row.stream]
            label, cell = CLASSES.index(row.output.split("/")[1]), WORDS.index(row.bin)
            chosen = (labels(columns) == label) & (bins(columns) == cell)
            assert (row.events, row.covered) == (chosen.sum(), is_held[chosen].sum())
            assert row.coverage == 0.9
            low, high = laws.coverage_band(counts[row.output][cell], row.events, 0.9, len(WORDS))
            np.testing.assert_allclose([row.low, row.high], [low, high], rtol=1e-12)
            assert row.standing == ("holds" if row.events >= 30 else "unknown")


def test_a_draw_is_that_of_the_answer(live):
    """Remembered events keep the seed that they were scored with; others bring theirs."""
    with live().client() as client:
        columns = particle_events(1200, 4)
        truths = {"particle": columns["particle"]}

        def covered(stream):
            rows = client.calibrations("drawn").coverage
            return {(row.output, row.bin): row.covered for row in rows if row.stream == stream}

        found = []
        for seed in (SEED, SEED + 1):
            scores = score(client, "drawn", columns, seed=seed, stream=f"kept-{seed}")
            client.truth("drawn", truths, event_ids=columns["event_id"], stream=f"kept-{seed}")
            send(client, "drawn", columns, seed=seed, stream=f"sent-{seed}")
            found.append(covered(f"kept-{seed}"))
            assert covered(f"sent-{seed}") == found[-1]
            assert sum(found[-1].values()) == held(scores, columns).sum()
        assert found[0] != found[1]


def test_a_shift_shows_in_the_classes_that_it_moves(live):
    with live().client() as client:
        columns = particle_events(6000, 5)
        moved = labels(columns) == 1
        columns["x"][moved, 0] -= 1
        send(client, "least", columns)
        rows = client.calibrations("least").coverage
        standings = {name: set() for name in CLASSES}
        for row in rows:
            standings[row.output.split("/")[1]].add(row.standing)
        assert "under" in standings["beta"] and "under" not in standings["alpha"]


# MARK: Following


def test_levels_of_every_class_and_bin_follow_a_shift(live, tmp_path, calibrated):
    with live().client() as client:
        first = client.models("adaptive")[0].calibration
        given = [shifted(1000, 10 + turn) for turn in range(30)]
        test = shifted(20000, 60)
        before = held(score(client, "adaptive", test), test)
        scores = [own_scores(client, "adaptive", columns) for columns in given]
        ids = [send(client, "adaptive", columns).calibration for columns in given]
        assert len(set(ids)) == 30 and first not in ids
        after = held(score(client, "adaptive", test), test)
        for label in range(2):
            chosen = labels(test) == label
            assert before[chosen].mean() < 0.85 and abs(after[chosen].mean() - 0.9) < 0.04
        # The formula of Gibbs and Candès, class by class and bin by bin.
        file = calibrated / "adaptive" / "1" / "calibration-onnxruntime-float32-cpu.json"
        tables = [entry["scores"] for entry in json.loads(file.read_text())["outputs"][0]["p_values"]]
        levels = np.full((3, 3), 0.1)
        for columns, own in zip(given[:2], scores):
            for label, cell, one in zip(labels(columns), bins(columns), own):
                table = tables[label][cell]
                rank = max(1, int(np.ceil((len(table) + 1) * (1 - levels[label, cell]) - 1e-9)))
                is_held = rank > len(table) or one <= table[rank - 1]
                levels[label, cell] = min(1, levels[label, cell] + STEP * (0.1 - (not is_held)))
        path = tmp_path / "state" / "adaptive" / "1" / f"{ids[1]}.json"
        learned = json.loads(path.read_text())["outputs"][0]["p_values"]
        found = [entry["adapted"]["miscoverages"] for entry in learned]
        np.testing.assert_allclose(found, levels, rtol=1e-9)
        assert np.sum([entry["adapted"]["truths"] for entry in learned]) == 2000
        with pytest.raises(Unsupported, match="adapts to that coverage"):
            score(client, "adaptive", test, coverage=0.68)


def test_a_window_makes_the_sets_anew(live, tmp_path):
    with live().client() as client:
        given = [shifted(1000, 100 + turn) for turn in range(8)]
        scores = [own_scores(client, "sliding", columns) for columns in given]
        before = client.models("sliding")[0].bins
        for columns in given:
            sent = send(client, "sliding", columns)
        # The last of them, no more and no others; a class that has too few in a bin keeps its own.
        own = np.concatenate(scores[2:])
        label = np.concatenate([labels(columns) for columns in given[2:]])
        cell = np.concatenate([bins(columns) for columns in given[2:]])
        path = tmp_path / "state" / "sliding" / "1" / f"{sent.calibration}.json"
        tables = json.loads(path.read_text())["outputs"][0]["p_values"]
        kept = 0
        for one, table in enumerate(tables):
            for place, found in enumerate(table["scores"]):
                wanted = np.sort(own[(label == one) & (cell == place)])
                if len(wanted) >= 100:
                    np.testing.assert_allclose(found, wanted, rtol=1e-12)
                else:
                    kept += 1
                    assert len(found) == before[one].events[place]
        assert 0 < kept < 9
        test = shifted(20000, 120)
        answered = score(client, "sliding", test)
        assert answered.provenance.calibration == sent.calibration
        is_held = held(answered, test)
        for one, entry in enumerate(answered.provenance.bins):
            for place, count in enumerate(entry.events):
                chosen = (labels(test) == one) & (bins(test) == place)
                if ((label == one) & (cell == place)).sum() < 100:
                    continue
                low, high = laws.coverage_band(count, chosen.sum(), 0.9, 9)
                assert low <= is_held[chosen].mean() <= high, (one, place)


def test_a_restart_goes_on_and_a_choice_holds(live):
    daemon = live()
    with daemon.client() as client:
        first = client.models("adaptive")[0].calibration
        for turn in range(3):
            last = send(client, "adaptive", shifted(1000, 200 + turn)).calibration
        columns = shifted(500, 210)
        wanted = score(client, "adaptive", columns).answer.set
    os.kill(daemon.process.pid, signal.SIGKILL)
    daemon.__exit__()
    daemon = live()
    with daemon.client() as client:
        again = score(client, "adaptive", columns)
        assert again.provenance.calibration == last
        assert np.array_equal(again.answer.set, wanted)
        following = send(client, "adaptive", shifted(1000, 220)).calibration
        states = client.calibrations("adaptive").calibrations
        assert (states[-1].id, states[-1].parent, states[-1].truths) == (following, last, 4000)
        answer("calibrations", "use", first, "--model", "adaptive", at=daemon)
        assert score(client, "adaptive", columns).provenance.calibration == first
    daemon.__exit__()
    with live().client() as client:
        assert client.models("adaptive")[0].calibration == first


def test_truths_of_drawn_sets_are_sent_from_files(live, tmp_path):
    daemon = live()
    columns = particle_events(900, 7)
    path = stored(tmp_path, **columns)
    words = ["truth", "drawn", "--data", path, "--seed", SEED]
    assert document(*words, at=daemon)["taken"] == 900
    with daemon.client() as client:
        rows = client.calibrations("drawn").coverage
        wanted = held(score(client, "drawn", columns), columns).sum()
        assert sum(row.covered for row in rows) == wanted


# MARK: Refusals


@pytest.mark.parametrize("name", ["least", "drawn"])
def test_truths_that_cannot_be_taken_change_nothing(live, name):
    good = particle_events(50, 8)
    with live().client() as client:
        send(client, name, good)
        before = client.calibrations(name).coverage
        assert sum(row.events for row in before) == 50

        def told(error, words, particle=good["particle"], values=good["x"], **options):
            if METHODS[name] == "aps" and "event_ids" not in options:
                options["event_ids"] = good["event_id"]
            with pytest.raises(error, match=words):
                client.truth(name, {"particle": particle}, values, **options)

        for wrong in (0, 15, np.nan, np.inf):
            particle = good["particle"].copy()
            particle[7] = wrong
            with pytest.raises(InvalidRequest, match="allowed are 10.0, 20.0, 30.0") as raised:
                send(client, name, good | {"particle": particle})
            assert raised.value.row == 7
        told(InvalidRequest, "found 49 truths for 50", particle=good["particle"][1:])
        strange = good["x"].copy()
        strange[3, 0] = np.nan
        told(InvalidRequest, "answered without a finite value", values=strange)
        unknown = {"values": None, "event_ids": np.arange(50)}
        told(NotFound, "none of the last 0", **unknown)
        told(NotFound, "no event of the stream 'x'", stream="x", **unknown)
        if METHODS[name] == "aps":
            told(InvalidRequest, "are missing: the sets of 'drawn'", event_ids=None)
            told(InvalidRequest, "int64\\[49\\], allowed is", event_ids=good["event_id"][1:])
        else:
            told(InvalidRequest, "both ids and events", event_ids=good["event_id"])
        assert client.calibrations(name).coverage == before


def test_labels_of_wrong_types(live):
    def asked(dtype="<f8"):
        made = Message()
        truth = made.request.truth
        truth.model = "least"
        made.place(truth.inputs.add(name="x"), np.zeros((2, 2), "<f4"))
        made.place(truth.truths.add(name="particle"), [10, 20], dtype=dtype)
        return made

    with watched(live(), message("least").input("x", np.zeros((2, 2), "<f4"))) as peer:
        assert peer.ask(asked()).code == "OK"
        for dtype, name in (("<i8", "int64"), ("<i4", "int32")):
            reply = peer.ask(asked(dtype))
            refused(reply, "INVALID", "truths[0].type", name, "float32, float64")


def test_a_class_that_nothing_calibrated_in_a_bin(tmp_path, make_daemon):
    write_particles(tmp_path, "least", MODELS["least"])
    daemon = serving(make_daemon(tmp_path), ["least"])
    columns = particle_events(4000, 9)
    seen = (labels(columns) != 2) | (bins(columns) != 0)
    assert 0 < (~seen).sum() < 400
    path = stored(tmp_path, **part(columns, seen))
    assert vigil_command("calibrate", "least", "--data", path, at=daemon).returncode == 0
    with daemon.client() as client:
        with pytest.raises(InvalidRequest, match="bin < -0.5 of probabilities/gamma") as raised:
            send(client, "least", columns)
        assert raised.value.row == np.flatnonzero(~seen)[0]
        assert client.calibrations("least").coverage == ()
        assert send(client, "least", part(columns, seen)).taken == seen.sum()
