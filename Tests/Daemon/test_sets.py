"""Sets of classes: calibrated, served, drawn by event, covered class by class and bin by bin."""

from __future__ import annotations

import json

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
from frames import message, refused
from peers import watched
from vigil import FLAG_INFINITE, FLAG_NONFINITE, InvalidRequest, Unsupported

from command import complaint, document, serving, stored, vigil_command

MODELS = {
    "least": particles("least", "lac"),
    "adaptive": particles("adaptive", "aps"),
    "regularised": particles("regularised", "raps", penalty=PENALTY),
    "members": particles("members", "lac", output="members"),
}
COVERAGES = (0.5, 0.9, 0.95)
SEED = 11


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for name, manifest in MODELS.items():
        write_particles(folder, name, manifest)
    return folder


@pytest.fixture(scope="module")
def events():
    """Events that calibrate, and others."""
    return particle_events(6000, 1), particle_events(8000, 2)


@pytest.fixture(scope="module")
def running(models, events, tmp_path_factory):
    """A daemon whose models were calibrated through it."""
    path = stored(tmp_path_factory.mktemp("data"), **events[0])
    with Daemon(models) as daemon:
        serving(daemon, MODELS)
        for name in MODELS:
            # It names what is thin on purpose.
            result = vigil_command("calibrate", name, "--data", path, at=daemon)
            assert result.returncode == 0, result.stderr
        yield daemon


def calibration(models, name):
    path = models / name / "1" / "calibration-onnxruntime-float32-cpu.json"
    return json.loads(path.read_text())["outputs"][0]


def score(running, name, columns, rows=slice(None), **options):
    with running.client() as client:
        return client.score(
            name, columns["x"][rows], event_ids=columns["event_id"][rows], **{"seed": SEED} | options
        )


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("coverage", COVERAGES)
def test_sets_follow_from_the_calibration_file(running, models, events, name, coverage):
    columns = {key: value[:500] for key, value in events[1].items()}
    answer = score(running, name, columns, coverage=coverage)
    output = answer.answer
    assert output.classes == CLASSES and output.coverage == coverage
    assert output.value.shape == output.set.shape == (500, 3) and output.set.dtype == np.uint8
    bins = np.searchsorted(EDGES, columns["x"][:, 1], side="right")
    file = calibration(models, name)
    method = file["sets"]["method"]
    assert method == MODELS[name].split("method: ")[1].split("\n")[0]
    scores = class_scores(method, output.value, uniforms(SEED, columns["event_id"]))
    for place, table in enumerate(file["p_values"]):
        assert table["class"] == CLASSES[place]
        for cell, own in enumerate(table["scores"]):
            limit = laws.conformal_quantile(np.array(own, float), coverage)
            found = output.set[bins == cell, place]
            assert np.array_equal(found, scores[bins == cell, place] <= limit)


@pytest.mark.parametrize("name", MODELS)
def test_every_class_is_covered_in_every_bin(running, models, events, name):
    columns = events[1]
    cells = len(MODELS) * len(COVERAGES) * len(CLASSES) * (len(EDGES) + 1)
    bins = np.searchsorted(EDGES, columns["x"][:, 1], side="right")
    tables = calibration(models, name)["p_values"]
    for coverage in COVERAGES:
        found = score(running, name, columns, coverage=coverage).answer.set
        for place in range(3):
            for cell in range(len(EDGES) + 1):
                chosen = (columns["particle"] == 10.0 * (place + 1)) & (bins == cell)
                count = tables[place]["events_per_bin"][cell]
                low, high = laws.coverage_band(count, chosen.sum(), coverage, cells)
                assert low <= found[chosen, place].mean() <= high, (coverage, place, cell)


@pytest.mark.parametrize("name", ["adaptive", "regularised"])
def test_a_set_is_a_function_of_event_and_seed_alone(running, events, name):
    columns = {key: value[:64] for key, value in events[1].items()}
    whole = score(running, name, columns).answer.set
    assert np.array_equal(score(running, name, columns).answer.set, whole)
    mixed = np.random.default_rng(0).permutation(64)
    assert np.array_equal(score(running, name, columns, mixed).answer.set, whole[mixed])
    single = [score(running, name, columns, [row]).answer.set[0] for row in range(8)]
    assert np.array_equal(single, whole[:8])
    other = score(running, name, columns, seed=SEED + 1).answer.set
    assert not np.array_equal(other, whole)
    # Without a seed it is 0.
    none = score(running, name, columns, seed=None).answer.set
    assert np.array_equal(score(running, name, columns, seed=0).answer.set, none)


def test_what_members_doubt_is_said(running, events):
    columns = {key: value[:200] for key, value in events[1].items()}
    output = score(running, "members", columns, outputs=["members"]).outputs["members"]
    raw = score(running, "members", columns, raw=True, outputs=["members"]).answer.value
    members = raw.astype(float)
    mean = members.mean(1)
    assert np.array_equal(output.value, mean.astype("f4"))
    entropy = -(mean * np.log(mean)).sum(1)
    aleatoric = -(members * np.log(members)).sum(2).mean(1)
    np.testing.assert_allclose(output.aleatoric, aleatoric, rtol=1e-6)
    np.testing.assert_allclose(output.epistemic, entropy - aleatoric, atol=2e-7)
    assert (output.epistemic > 0).any()
    assert score(running, "least", columns).answer.aleatoric is None


def test_events_without_numbers_have_no_set(running, events):
    columns = {key: value[:20].copy() for key, value in events[1].items()}
    whole = score(running, "adaptive", columns).answer
    columns["x"][3, 0] = np.nan
    output = score(running, "adaptive", columns).answer
    assert output.flags[3] == FLAG_NONFINITE
    assert np.isnan(output.value[3]).all() and not output.set[3].any()
    others = np.arange(20) != 3
    assert np.array_equal(output.set[others], whole.set[others])
    assert np.array_equal(output.flags[others], whole.flags[others])


def test_a_class_with_too_few_events_is_in_every_set(running, models, events):
    """Of the rare class 4 events in 100 calibrate: at 99.99 % no bin has enough."""
    output = score(running, "least", events[1], coverage=0.9999).answer
    counts = [table["events_per_bin"] for table in calibration(models, "least")["p_values"]]
    assert max(counts[2]) < 9999
    assert output.set[:, 2].all() and (output.flags == FLAG_INFINITE).all()


def test_provenance_counts_each_class(running, models, events):
    bins = score(running, "least", events[1], slice(5)).provenance.bins
    assert [entry.output for entry in bins] == [f"probabilities/{name}" for name in CLASSES]
    for entry, table in zip(bins, calibration(models, "least")["p_values"]):
        assert list(entry.events) == table["events_per_bin"]
        assert entry.axes[0].edges == tuple(EDGES)


def test_evaluate_shows_sets(running, events, tmp_path):
    found = document("evaluate", stored(tmp_path, **events[1]), at=running)["sets"]
    assert len(found) == 3 * 3 * len(MODELS) * len({cell["nominal"] for cell in found})
    assert all(cell["low"] <= cell["measured"] <= cell["high"] for cell in found)


def test_score_writes_sets(running, events, tmp_path):
    path = tmp_path / "scores.npz"
    columns = {key: value[:3000] for key, value in events[1].items()}
    words = ["score", stored(tmp_path, **columns), "-m", "adaptive", "--seed", SEED, "-o", path]
    assert vigil_command(*words, at=running).returncode == 0
    wanted = score(running, "adaptive", columns).answer.set
    with np.load(path) as written:
        assert np.array_equal(written["probabilities_set"], wanted)
    # Without ids, rows count.
    words[1] = stored(tmp_path, x=columns["x"])
    assert vigil_command(*words, at=running).returncode == 0
    columns["event_id"] = np.arange(3000)
    with np.load(path) as written:
        wanted = score(running, "adaptive", columns).answer.set
        assert np.array_equal(written["probabilities_set"], wanted)


# MARK: Refusals


@pytest.fixture
def peer(running):
    with watched(running, asked(np.array([1, 2], "<u8"))) as bare:
        yield bare


def asked(ids=None, **options):
    """A request of `adaptive` for two events."""
    made = message("adaptive", **options).input("x", np.zeros((2, 2), "<f4"))
    return made if ids is None else made.event_ids(ids)


def test_ids_of_events_are_checked(peer):
    assert peer.ask(asked(np.array([1, 2], "<u8"))).code == "OK"
    assert peer.ask(asked(np.array([-1, 2], "<i8"))).code == "OK"
    reply = peer.ask(asked())
    refused(reply, "INVALID", "event_ids", "are missing", "'adaptive'", "by event")
    reply = peer.ask(asked(np.array([1, 2], "<i4")))
    refused(reply, "INVALID", "event_ids.type", "int32", "int64, uint64")
    reply = peer.ask(asked(np.array([1, 2, 3], "<i8")))
    refused(reply, "INVALID", "event_ids.shape", "int64[3]", "int64[2]")
    made = asked(np.array([1, 2], "<i8"))
    made.score.event_ids.data = b"too few"
    refused(peer.ask(made), "INVALID", "event_ids.data", "7 bytes", "16")
    # Raw answers need none, and wrong ones are refused all the same.
    assert peer.ask(asked(raw=True)).code == "OK"
    reply = peer.ask(asked(np.array([1.0, 2.0], "<f8"), raw=True))
    refused(reply, "INVALID", "event_ids.type", "float64", "int64, uint64")


def test_ids_may_travel_as_frames(peer):
    inline = peer.ask(asked(np.array([7, 8], "<u8"), seed=3))
    framed = message("adaptive", seed=3).input("x", np.zeros((2, 2), "<f4"))
    framed.event_ids(np.array([7, 8], "<u8"), framed=True)
    reply = peer.ask(framed)
    assert reply.message.score.outputs[0].set.data == inline.message.score.outputs[0].set.data


def test_coverages_that_are_none(running, events):
    with pytest.raises(InvalidRequest, match="between 0 and 1"):
        score(running, "least", events[1], slice(2), coverage=1.0)
    with pytest.raises(Unsupported, match="no probability that a prior"):
        score(running, "least", events[1], slice(2), prior=0.5)


def test_a_class_that_nobody_has_seen_is_not_calibrated(running, events, tmp_path):
    rare = events[0]["particle"] == 30
    columns = {key: value[~rare] for key, value in events[0].items()}
    path = stored(tmp_path, **columns)
    told = complaint("calibrate", "least", "--data", path, "--output", tmp_path / "c.json", at=running)
    assert "no event of class gamma (label 30)" in told
