"""`vigil bench`: what it counts and times, and how it ends."""

from __future__ import annotations

import json
import signal
import time

import numpy as np
import pytest

from daemon import SAMPLE, free_port

from command import (
    INTERRUPTED,
    answer,
    complaint,
    document,
    end,
    serving,
    start,
    vigil_command,
    wait_until,
)

KEYS = {
    "model", "loop", "rows", "requests", "refusals", "requests_per_second",
    "events_per_second", "reply_bytes_per_second", "latency_us",
}  # fmt: skip
ENDLESS = 100_000_000


def events_answered(running):
    with running.client() as client:
        return client.status().events


def check_latencies(report):
    latency = report["latency_us"]
    ordered = [latency[name] for name in ("p50", "p90", "p99", "maximum")]
    assert ordered == sorted(ordered) and 0 < ordered[0] and ordered[-1] < 60e6


@pytest.mark.parametrize(("rows", "window"), [(1, 64), (32, 4), (1, 1)])
def test_a_closed_loop_counts_every_request(served, rows, window):
    before = events_answered(served)
    report = document(
        "bench", "er-nr-mlp", "--data", SAMPLE, "--requests", 2000, "--rows", rows,
        "--window", window, at=served,
    )  # fmt: skip
    assert set(report) == KEYS | {"window"}
    assert (report["model"], report["loop"]) == ("er-nr-mlp", "closed")
    assert (report["rows"], report["window"], report["requests"]) == (rows, window, 2000)
    assert report["refusals"] == 0
    assert report["events_per_second"] == pytest.approx(report["requests_per_second"] * rows)
    assert report["reply_bytes_per_second"] > report["events_per_second"]
    check_latencies(report)
    # What is measured, and at most a quarter more to warm up.
    answered = events_answered(served) - before
    assert 2000 * rows <= answered <= 2500 * rows
    # Little's law: requests in flight are rate times latency.
    mean = window / report["requests_per_second"] * 1e6
    assert report["latency_us"]["p50"] < 20 * mean + 1000


@pytest.mark.parametrize("seed", [1, 2])
def test_an_open_loop_keeps_the_rate_asked(served, seed):
    before = events_answered(served)
    report = document(
        "bench", "er-nr-mlp", "--data", SAMPLE, "--rate", 400, "--requests", 400, "--rows", 3,
        "--seed", seed, at=served,
    )  # fmt: skip
    assert set(report) == KEYS | {"rate"}
    assert (report["loop"], report["rate"], report["requests"]) == ("open", 400, 400)
    assert 200 <= report["requests_per_second"] <= 800
    assert report["events_per_second"] == pytest.approx(report["requests_per_second"] * 3)
    assert report["refusals"] == 0
    check_latencies(report)
    assert 400 * 3 <= events_answered(served) - before <= 500 * 3


def test_a_bench_for_people_is_a_table(served):
    text = answer("bench", "position-cnn", "--data", SAMPLE, "--requests", 50, "--raw", at=served)
    first, header, line, values = text.splitlines()
    assert first == "closed loop, 1 events a request, 50 requests, 0 refused"
    assert header.split("  ")[0] == "requests/s" and set(line) == {"-", " "}
    numbers = [float(value) for value in values.split()]
    assert len(numbers) == 6 and all(number > 0 for number in numbers)
    assert numbers[0] == numbers[1]


def test_refusals_are_counted(served, sample, tmp_path):
    hits = sample["hits"][:4].copy()
    hits[0, 0] = np.nan
    path = tmp_path / "hits.npy"
    np.save(path, hits)
    for loop in (["--window", 8], ["--rate", 500]):
        words = ("bench", "position-cnn", "--data", path, "--requests", 100, *loop)
        result = vigil_command(*words, "--json", at=served)
        assert (result.returncode, result.stderr) == (1, "")
        report = json.loads(result.stdout)
        assert (report["requests"], report["refusals"]) == (100, 100)
        refusal = report["first_refusal"]
        assert refusal.startswith("INVALID: ") and "row 0" in refusal
        result = vigil_command(*words, at=served)
        first, second = result.stdout.splitlines()[:2]
        assert result.returncode == 1 and first.endswith(" 100 requests, 100 refused")
        assert second == f"first refusal: {refusal}"


def test_more_rows_than_there_are_is_told(served, tmp_path, sample):
    path = tmp_path / "hits.npy"
    np.save(path, sample["hits"][:10])
    line = complaint("bench", "position-cnn", "--data", path, "--rows", 11, at=served)
    assert str(path) in line and "10" in line and "11" in line


def test_a_file_that_is_none_is_told_before_anything_is_sent(served, tmp_path):
    path = tmp_path / "none.npz"
    before = events_answered(served)
    assert str(path) in complaint("bench", "er-nr-mlp", "--data", path, at=served)
    assert events_answered(served) == before


def test_a_bench_goes_to_the_endpoint_that_answers(served):
    dead = f"tcp://127.0.0.1:{free_port()}"
    report = document(
        "bench", "er-nr-mlp", "--data", SAMPLE, "--requests", 100, "--timeout", 5,
        "-e", dead, "-e", served.endpoint,
    )  # fmt: skip
    assert (report["requests"], report["refusals"]) == (100, 0)


@pytest.mark.parametrize("loop", [["--window", 16], ["--rate", 200]], ids=["closed", "open"])
def test_ctrl_c_ends_a_bench_at_once(served, loop):
    before = events_answered(served)
    process = start(
        "bench", "er-nr-mlp", "--data", SAMPLE, "--requests", ENDLESS, "--json", *loop, at=served
    )
    try:
        assert wait_until(lambda: events_answered(served) > before + 20)
        process.send_signal(signal.SIGINT)
        begin = time.monotonic()
        out, err = process.communicate(timeout=30)
        assert time.monotonic() - begin < 10
        assert process.returncode in INTERRUPTED
        assert (out, err) == (b"", b"")
    finally:
        end(process)
    with served.client() as client:
        assert client.status().ready


def test_a_bench_ends_when_the_daemon_dies(make_daemon):
    running = serving(make_daemon())
    loops = [["--window", 16], ["--rate", 200]]
    processes = [
        start(
            "bench", "er-nr-mlp", "--data", SAMPLE, "--requests", ENDLESS, "--timeout", 5, *loop,
            at=running,
        )  # fmt: skip
        for loop in loops
    ]
    try:
        assert wait_until(lambda: events_answered(running) > 100)
        time.sleep(1)
        running.kill()
        left = [loops[i] for i, p in enumerate(processes) if not wait_until(
            lambda p=p: p.poll() is not None, 30)]  # fmt: skip
        assert left == [], "still waiting for a daemon that is gone"
        for process in processes:
            out, err = process.communicate()
            assert (process.returncode, out) == (1, b"")
            assert err.startswith(b"Error: ") and err.count(b"\n") == 1
    finally:
        for process in processes:
            end(process)
