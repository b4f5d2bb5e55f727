"""`vigil score`: what it writes, what it sums up, and how it ends."""

from __future__ import annotations

import json
import os
import pty
import signal
import time

import numpy as np
import pytest

from daemon import SAMPLE

from command import (
    INTERRUPTED,
    PATIENCE,
    REFERENCE,
    answer,
    assert_same_bits,
    complaint,
    document,
    end,
    expected,
    features,
    scored,
    start,
    wait_until,
)

PATTERN = ("position-cnn", "pattern-autoencoder")
# Neither one request nor a whole number of them.
EVENTS = 2500


@pytest.fixture(scope="module")
def some(sample):
    return {name: column[:EVENTS] for name, column in sample.items()}


def values(model, columns):
    return columns["hits"] if model in PATTERN else features(columns)


@pytest.mark.parametrize("model", REFERENCE)
def test_scores_are_those_of_the_client_bit_by_bit(served, some, write, tmp_path, model):
    found = scored(served, write(**some), model, tmp_path)
    assert_same_bits(found, expected(served, model, values(model, some)))
    np.testing.assert_array_equal(found["event_id"], some["event_id"])
    assert found["event_id"].dtype == some["event_id"].dtype


@pytest.mark.parametrize("model", REFERENCE)
def test_raw_scores_are_those_of_the_client(served, some, write, tmp_path, model):
    found = scored(served, write(**some), model, tmp_path, "--raw")
    assert_same_bits(found, expected(served, model, values(model, some), raw=True))


def test_the_coverage_is_the_one_asked(served, some, write, tmp_path):
    path = write(**some)
    narrow = scored(served, path, "position-cnn", tmp_path, "--coverage", 0.5)
    wide = scored(served, path, "position-cnn", tmp_path, "--coverage", 0.95)
    assert_same_bits(narrow, expected(served, "position-cnn", some["hits"], coverage=0.5))
    assert_same_bits(wide, expected(served, "position-cnn", some["hits"], coverage=0.95))
    assert np.mean(wide["x_upper"] - wide["x_lower"]) > np.mean(
        narrow["x_upper"] - narrow["x_lower"]
    )


def test_the_prior_is_the_one_asked(served, some, write, tmp_path):
    found = scored(served, write(**some), "er-nr-mlp", tmp_path, "--prior", 0.005)
    assert_same_bits(found, expected(served, "er-nr-mlp", features(some), prior=0.005))


@pytest.mark.parametrize("priority", ["trigger", "standard", "BULK"])
def test_the_priority_changes_no_score(served, some, write, tmp_path, priority):
    found = scored(served, write(**some), "er-nr-tree", tmp_path, "--priority", priority)
    assert_same_bits(found, expected(served, "er-nr-tree", features(some)))


def test_a_version_and_a_deadline_may_be_asked(served, some, write, tmp_path):
    path = write(**some)
    found = scored(
        served, path, "er-nr-mlp", tmp_path, "--model-version", "1", "--deadline", 30
    )
    assert_same_bits(found, expected(served, "er-nr-mlp", features(some)))
    line = complaint("score", path, "-m", "er-nr-mlp", "--model-version", "7", at=served)
    assert line.startswith("NOT_FOUND: ") and "'7'" in line and "near: 1" in line
    line = complaint("score", path, "-m", "er-nr-mlp", "--deadline", "0.000001", at=served)
    assert line.startswith("DEADLINE_EXCEEDED: ")


@pytest.mark.parametrize(
    ("model", "option", "field"),
    [
        ("position-cnn", ("--coverage", 1.5), "coverage"),
        ("er-nr-mlp", ("--coverage", 0.9), "coverage"),
        ("er-nr-mlp", ("--prior", 0), "prior"),
        ("er-nr-mlp", ("--prior", "nan"), "prior"),
        ("position-cnn", ("--prior", 0.5), "prior"),
    ],
)
def test_an_option_that_the_model_cannot_honour_is_refused(
    served, tmp_path, model, option, field
):
    target = tmp_path / "scores.npz"
    line = complaint("score", SAMPLE, "-m", model, "-o", target, *option, at=served)
    assert line.split(":")[0] in ("INVALID", "UNSUPPORTED") and f"field {field}" in line
    assert list(tmp_path.iterdir()) == []


def test_the_summary_is_that_of_the_arrays(served, some, write, tmp_path):
    path = write(**some)
    report = document("score", path, "-m", "position-cnn", at=served)
    with served.client() as client:
        source = client.models("position-cnn")[0]
    for field in ("version", "digest", "device", "calibration"):
        assert report[field] == getattr(source, field), field
    assert (report["model"], report["events"]) == ("position-cnn", EVENTS)
    assert report["events_per_second"] > 0 and "output" not in report
    wanted = expected(served, "position-cnn", some["hits"])
    assert [column["name"] for column in report["columns"]] == list(wanted)
    for column in report["columns"]:
        array = wanted[column["name"]].astype("f8")
        assert (column["minimum"], column["maximum"]) == (array.min(), array.max())
        assert column["mean"] == pytest.approx(array.mean(), rel=1e-9)
    lines = answer("score", path, "-m", "position-cnn", at=served).splitlines()
    assert f"{EVENTS} events by position-cnn 1" in lines[0]
    assert "coverage 0.9" in lines[0] and report["coverage"] == 0.9
    units = [[name, "rad" if name.endswith("_angle") else "mm"] for name in wanted]
    assert [line.split()[:2] for line in lines[3:]] == units
    assert [[column["name"], column["unit"]] for column in report["columns"]] == units
    target = tmp_path / "scores.npz"
    report = document("score", path, "-m", "position-cnn", "-o", target, at=served)
    assert report["output"] == str(target) and target.exists()


def test_a_summary_tells_the_prior_and_small_p_values(served, some, write):
    path = write(**some)
    p_values = expected(served, "er-nr-mlp", features(some), prior=0.005)["p_er"]
    assert document("score", path, "-m", "er-nr-mlp", "--prior", 0.005, at=served)["prior"] == 0.005
    lines = answer("score", path, "-m", "er-nr-mlp", "--prior", 0.005, at=served).splitlines()
    assert "prior 0.005" in lines[0]
    (told,) = [line.split() for line in lines if line.startswith("p_er ")]
    numbers = [p_values.mean(dtype=float), p_values.min(), p_values.max()]
    assert [float(text) for text in told[1:]] == pytest.approx(numbers, rel=1e-3)
    assert "prior of the calibration" in answer("score", path, "-m", "er-nr-mlp", at=served)


def test_what_has_no_number_is_null_in_json(served, some, write):
    report = document(
        "score", write(features=np.full((20, 5), np.inf, "f4")), "-m", "er-nr-mlp", at=served
    )
    columns = {column["name"]: column for column in report["columns"]}
    assert columns["nr"]["mean"] is None and columns["nr"]["minimum"] is None
    assert (columns["nr"]["not_finite"], columns["nr_flags"]["not_finite"]) == (20, 0)
    assert columns["nr_flags"]["mean"] == 1


def test_progress_is_for_terminals_and_on_standard_error(served):
    shown, terminal = pty.openpty()
    process = start("score", SAMPLE, "-m", "er-nr-tree", "--json", at=served, stderr=terminal)
    try:
        out, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
        assert json.loads(out)["events"] == 20_000
        assert b"20000 of 20000 (100 %)" in os.read(shown, 1 << 16)
    finally:
        end(process)
        os.close(terminal)
        os.close(shown)


# MARK: The file that is written


def test_a_folder_that_is_not_there_is_named(served, tmp_path):
    target = tmp_path / "none" / "scores.npz"
    before = document("status", at=served)["events"]
    line = complaint("score", SAMPLE, "-m", "er-nr-tree", "-o", target, at=served)
    assert document("status", at=served)["events"] == before
    assert line.startswith(f"{target}: ") and "No such file or directory" in line


def test_a_file_in_the_way_is_replaced_and_a_folder_is_not(served, tmp_path):
    target = tmp_path / "scores.npz"
    target.write_text("old")
    assert len(scored(served, SAMPLE, "er-nr-tree", tmp_path)["nr"]) == 20_000
    assert [path.name for path in tmp_path.iterdir()] == ["scores.npz"]
    target.unlink()
    target.mkdir()
    line = complaint("score", SAMPLE, "-m", "er-nr-tree", "-o", target, at=served)
    assert line == f"{target}: is a directory"
    assert [path.name for path in tmp_path.iterdir()] == ["scores.npz"]


def interrupt(process, number=signal.SIGINT):
    """Ctrl-C; the process ends soon."""
    process.send_signal(number)
    begin = time.monotonic()
    out, err = process.communicate(timeout=PATIENCE)
    assert time.monotonic() - begin < 10
    return out, err


def test_ctrl_c_while_scoring_leaves_no_file(served, sample, write, tmp_path):
    data = write(np.tile(sample["hits"], (15, 1)))
    folder = tmp_path / "out"
    folder.mkdir()
    with served.client() as client:
        before = client.status().events
        process = start(
            "score", data, "-m", "position-cnn", "-o", folder / "scores.npz", at=served
        )
        try:
            assert wait_until(lambda: client.status().events > before)
            assert interrupt(process)[0] == b""
            assert process.returncode in INTERRUPTED
        finally:
            end(process)
        assert client.status().ready
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_writing_leaves_no_part_of_a_file(
    served, sample, write, tmp_path, number
):
    data = write(features=np.tile(features(sample), (60, 1)))
    folder = tmp_path / "out"
    folder.mkdir()
    process = start("score", data, "-m", "er-nr-tree", "-o", folder / "scores.npz", at=served)
    try:
        assert wait_until(lambda: any(folder.iterdir()) or process.poll() is not None)
        interrupt(process, number)
    finally:
        end(process)
    left = {path.name for path in folder.iterdir()}
    assert left <= {"scores.npz"}
    if left:
        with np.load(folder / "scores.npz") as stored:
            assert all(len(stored[name]) == 1_200_000 for name in stored.files)
    else:
        assert process.returncode in (-number, 128 + number)
