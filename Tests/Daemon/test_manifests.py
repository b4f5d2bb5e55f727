"""Mistakes in models and settings: one line each, and everything else goes on.

All broken models lie in one folder beside good ones, so every case also shows that it does not
hide the others.
"""

import os
import re
import shutil
import subprocess

import numpy as np
import pytest

from command import wait_until
from daemon import BIN, MODELS, Daemon, copy_models, onnxruntime_library
from frames import FEATURES, Peer, message, variant
from mistakes import BASE, FAILED, FILES, GOOD, MISTAKES, MLP, UNCALIBRATED, UNFIT
from mistakes import manifest_text, write_models

# A check of a few models takes a second or two; one that takes this long hangs.
HANGS = 20.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    models = tmp_path_factory.mktemp("models")
    write_models(models)
    return models


def configured(path, models, *lines):
    """A file of settings."""
    first = (f"models: {models}", f"onnxruntime: {onnxruntime_library()}")
    path.write_text("\n".join([*first, *lines]) + "\n")
    return path


def check(path):
    """`vigild --check` to its end, which must come."""
    words = [str(BIN / "vigild"), "--check", "--config", str(path)]
    # What hangs is killed: it may not listen to anything else.
    return subprocess.run(words, capture_output=True, text=True, timeout=HANGS)


@pytest.fixture(scope="module")
def report(folder, tmp_path_factory):
    """What a check of all of them says."""
    result = check(configured(tmp_path_factory.mktemp("settings") / "vigild.yaml", folder))
    assert result.returncode == 1, result.stderr
    return result.stdout.splitlines()


def complaint(report, name, version=""):
    """The message of the one line about a model, which is also why the daemon is not ready."""
    start = f"failed {name} {version}: " if version else f"failed {name}: "
    (line,) = [line for line in report if re.match(f"failed {name}[ :]", line)]
    assert line.startswith(start), line
    message = line.removeprefix(start)
    assert report.count(f"not ready: model {name}: {message}") == 1
    return message


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_manifest_is_one_line_with_file_line_and_key(report, folder, name):
    _, _, marker, key, *parts = MISTAKES[name]
    lines = manifest_text(name).splitlines() or [""]
    at = [number for number, line in enumerate(lines, 1) if marker and marker in line]
    if name == "quote-open":
        at = [len(lines), len(lines) + 1]
    message = complaint(report, name)
    path, number, rest = re.fullmatch(r"(.*?):(\d+): (.*)", message).groups()
    assert path == str(folder / name / "model.yaml")
    # Of a key that stands twice, either place will do.
    expected = at if "twice" in parts else at[:2] if name == "quote-open" else at[:1]
    assert int(number) in (expected or [1]), message
    if key:
        assert rest.startswith(f"{key}: "), message
    for part in parts:
        assert part in rest, message


@pytest.mark.parametrize("name", UNFIT)
def test_an_artefact_that_does_not_fit_is_one_line(report, name):
    message = complaint(report, name, "1")
    for part in UNFIT[name][3:]:
        assert part in message, message


@pytest.mark.parametrize("name", FILES)
def test_files_that_cannot_be_read_are_one_line(report, name):
    message = complaint(report, name)
    for part in FILES[name]:
        assert part in message, message


@pytest.mark.parametrize("name", UNCALIBRATED)
def test_a_calibration_that_does_not_fit_is_one_line(report, folder, name):
    assert sum(line.startswith(f"loaded {name} 1 sha256:") for line in report) == 1
    start = f"not ready: model {name}: calibration is required: {folder / name}/1/calibration-"
    (line,) = [line for line in report if line.startswith(f"not ready: model {name}: ")]
    assert line.startswith(start)
    for part in UNCALIBRATED[name][2:]:
        assert part in line, line


def test_the_report_has_a_line_for_every_model_and_nothing_else(report):
    loaded = {line.split()[1] for line in report if line.startswith("loaded ")}
    assert loaded == {*GOOD, *UNCALIBRATED}
    failed = {line.split()[1].rstrip(":") for line in report if line.startswith("failed ")}
    assert failed == set(FAILED)
    assert len(report) == len(loaded) + 2 * len(failed) + len(UNCALIBRATED)
    for line in report:
        assert line.startswith(("loaded ", "failed ", "not ready: model ")), line
        assert len(line) < 2000 and line.isprintable(), line


# MARK: What broke the check itself


def alone(tmp_path, manifest: bytes, name="alone"):
    """The lines of a check of a good model and one with this manifest."""
    models = copy_models(tmp_path / "models", "er-nr-tree")
    (models / name / "1").mkdir(parents=True)
    shutil.copy(MODELS / MLP / "1" / "model.onnx", models / name / "1")
    (models / name / "model.yaml").write_bytes(manifest.replace(b"er-nr-mlp", name.encode(), 1))
    lines = check(configured(tmp_path / "vigild.yaml", models)).stdout.split("\n")
    assert lines.pop() == ""
    assert [line for line in lines if line.startswith("loaded er-nr-tree 1 sha256:")]
    return lines


@pytest.mark.parametrize(
    ("old", "new", "number", "key"),
    [
        ("task: binary", 'task: "bin\\nary"', 3, "task"),
        ("task: binary", 'task: binary\n"col\\nour": 1', 4, "col"),
        ("{name: s1c,", '{name: "s1c", "uni\\nt": 1,', 11, "inputs[0].features[0].uni"),
        ("[s1c, s2c, drift_time, margin]", '["s1c\\nready"]', 30, "monitored[0]"),
    ],
)
def test_line_breaks_inside_a_manifest_stay_out_of_the_report(tmp_path, old, new, number, key):
    assert old in BASE
    lines = alone(tmp_path, BASE.replace(old, new, 1).encode())
    assert len(lines) == 3, lines
    (line,) = [line for line in lines if line.startswith("failed alone: ")]
    assert f"model.yaml:{number}: {key}" in line


def test_a_control_character_is_told_with_its_line_and_not_repeated(tmp_path):
    lines = alone(tmp_path, BASE.encode().replace(b"nuclear", b"nu\0clear", 1))
    (line,) = [line for line in lines if line.startswith("failed alone: ")]
    assert "alone/model.yaml:2: " in line and "the control character 0" in line and line.isprintable()


def test_a_manifest_that_is_not_utf8_is_told(tmp_path):
    lines = alone(tmp_path, BASE.encode().replace(b"nuclear", b"n\xfcclear", 1))
    (line,) = [line for line in lines if line.startswith("failed alone: ")]
    assert "model.yaml" in line and "UTF-8" in line


def test_aliases_that_grow_as_keys_do_not_hold_up_the_rest(tmp_path):
    def bomb(letter):
        yield f"{letter}0: &{letter}0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"
        for n in range(1, 12):
            entries = ", ".join([f"*{letter}{n - 1}"] * 9)
            yield f"{letter}{n}: &{letter}{n} [{entries}]"

    keys = ["? *a11", ": 1", "? *b11", ": 2"]
    text = "\n".join([BASE.rstrip(), *bomb("a"), *bomb("b"), *keys]) + "\n"
    (line,) = [x for x in alone(tmp_path, text.encode()) if x.startswith("failed alone: ")]
    assert "model.yaml:" in line


@pytest.mark.parametrize("path", ["model.yaml", "1/model.onnx", "1/calibration-pipe.json"])
def test_a_pipe_among_the_files_does_not_hold_up_the_rest(tmp_path, path):
    models = copy_models(tmp_path / "models", "er-nr-tree")
    variant(models, MLP, "piped")
    (models / "piped" / path).unlink(missing_ok=True)
    os.mkfifo(models / "piped" / path)
    lines = check(configured(tmp_path / "vigild.yaml", models)).stdout.splitlines()
    assert [line for line in lines if line.startswith("loaded er-nr-tree 1 sha256:")]
    (line,) = [line for line in lines if line.startswith("not ready: model piped: ")]
    assert f"piped/{path}: not a regular file" in line


@pytest.mark.parametrize("version", ["v2.0-rc1", "0", "9" * 40, "a" * 100])
def test_a_version_may_have_a_name(tmp_path, version):
    models = copy_models(tmp_path / "models", "er-nr-tree")
    (models / "er-nr-tree" / "1").rename(models / "er-nr-tree" / version)
    result = check(configured(tmp_path / "vigild.yaml", models))
    first, last = result.stdout.splitlines()
    assert first.startswith(f"loaded er-nr-tree {version} sha256:") and last == "ready"


@pytest.mark.parametrize("version", ["b\u00eata", "1 (new)", "a" * 101])
def test_a_version_of_another_name_is_told_what_is_allowed(tmp_path, version):
    models = copy_models(tmp_path / "models", "er-nr-tree")
    (models / "er-nr-tree" / "1").rename(models / "er-nr-tree" / version)
    first, *_ = check(configured(tmp_path / "vigild.yaml", models)).stdout.splitlines()
    assert first.startswith(f"failed er-nr-tree {version}: ") and "allowed are 1 to 100" in first


def test_a_version_with_a_line_break_in_its_name_is_one_line(tmp_path):
    models = copy_models(tmp_path / "models", "er-nr-tree")
    (models / "er-nr-tree" / "1").rename(models / "er-nr-tree" / "1\nready")
    first, *rest = check(configured(tmp_path / "vigild.yaml", models)).stdout.splitlines()
    assert first.startswith("failed er-nr-tree 1\\nready: ") and "allowed are 1 to 100 letters" in first
    assert len(rest) == 1 and rest[0].startswith("not ready: model er-nr-tree: ")


# MARK: A running daemon


@pytest.fixture(scope="module")
def serving(folder):
    """A daemon on all of them."""
    with Daemon(folder).start(wait=False) as running, running.client() as client:
        read = wait_until(lambda: "models are loading" not in client.status().reasons)
        assert read, running.log()
        yield running


def test_the_daemon_starts_and_the_good_models_serve(serving, daemon, sample):
    values = {
        "er-nr-tree": np.stack([sample[name][:100] for name in FEATURES], 1),
        "position-cnn": sample["hits"][:100],
    }
    with serving.client() as client, daemon.client() as other:
        known = {model.name: model for model in client.models()}
        for name in GOOD:
            assert known[name].state == "serving" and known[name].reasons == ()
            found, wanted = client.score(name, values[name]), other.score(name, values[name])
            assert found.value.tobytes() == wanted.value.tobytes()
            assert found.upper.tobytes() == wanted.upper.tobytes()


def test_the_daemon_says_of_every_broken_model_what_the_check_says(serving, report):
    with serving.client() as client:
        known = {model.name: model for model in client.models()}
        status = client.status()
    assert set(known) == {*GOOD, *FAILED, *UNCALIBRATED} and not status.ready
    for name in FAILED:
        told = complaint(report, name, "1" if name in UNFIT else "")
        reason = f"version 1: {told}" if name in UNFIT else told
        assert (known[name].state, known[name].reasons) == ("failed", (reason,))
        assert f"model {name}: {told}" in status.reasons
    for name in UNCALIBRATED:
        assert (known[name].state, known[name].calibration) == ("serving", None)
        assert UNCALIBRATED[name][2] in known[name].calibration_reason
    assert len(status.reasons) == len(FAILED) + len(UNCALIBRATED)


@pytest.mark.parametrize("name", ["unknown-key", "truncated-onnx", "no-version"])
def test_a_request_for_a_broken_model_says_why_it_does_not_serve(serving, report, name):
    with Peer(serving.endpoint) as peer:
        reply = peer.ask(message(name, "features", np.zeros((1, 5))))
    told = complaint(report, name, "1" if name in UNFIT else "")
    assert (reply.code, reply.status.field) == ("UNAVAILABLE", "model"), reply.status
    assert name in reply.status.message and told in reply.status.message


# MARK: Settings

# Should it start against expectation, it takes no port that others use.
QUIET = "http: {enabled: false}\n"
SETTINGS = {
    "unknown key": ("colour: blue", 3, "colour", "unknown key", "drain_seconds, http, log_level"),
    "unknown nested": ("zeromq:\n  threads: 1", 4, "zeromq.threads", "unknown key", "io_threads"),
    "wrong type": ("drain_seconds: long", 3, "drain_seconds", "'long'", "a whole number"),
    "wrong boolean": ("http: {enabled: 1}", 3, "http.enabled", "'1'", "true or false"),
    "wrong list": ("zeromq: {endpoints: x}", 3, "zeromq.endpoints", "'x'", "a list"),
    "wrong mapping": ("zeromq: 5555", 3, "zeromq", "'5555'", "a mapping"),
    "too small": ("drain_seconds: 0", 3, "drain_seconds", "0", "1 to 600"),
    "too large": ("http:\n  port: 65536", 4, "http.port", "65536", "0 to 65535"),
    "unknown level": ("log_level: loud", 3, "log_level", "'loud'", "debug, info, notice"),
    "no endpoint": ("zeromq:\n  endpoints: []", 4, "zeromq.endpoints", "0 entries", "1 to 16"),
    "unknown scheme": ('zeromq:\n  endpoints:\n  - "udp://h:1"', 5, "zeromq.endpoints[0]",
                       "'udp://h:1'", "tcp://HOST:PORT"),
    "no port": (QUIET + 'zeromq: {endpoints: ["tcp://127.0.0.1"]}', 4, "zeromq.endpoints[0]",
                "'tcp://127.0.0.1'", "tcp://HOST:PORT"),
    "port out of range": (QUIET + 'zeromq: {endpoints: ["tcp://127.0.0.1:70000"]}', 4,
                          "zeromq.endpoints[0]", "tcp://127.0.0.1:70000"),
    "duplicated key": ("log_level: info\nlog_level: info", (3, 4), "log_level", "twice"),
    "broken": ("zeromq: {io_threads: 1", (3, 4), "", "','", "'}'"),
    "line break": ('log_level: "lo\\nud"', 3, "log_level", "debug, info"),
}  # fmt: skip


@pytest.mark.parametrize("words", [(), ("--check",)], ids=["start", "check"])
@pytest.mark.parametrize("name", SETTINGS)
def test_a_mistake_in_the_settings_is_one_line_and_no_start(tmp_path, name, words):
    text, numbers, key, *parts = SETTINGS[name]
    path = configured(tmp_path / "vigild.yaml", tmp_path / "none", text)
    process = [str(BIN / "vigild"), "--config", str(path), *words]
    result = subprocess.run(process, capture_output=True, text=True, timeout=HANGS)
    assert result.returncode > 0 and result.stdout == ""
    (first,) = result.stderr.splitlines()
    matched = re.fullmatch(rf"\w+: {re.escape(str(path))}:(\d+): (.*)", first)
    assert matched, first
    assert int(matched[1]) in (numbers if isinstance(numbers, tuple) else (numbers,)), first
    assert matched[2].startswith(f"{key}: " if key else ""), first
    for part in parts:
        assert part in matched[2], first


@pytest.mark.parametrize("what", ["missing", "folder", "empty", "huge"])
def test_settings_that_cannot_be_read_are_one_line(tmp_path, what):
    path = tmp_path / "vigild.yaml"
    if what == "folder":
        path.mkdir()
    elif what != "missing":
        path.write_text("" if what == "empty" else f"#{'x' * 2**20}")
    result = check(path)
    assert result.returncode > 0 and result.stdout == ""
    (first,) = result.stderr.splitlines()
    parts = {"missing": "No such file", "folder": "director", "empty": "is empty", "huge": "bytes"}
    assert re.match(rf"\w+: {re.escape(str(path))}:", first) and parts[what] in first, first


def test_an_endpoint_that_cannot_be_bound_ends_the_start_with_a_line(tmp_path):
    with Daemon(tmp_path) as taken:
        running = Daemon(tmp_path, port=taken.port)
        try:
            running.start(wait=False)
            assert running.process.wait(HANGS) == 1
            (line,) = [line for line in running.log().splitlines() if "critical" in line]
            assert taken.endpoint in line and "in use" in line
        finally:
            running.__exit__()
