"""The benchmark's scripts: its models, and the peers that it drives."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from command import INTERRUPTED, PATIENCE
from daemon import MODELS, ROOT, wait_until

BENCHMARKS = ROOT / "Benchmarks"
TREES = MODELS / "er-nr-tree" / "1" / "model.json"
XGBOOST = (BENCHMARKS / "peers" / "xgboost_inplace.py", TREES)
LOAD = (BENCHMARKS / "peers" / "oip_load.py",)
TRITON = (BENCHMARKS / "peers" / "triton",)
has_clients = shutil.which("h2load") and shutil.which("wrk")
has_triton = has_clients and (ROOT / ".cache" / "triton").is_dir()
needs_triton = pytest.mark.skipif(not has_triton, reason="Benchmarks/setup was not run")


def script(*words, text=""):
    """Runs a script of the benchmark to its end, with `text` as its input."""
    return subprocess.run(
        [sys.executable, *map(str, words)], input=text, capture_output=True, text=True,
        timeout=PATIENCE,
    )  # fmt: skip


def background(*words):
    """A script that runs until its input ends."""
    return subprocess.Popen(
        [sys.executable, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def files(folder):
    """The bytes of all files in a folder, by name."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The benchmark's models."""
    folder = tmp_path_factory.mktemp("benchmark") / "models"
    made = script(BENCHMARKS / "models" / "make.py", folder)
    assert (made.returncode, made.stdout, made.stderr) == (0, "", "")
    return folder


def test_the_models_are_the_same_bytes_each_time(models, tmp_path):
    script(BENCHMARKS / "models" / "make.py", tmp_path)
    first = files(models)
    assert {name.partition("/")[0] for name in first} == {"null", "null-monitored", "cnn", "large"}
    references = "null-monitored/1/references.json"
    assert {name.partition("/")[2] for name in first if name != references} == {
        "model.yaml", "1/model.onnx",
    }  # fmt: skip
    assert files(tmp_path) == first


def test_the_models_answer_and_may_use_their_largest_micro_batch(running):
    image = np.random.default_rng(1).random((3, 1, 64, 64), "f4")
    with running.client() as client:
        ladders = {model.name: [rows for rows, _ in model.ladder] for model in client.models()}
        rows = image[:, 0, 0, :16].copy()
        assert np.array_equal(client.score("null", rows).value, rows)
        classes = client.score("cnn", image).value
        assert classes.shape == (3, 4) and len(np.unique(classes)) == 12
        watched = client.score("null-monitored", rows)
        assert np.array_equal(watched.value, rows)
        (found,) = client.monitoring("null-monitored")
        assert len(found.values) == 8 and found.streams["none"].events == 3
        assert client.score("large", image[:, 0, 0, :]).value.shape == (3, 4)
    assert {name: max(found) for name, found in ladders.items()} == {
        "null": 1024, "null-monitored": 1024, "cnn": 1024, "large": 16,
    }  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        (BENCHMARKS / "models" / "make.py",),
        (*XGBOOST[:1], "no-such-file.json"),
        (*XGBOOST, "--rows", "0"),
        (*LOAD, "udp", "127.0.0.1:1", "null", "x", "16"),
        (*LOAD, "http", "127.0.0.1:1", "null", "x", "1,y"),
        (*LOAD, "grpc", "127.0.0.1:1", "null", "x", "16", "--concurrency", "12"),
        (*TRITON, "no-such-file.onnx", "--name", "null"),
        (*TRITON, TREES),
    ],
)  # fmt: skip
def test_a_mistake_of_the_caller_is_one_line(words):
    misused = script(*words)
    assert (misused.returncode, misused.stdout) == (2, "")
    assert misused.stderr.count("\n") == 1, misused.stderr


@pytest.mark.parametrize(
    "words", [("--quick",), ("--seed",), ("--seed", "x"), ("--repetitions", "1")]
)
def test_a_mistake_in_asking_for_closure_is_one_line_at_once(words):
    misused = subprocess.run(
        [BENCHMARKS / "closure", *words], capture_output=True, text=True, timeout=PATIENCE
    )
    assert (misused.returncode, misused.stdout) == (2, "")
    assert misused.stderr.startswith("Benchmarks/closure: ")
    assert misused.stderr.count("\n") == 1, misused.stderr


def test_a_line_that_is_no_turn_is_a_mistake():
    misused = script(*XGBOOST, text="walk 3\n")
    assert (misused.returncode, misused.stdout) == (2, "")
    assert misused.stderr == "xgboost_inplace.py: found the line 'walk 3', allowed is 'run ROWS'\n"


def test_xgboost_answers_turn_by_turn():
    peer = background(*XGBOOST)
    try:
        for rows in (1024, 1):
            peer.stdin.write(f"run {rows}\n")
            peer.stdin.flush()
            found = json.loads(peer.stdout.readline())
            assert found["rows"] == rows and found["calls"] > 0
            assert found["nanoseconds_per_event"] > 0
        assert peer.communicate(timeout=PATIENCE) == ("", "")
    finally:
        peer.kill()
    assert peer.returncode == 0


def test_what_cannot_be_read_as_trees_is_one_line(tmp_path):
    wrong = tmp_path / "wrong.json"
    wrong.write_text("[]")
    failed = script(XGBOOST[0], wrong, "--rows", "1")
    assert failed.returncode == 1 and failed.stderr.count("\n") == 1, failed.stderr


@needs_triton
def test_triton_answers_under_load_and_ends_with_its_input(models):
    peer = background(*TRITON, models / "null" / "1" / "model.onnx", "--name", "null")
    try:
        served = json.loads(peer.stdout.readline())
        for protocol in ("grpc", "http"):
            words = (*LOAD, protocol, served[protocol])
            done = script(*words, "null", "x", "16", "--seconds", "1", text="run 1\nrun 32\n")
            turns = [json.loads(line) for line in done.stdout.splitlines()]
            assert [turn["rows"] for turn in turns] == [1, 32], done.stderr
            assert all(turn["failures"] == 0 < turn["requests_per_second"] for turn in turns)
            refused = script(*words, "other", "x", "16", "--rows", "1", "--seconds", "1")
            assert refused.returncode == 1 and "'other'" in refused.stderr
        assert peer.communicate(timeout=PATIENCE) == ("", "")
    finally:
        peer.kill()
    assert peer.returncode == 0 and not left_behind(peer.pid)


@needs_triton
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_a_server_that_goes_away_under_load_is_no_success(models, protocol):
    peer = background(*TRITON, models / "null" / "1" / "model.onnx", "--name", "null")
    load = None
    try:
        words = (*LOAD, protocol, json.loads(peer.stdout.readline())[protocol], "null", "x", "16")
        load = background(*words, "--rows", "1", "--seconds", "3")
        client = {"grpc": "h2load", "http": "wrk"}[protocol]
        wait_until(lambda: children(load.pid, client))
        peer.communicate(timeout=PATIENCE)
        output, errors = load.communicate(timeout=PATIENCE)
    finally:
        peer.kill()
        if load:
            load.kill()
    if load.returncode == 0:
        assert json.loads(output)["failures"] > 0
    else:
        assert (load.returncode, output, errors.count("\n")) == (1, "", 1)


@needs_triton
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_triton_that_is_told_to_end_leaves_nothing(models, number):
    peer = background(*TRITON, models / "null" / "1" / "model.onnx", "--name", "null")
    try:
        assert json.loads(peer.stdout.readline())["triton"]
        assert left_behind(peer.pid), "nothing to leave behind was found while it ran"
        os.killpg(peer.pid, number)
        peer.wait(PATIENCE)
    finally:
        peer.kill()
    assert peer.returncode in (128 + number, *INTERRUPTED, -number)
    wait_until(lambda: not left_behind(peer.pid))


def children(process, name):
    """Children of a process that run a program, by id."""
    path = Path(f"/proc/{process}/task/{process}/children")
    found = []
    for child in path.read_text().split():
        try:
            running = Path(f"/proc/{child}/comm").read_text().strip()
        except OSError:
            continue
        if running == name:
            found.append(child)
    return found


def left_behind(process):
    """What is there of a `triton` with this id: command lines, and names of shared memory."""
    mark = f"vigil-triton-{process}-"
    found = [str(path) for path in Path("/dev/shm").glob(f"{mark}*")]
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = path.read_text(errors="replace")
        except OSError:
            continue
        if mark in text:
            found.append(text.replace("\0", " "))
    return found
