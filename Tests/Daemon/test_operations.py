"""Health, metrics and model pages over HTTP, as a probe and a Prometheus server read them."""

import hashlib
import json
import re
import signal
import threading
import time
import urllib.error
import urllib.request

import pytest

from daemon import MODELS, ROOT, Daemon, copy_models, free_port
import vigil

PRIORITIES = ("TRIGGER", "STANDARD", "BULK")
LINE = re.compile(r'^([a-z_]+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def get(running, path, token=None):
    """Status, headers and body of a page."""
    request = urllib.request.Request(f"http://127.0.0.1:{running.http_port}{path}")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def metrics(running):
    """Samples by name and labels."""
    status, headers, body = get(running, "/metrics")
    assert status == 200
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    samples = {}
    for line in body.decode().splitlines():
        if not line.startswith("#"):
            name, labels, value = LINE.match(line).groups()
            key = (name, frozenset(LABEL.findall(labels or "")))
            assert key not in samples, line
            samples[key] = float(value)
    return samples


def value(samples, name, **labels):
    """The sum of the samples of a name that carry these labels."""
    wanted = set(labels.items())
    found = [v for (n, have), v in samples.items() if n == name and wanted <= have]
    assert found, (name, labels)
    return sum(found)


@pytest.fixture(scope="module")
def serving():
    """A daemon with HTTP."""
    with Daemon(http_port=free_port()) as running:
        yield running


def test_a_daemon_that_serves_is_live_and_ready(serving):
    for path, told in (
        ("/livez", {"status": "live", "reasons": []}),
        ("/readyz", {"status": "ready", "reasons": [], "degraded": []}),
    ):
        status, headers, body = get(serving, path)
        assert (status, json.loads(body)) == (200, told)
        assert headers["Content-Type"] == "application/json"
        assert headers["Cache-Control"] == "no-store"


def test_an_unknown_page_names_those_that_exist(serving):
    status, _, body = get(serving, "/healthz")
    assert status == 404
    refusal = json.loads(body)
    assert refusal["code"] == "NOT_FOUND"
    assert "/healthz" in refusal["message"] and "/readyz" in refusal["message"]


def test_models_are_listed_with_the_digest_of_their_files(serving):
    status, _, body = get(serving, "/v1/models")
    assert status == 200
    models = {model["name"]: model for model in json.loads(body)}
    assert set(models) == {folder.name for folder in MODELS.iterdir() if folder.is_dir()}
    for name, model in models.items():
        artefact = next(p for p in (MODELS / name / "1").iterdir() if p.stem in ("model", "firmware"))
        assert model["digest"] == "sha256:" + hashlib.sha256(artefact.read_bytes()).hexdigest()
        assert model["state"] == "serving" and model["calibration"]


def test_every_answer_is_counted_by_model_version_and_priority(serving, sample):
    before = metrics(serving)
    rows = {"TRIGGER": 3, "STANDARD": 50, "BULK": 700}
    with serving.client() as client:
        for priority, count in rows.items():
            for _ in range(2):
                client.score("position-cnn", sample["hits"][:count], priority=priority)
    after = metrics(serving)

    def grown(name, **labels):
        return value(after, name, **labels) - value(before, name, **labels)

    for priority in PRIORITIES:
        labels = {"model": "position-cnn", "version": "1", "priority": priority}
        assert grown("vigil_requests_total", **labels) == 2
        assert grown("vigil_events_total", **labels) == 2 * rows[priority]
        for stage in ("queue", "compute", "total"):
            assert grown(f"vigil_{stage}_seconds_count", **labels) == 2
        total = grown("vigil_total_seconds_sum", **labels)
        parts = sum(grown(f"vigil_{stage}_seconds_sum", **labels) for stage in ("queue", "compute"))
        assert 0 < parts <= total < 60
    assert grown("vigil_received_bytes_total") > 2 * 753 * 61 * 4
    assert grown("vigil_microbatch_rows_count", model="position-cnn") >= 6
    assert grown("vigil_microbatch_rows_sum", model="position-cnn") == 2 * 753


def test_latency_buckets_go_from_50_microseconds_to_10_seconds(serving):
    samples = metrics(serving)
    for stage in ("queue", "compute", "total"):
        labels = {("model", "position-cnn"), ("version", "1"), ("priority", "STANDARD")}
        buckets = {
            float(dict(have)["le"]): count for (name, have), count in samples.items()
            if name == f"vigil_{stage}_seconds_bucket" and labels <= have
        }
        bounds = sorted(buckets)
        assert (bounds[0], bounds[-2], bounds[-1]) == (50e-6, 10.0, float("inf"))
        counts = [buckets[bound] for bound in bounds]
        assert counts == sorted(counts)


def test_refusals_are_counted_by_code(serving, sample):
    before = metrics(serving)
    with serving.client() as client:
        with pytest.raises(vigil.NotFound):
            client.score("position-cnm", sample["hits"][:1])
        with pytest.raises(vigil.InvalidRequest):
            client.score("position-cnn", sample["hits"][:1, :60])
    after = metrics(serving)
    for code in ("NOT_FOUND", "INVALID"):
        name = "vigil_refusals_total"
        assert value(after, name, code=code) - value(before, name, code=code) == 1
    assert value(after, "vigil_refusals_total", code="OVERLOADED") == 0


def test_versions_are_information_and_the_process_shows_itself(serving):
    samples = metrics(serving)
    digest = hashlib.sha256((MODELS / "er-nr-tree/1/model.json").read_bytes()).hexdigest()
    assert value(samples, "vigil_model_info", model="er-nr-tree", version="1",
                 digest=f"sha256:{digest}", device="cpu") == 1
    assert value(samples, "vigil_ready") == 1
    assert 10e6 < value(samples, "process_resident_memory_bytes") < 4e9
    assert value(samples, "process_cpu_seconds_total") > 0
    assert value(samples, "process_open_fds") > 3
    assert abs(value(samples, "process_start_time_seconds") - time.time()) < 3600
    assert value(samples, "vigil_in_flight_requests") == 0
    assert value(samples, "vigil_queue_requests", model="er-nr-tree") == 0


def test_models_that_load_or_fail_are_reasons(tmp_path):
    models = copy_models(tmp_path, "er-nr-tree", "er-nr-mlp")
    (models / "er-nr-tree/1/model.json").write_text("{}")
    with Daemon(models, http_port=free_port()).start(wait=False) as running:
        seen = set()
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                status, _, body = get(running, "/readyz")
            except OSError:
                continue
            assert status == 503
            seen.update(json.loads(body)["reasons"])
            if any("er-nr-tree" in reason for reason in seen):
                break
            time.sleep(0.005)
        assert any("er-nr-tree" in reason and "model.json" in reason for reason in seen), seen
        assert not any("er-nr-mlp" in reason for reason in seen)
        assert get(running, "/livez")[0] == 200
        assert running.stop() == 0


def test_readiness_is_false_while_draining_and_work_is_finished(sample):
    with Daemon(http_port=free_port()) as running:
        done = []

        def work():
            with running.client(timeout=60) as client:
                done.append(len(client.score("position-cnn", sample["hits"], priority="BULK").value))

        workers = [threading.Thread(target=work) for _ in range(12)]
        for worker in workers:
            worker.start()
        end = time.monotonic() + 20
        while value(metrics(running), "vigil_in_flight_requests") < len(workers):
            assert time.monotonic() < end and not done
            time.sleep(0.005)
        running.process.send_signal(signal.SIGTERM)
        states = set()
        while running.process.poll() is None:
            assert time.monotonic() < end
            try:
                status, _, body = get(running, "/readyz")
            except OSError:
                break
            states.add((status, tuple(json.loads(body)["reasons"])))
            time.sleep(0.01)
        assert (503, ("draining",)) in states and states <= {(200, ()), (503, ("draining",))}
        for worker in workers:
            worker.join(60)
        assert done == [len(sample["hits"])] * len(workers)
        assert running.process.wait(30) == 0


def test_a_port_in_use_ends_the_start_with_a_line(serving):
    with Daemon(http_port=serving.http_port).start(wait=False) as second:
        assert second.process.wait(20) == 1
        assert f"port={serving.http_port}" in second.log()
        assert "in use" in second.log()


def test_every_metric_stands_in_the_readme(serving):
    _, _, body = get(serving, "/metrics")
    families = {line.split()[2] for line in body.decode().splitlines() if line.startswith("# TYPE")}
    readme = (ROOT / "README.md").read_text()
    ours = {name for name in families if not name.startswith("process_")}
    assert len(ours) > 15
    assert [name for name in sorted(ours) if f"`{name}`" not in readme] == []
