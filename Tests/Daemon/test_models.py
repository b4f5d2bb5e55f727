"""Models come, change and go while the daemon runs."""

import shutil
import threading

import numpy as np
import pytest

import vigil
from command import answer, document, vigil_command, wait_until
from daemon import MODELS, Daemon, copy_models
from frames import FEATURES, Peer, message
from versions import ROWS, SHIFT, TREE, add_version, assert_version, bits, by_command, by_hangup
from versions import digest, edit, keep_versions, margin


@pytest.fixture
def models(tmp_path):
    return copy_models(tmp_path / "models", TREE)


@pytest.fixture(scope="module")
def features(sample):
    return np.stack([sample[name][:ROWS] for name in FEATURES], 1)


@pytest.fixture(scope="module")
def references(features, tmp_path_factory):
    """The bits of the events by the digest of the artefact, and that of each version."""
    models = copy_models(tmp_path_factory.mktemp("models"), TREE)
    keep_versions(models, 2)
    digests = {"1": digest(models / TREE / "1" / "model.json"), "2": add_version(models)}
    with Daemon(models) as running, running.client() as client:
        known = {}
        for version, name in digests.items():
            scores = client.score(TREE, features, version=version)
            assert (scores.provenance.version, scores.provenance.digest) == (version, name)
            known[name] = bits(scores)
        shift = margin(client, features, "2") - margin(client, features, "1")
    assert np.allclose(shift, SHIFT, atol=1e-4) and len(set(known.values())) == 2
    return digests, known


# MARK: Versions


@pytest.mark.parametrize("reload", [by_hangup, by_command])
def test_a_new_version_serves_beside_the_old(models, make_daemon, features, references, reload):
    keep_versions(models, 2)
    running = make_daemon(models)
    with running.client() as client:
        assert_version(client, features, references, "1")
        found = add_version(models)
        told = reload(running)
        assert wait_until(lambda: f"loaded {TREE} 2 {found}" in told())
        assert wait_until(lambda: len(client.models(TREE)) == 2)
        assert_version(client, features, references, "2")
        assert_version(client, features, references, "1", named="1")
        assert_version(client, features, references, "2", named="2")
        assert [(m.version, m.state) for m in client.models(TREE)] == [
            ("2", "serving"), ("1", "serving"),
        ]  # fmt: skip
        assert len(told()) == 1 and client.status().ready
    with Peer(running.endpoint) as peer:
        reply = peer.ask(message(TREE, "features", features, version="3"))
        assert (reply.code, reply.status.field) == ("NOT_FOUND", "version")
        assert set(reply.status.near) == {"1", "2"}


@pytest.mark.parametrize("reload", [by_hangup, by_command])
def test_a_new_version_takes_the_place_of_the_old(
    models, make_daemon, features, references, reload
):
    running = make_daemon(models)
    with running.client() as client:
        assert_version(client, features, references, "1")
        found = add_version(models)
        told = reload(running)
        wanted = [f"loaded {TREE} 2 {found}", f"retired {TREE} 1"]
        assert wait_until(lambda: told() == wanted), told()
        assert_version(client, features, references, "2")
        with pytest.raises(vigil.NotFound):
            client.score(TREE, features, version="1")
        # Back to the first: the second is taken away.
        shutil.rmtree(models / TREE / "2")
        again = reload(running)
        assert wait_until(lambda: f"retired {TREE} 2" in again()), again()
        assert_version(client, features, references, "1")


def test_versions_are_ordered_as_numbers(models, make_daemon, features):
    keep_versions(models, 8)
    for version in ("9", "10", "10.2", "10.10", "beta"):
        add_version(models, version)
    with make_daemon(models).client() as client:
        assert [m.version for m in client.models(TREE)] == [
            "10.10", "10.2", "10", "9", "1", "beta",
        ]  # fmt: skip
        assert client.score(TREE, features).provenance.version == "10.10"


def test_every_reply_quotes_the_digest_of_the_artefact(daemon, sample):
    found = [*MODELS.glob("*/1/model.*"), *MODELS.glob("*/1/firmware.json")]
    files = {path.parents[1].name: path for path in found}
    listed = {model["name"]: model["digest"] for model in document("models", at=daemon)["models"]}
    assert listed == {name: digest(path) for name, path in files.items()}
    with daemon.client() as client:
        for model in client.models():
            values = sample["hits"][:3]
            if model.inputs[0].name == "features":
                values = np.stack([sample[name][:3] for name in FEATURES], 1)
            (calibration,) = files[model.name].parent.glob("calibration*.json")
            for raw in (False, True):
                told = client.score(model.name, values, raw=raw).provenance
                assert told.digest == model.digest == listed[model.name]
                wanted = None if raw else digest(calibration).removeprefix("sha256:")[:16]
                assert told.calibration == wanted


@pytest.mark.parametrize("kept", [1, 2])
def test_a_broken_new_version_leaves_the_old_serving_and_says_why(
    models, make_daemon, features, references, kept
):
    keep_versions(models, kept)
    running = make_daemon(models)
    with running.client() as client:
        add_version(models)
        artefact = models / TREE / "2" / "model.json"
        whole = artefact.read_bytes()
        artefact.write_bytes(whole[: len(whole) // 2])
        result = vigil_command("models", "reload", at=running)
        assert result.returncode == 1
        (failed,) = [x for x in result.stdout.splitlines() if x.startswith(f"failed {TREE} 2: ")]
        why = failed.removeprefix(f"failed {TREE} 2: ")
        assert "found the end of the file" in why
        # It is said again wherever one looks, and at the next reload.
        (model,) = client.models(TREE)
        assert (model.version, model.state) == ("1", "serving")
        assert model.reasons == (f"version 2: {why}",)
        assert f"{TREE}: version 2: {why}" in answer("models", at=running).splitlines()
        assert f"version 2: {why}" in answer("models", "show", TREE, at=running)
        assert failed in client.reload()
        assert client.status().ready and client.status().reasons == ()
        assert_version(client, features, references, "1")
        assert_version(client, features, references, "1", named="1")
        artefact.write_bytes(whole)
        assert any(line.startswith(f"loaded {TREE} 2 ") for line in client.reload())
        assert_version(client, features, references, "2")
        assert all(model.reasons == () for model in client.models(TREE))


def test_a_broken_version_at_the_start_is_said_and_the_older_one_serves(
    models, make_daemon, features, references
):
    keep_versions(models, 2)
    add_version(models)
    (models / TREE / "2" / "model.json").write_text("{")
    with make_daemon(models).client() as client:
        (model,) = client.models(TREE)
        assert (model.version, model.state) == ("1", "serving")
        assert len(model.reasons) == 1 and model.reasons[0].startswith("version 2: ")
        assert_version(client, features, references, "1")


def test_a_model_whose_only_version_is_broken_is_a_reason_of_the_status(models, make_daemon):
    (models / TREE / "1" / "model.json").write_text("{")
    running = make_daemon(models, wait=False)
    with running.client() as client:
        assert wait_until(lambda: "models are loading" not in client.status().reasons)
        (reason,) = client.status().reasons
        assert not client.status().ready
        assert reason.startswith(f"model {TREE}: ") and "model.json" in reason
        shown = vigil_command("status", at=running)
        assert shown.returncode == 1 and reason in shown.stdout


# MARK: Models


@pytest.mark.parametrize("reload", [by_hangup, by_command])
def test_models_are_added_and_removed(models, make_daemon, sample, features, reload):
    hits = sample["hits"][:ROWS]
    running = make_daemon(models)
    with running.client() as client:
        before = bits(client.score(TREE, features))
        copy_models(models, "position-cnn")
        told = reload(running)
        wanted = f"loaded position-cnn 1 {digest(models / 'position-cnn' / '1' / 'model.onnx')}"
        assert wait_until(lambda: told() == [wanted]), told()
        assert client.score("position-cnn", hits).value.shape == (ROWS,)
        shutil.rmtree(models / TREE)
        again = reload(running)
        assert wait_until(lambda: again() == [f"removed {TREE}"]), again()
        with pytest.raises(vigil.NotFound) as refusal:
            client.score(TREE, features)
        assert refusal.value.field == "model" and TREE in str(refusal.value)
        assert [model.name for model in client.models()] == ["position-cnn"]
        assert client.status().ready and client.score("position-cnn", hits).value.shape == (ROWS,)
        copy_models(models, TREE)
        client.reload()
        assert bits(client.score(TREE, features)) == before


def test_a_changed_manifest_is_obeyed(tmp_path, make_daemon, sample):
    models = copy_models(tmp_path, "position-cnn")
    hits = sample["hits"][:ROWS]
    bad = hits.copy()
    bad[5, 7] = np.nan
    with make_daemon(models).client() as client:
        before = client.score("position-cnn", hits)
        narrow = client.score("position-cnn", hits, coverage=0.68)
        with pytest.raises(vigil.InvalidRequest) as refusal:
            client.score("position-cnn", bad)
        assert refusal.value.row == 5
        edit(models, "position-cnn", "nonfinite: refuse", "nonfinite: flag")
        edit(models, "position-cnn", "coverage: 0.9", "coverage: 0.68")
        changes = client.reload()
        assert [line.split()[0] for line in changes] == ["loaded", "retired"]
        after = client.score("position-cnn", hits)
        assert (before.coverage, after.coverage) == (0.9, 0.68)
        assert bits(after) == bits(narrow) != bits(before)
        flags = client.score("position-cnn", bad).flags
        assert list(np.flatnonzero(flags & vigil.answers.FLAG_NONFINITE)) == [5]
        (model,) = client.models()
        assert (model.coverage, model.inputs[0].nonfinite) == (0.68, "flag")


# MARK: Under load


def test_reloads_under_load_lose_no_request_and_change_no_bit(
    models, make_daemon, features, references
):
    """Versions come and go, and manifests change, while clients never pause or retry."""
    digests, known = references
    running = make_daemon(models)
    done, failures, seen = threading.Event(), [], [set() for _ in range(4)]

    def one_at_a_time(mine):
        with running.client(retries=0) as client:
            while not done.is_set():
                scores = client.score(TREE, features)
                assert bits(scores) == known[scores.provenance.digest]
                mine.add(scores.provenance.digest)

    def many_in_flight(mine):
        with Peer(running.endpoint) as peer:
            turn = 0
            while not done.is_set():
                for id in range(32):
                    peer.send(message(TREE, "features", features, id=id, framed=id % 2 == 0))
                for reply in peer.take(32).values():
                    assert reply.code == "OK", reply.status
                    scores = vigil.answers.scores(reply.message.score, reply.frames, ROWS)
                    assert bits(scores) == known[scores.provenance.digest], turn
                    mine.add(scores.provenance.digest)
                turn += 1

    def watched(work, mine):
        try:
            work(mine)
        except BaseException as error:
            failures.append(error)

    works = [one_at_a_time, one_at_a_time, many_in_flight, many_in_flight]
    threads = [threading.Thread(target=watched, args=pair) for pair in zip(works, seen)]
    for thread in threads:
        thread.start()
    try:
        with running.client() as client:
            for turn in range(8):
                assert_version(client, features, references, "1")
                add_version(models)
                assert any(line.startswith(f"loaded {TREE} 2") for line in client.reload())
                assert_version(client, features, references, "2")
                with open(models / TREE / "model.yaml", "a") as manifest:
                    manifest.write(f"# {turn}\n")
                assert any(line.startswith(f"loaded {TREE} 2") for line in client.reload())
                (models / TREE / "2").rename(models / TREE / ".old")
                shutil.rmtree(models / TREE / ".old")
                assert any(line.startswith(f"loaded {TREE} 1") for line in client.reload())
                assert not failures, failures
    finally:
        done.set()
        for thread in threads:
            thread.join(60)
    assert not failures, failures
    assert all(digests_seen == set(digests.values()) for digests_seen in seen)
