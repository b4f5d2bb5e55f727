"""Why a daemon is not ready, and how it becomes so: reloads, failures, lanes that hang."""

import shutil
import signal
import urllib.error
import urllib.request

import numpy as np
import pytest

import vigil
from daemon import MODELS, PATIENCE, Daemon, copy_models, free_port, wait_until
from slow import slow
from wire import Wire, cnn, tree


def has_read(client):
    """Whether the daemon has read its models, with whatever result."""
    return "models are loading" not in client.status().reasons


def page(running, path):
    """Status of an HTTP page and what it says."""
    address = f"http://127.0.0.1:{running.http_port}{path}"
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


# MARK: Models


def test_a_model_without_its_artefact_is_a_reason_until_it_is_there(
    copied_models, make_daemon, sample, features
):
    artefact = copied_models / "position-cnn" / "1" / "model.onnx"
    aside = copied_models.parent / "aside.onnx"
    artefact.rename(aside)
    running = make_daemon(copied_models, wait=False)
    with running.client() as client, Wire(running.endpoint) as peer:
        wait_until(lambda: has_read(client))
        told = client.status()
        assert not told.ready
        assert len(told.reasons) == 1 and "position-cnn" in told.reasons[0]
        refused = peer.ask(cnn(sample["hits"][:1]))
        assert refused.code == "UNAVAILABLE" and "position-cnn" in refused.status.message
        assert peer.ask(tree(features[:1])).code == "OK"
        aside.rename(artefact)
        assert any("loaded position-cnn" in line for line in client.reload())
        told = client.status()
        assert told.ready and not told.reasons
        assert [model.state for model in client.models()] == ["serving", "serving"]
        assert peer.ask(cnn(sample["hits"][:1])).code == "OK"


def test_a_missing_calibration_is_a_reason_where_one_is_required(
    copied_models, make_daemon, features
):
    folder = copied_models / "er-nr-tree" / "1"
    (calibration,) = folder.glob("calibration*.json")
    aside = copied_models.parent / calibration.name
    calibration.rename(aside)
    running = make_daemon(copied_models, wait=False)
    with running.client() as client, Wire(running.endpoint) as peer:
        wait_until(lambda: has_read(client))
        told = client.status()
        assert not told.ready and len(told.reasons) == 1
        assert "er-nr-tree" in told.reasons[0] and "calibration" in told.reasons[0]
        assert peer.ask(tree(features[:1])).code == "UNSUPPORTED"
        assert peer.ask(tree(features[:1], raw=True)).code == "OK"
        aside.rename(calibration)
        client.reload()
        assert client.status().ready
        assert peer.ask(tree(features[:1])).code == "OK"


def test_a_missing_folder_is_a_reason(tmp_path, make_daemon, features):
    folder = tmp_path / "nowhere"
    running = make_daemon(folder, wait=False)
    with running.client() as client, Wire(running.endpoint) as peer:
        wait_until(lambda: has_read(client))
        told = client.status()
        assert not told.ready and any(str(folder) in reason for reason in told.reasons)
        assert peer.ask(tree(features[:1])).code == "UNAVAILABLE"
        copy_models(folder, "er-nr-tree")
        client.reload()
        assert client.status().ready
        assert peer.ask(tree(features[:1])).code == "OK"


def test_a_broken_change_leaves_what_served_serving(copied_models, make_daemon, features):
    running = make_daemon(copied_models)
    with running.client() as client, Wire(running.endpoint) as peer:
        expected = peer.ask(tree(features[:50])).bits()
        (copied_models / "er-nr-tree" / "1" / "model.json").write_text("{")
        changes = client.reload()
        failed = [line for line in changes if line.startswith("failed er-nr-tree")]
        assert len(failed) == 1 and "model.json" in failed[0], changes
        assert peer.ask(tree(features[:50])).bits() == expected
        (model,) = client.models("er-nr-tree")
        assert model.state == "serving" and any("model.json" in text for text in model.reasons)


def test_hangup_reads_the_models_again(copied_models, make_daemon):
    aside = copied_models.parent / "aside"
    (copied_models / "position-cnn").rename(aside)
    running = make_daemon(copied_models)
    with running.client() as client:
        assert [model.name for model in client.models()] == ["er-nr-tree"]
        aside.rename(copied_models / "position-cnn")
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "loaded position-cnn" in running.log())
        wait_until(lambda: len(client.models()) == 2)
        shutil.rmtree(copied_models / "position-cnn")
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "removed position-cnn" in running.log())
        assert client.status().ready
        assert [model.name for model in client.models()] == ["er-nr-tree"]


def test_reloads_under_load_cost_no_request_and_no_bit(copied_models, make_daemon, features):
    """The manifest changes with each reload, so that every one swaps the model."""
    running = make_daemon(copied_models)
    manifest = copied_models / "er-nr-tree" / "model.yaml"
    text = manifest.read_text()
    with running.client() as client, Wire(running.endpoint) as peer:
        expected = peer.ask(tree(features[:200])).bits()
        for rows in (64, 128, 256):
            for _ in range(100):
                peer.send(tree(features[:200]))
            manifest.write_text(text.replace("maximum_rows: 1024", f"maximum_rows: {rows}"))
            changes = client.reload()
            assert any(line.startswith("retired er-nr-tree") for line in changes), changes
            for _ in range(100):
                peer.send(tree(features[:200]))
            for reply in peer.take(200):
                assert reply.code == "OK", reply.status
                assert reply.bits() == expected


def test_trees_are_served_without_onnx_runtime(make_daemon, features):
    running = make_daemon(onnxruntime="/nowhere/libonnxruntime.so", wait=False)
    with running.client() as client:
        wait_until(lambda: has_read(client))
        told = client.status()
        assert not told.ready and len(told.reasons) == 4
        widths = {"er-nr-mlp": 5, "kinematic-neighbours": 5}
        widths |= {"pattern-autoencoder": 61, "position-cnn": 61}
        for name, width in widths.items():
            (reason,) = [reason for reason in told.reasons if name in reason]
            assert "/nowhere/libonnxruntime.so" in reason and "\n" not in reason
            with running.client(retries=0) as other, pytest.raises(vigil.Unavailable):
                other.score(name, np.zeros((1, width), "f4"))
        assert len(client.score("er-nr-tree", features[:3])) == 3


# MARK: Lanes and ports


def test_a_lane_that_hangs_is_a_reason_until_it_moves(make_daemon, slow_models, turns):
    running = make_daemon(slow_models, http_port=free_port())
    with Wire(running.endpoint) as peer, Wire(running.endpoint) as other:
        assert page(running, "/readyz")[0] == page(running, "/livez")[0] == 200
        peer.send(slow(4 * turns))
        wait_until(lambda: not other.status().ready)
        (reason,) = other.status().reasons
        assert "slow" in reason and "stuck" in reason
        code, text = page(running, "/readyz")
        assert code == 503 and "stuck" in text
        assert page(running, "/livez")[0] == 503
        assert peer.take(1)[0].code == "OK"
        wait_until(lambda: other.status().ready)
        assert page(running, "/readyz")[0] == page(running, "/livez")[0] == 200


def test_a_second_daemon_on_a_port_says_so(make_daemon, features):
    first = make_daemon()
    second = Daemon(MODELS, port=first.port)
    try:
        second.start(wait=False)
        code, _ = second.ended()
        lines = second.log().splitlines()
    finally:
        second.__exit__()
    assert code == 1
    assert len(lines) == 1, lines
    assert "cannot start" in lines[0]
    assert first.endpoint in lines[0] and "in use" in lines[0]
    with first.client() as client:
        assert len(client.score("er-nr-tree", features[:3])) == 3
