"""The commands `vigil` and `vigild`: help, status, models, and how they complain."""

from __future__ import annotations

import json
import time

import pytest

from daemon import MODELS, SAMPLE, copy_models, free_port, onnxruntime_library

from command import (
    REFERENCE,
    answer,
    complaint,
    document,
    edited_model,
    misuse,
    run,
    serving,
    vigil_command,
)

COMMANDS = ("status", "models", "score", "calibrate", "evaluate", "bench")


@pytest.fixture
def models(tmp_path):
    """A folder with the two binary models, free to edit."""
    return copy_models(tmp_path / "models", "er-nr-tree", "er-nr-mlp")


# MARK: Help


@pytest.mark.parametrize("words", [("--help",), ("-h",), ("help",), ()])
def test_the_help_lists_every_command(words):
    text = answer(*words)
    assert "USAGE: vigil <subcommand>" in text
    for name in COMMANDS:
        assert f"\n  {name} " in text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("status",), ("--timeout", "--json")),
        (("models",), ("list", "show", "reload")),
        (("models", "list"), ("--json",)),
        (("models", "show"), ("<name>", "--json")),
        (("models", "reload"), ("--json",)),
        (("score",), ("<file>", "--model", "--model-version", "--output", "--prior", "--deadline")),
        (("calibrate",), ("<model>", "--data", "--output", "--no-reload")),
        (("evaluate",), ("<data>", "--coverage", "--fdr", "--report")),
        (("bench",), ("<model>", "--data", "--rows", "--window", "--rate", "--requests")),
    ],
    ids=" ".join,
)
def test_every_command_explains_itself(words, told):
    text = answer(*words, "--help")
    assert text == answer("help", *words)
    assert text.startswith("OVERVIEW: ") and f"USAGE: vigil {' '.join(words)}" in text
    for word in told:
        assert word in text
    if words != ("models",):
        assert "VIGIL_ENDPOINT" in text and "tcp://127.0.0.1:5555" in text
    assert max(map(len, (x for x in text.splitlines() if not x.startswith("USAGE")))) <= 100


def test_every_program_tells_its_version():
    version = answer("--version").strip()
    assert len(version.split(".")) == 3
    assert answer("score", "--version").strip() == version
    daemons = run("vigild", "--version")
    assert (daemons.returncode, daemons.stdout.strip()) == (0, version)


# MARK: Misuse


def test_an_unknown_command_is_named():
    assert "'scores'" in misuse("scores")


def test_an_unknown_flag_is_named():
    assert "'--modle'" in misuse("score", "x.npz", "-m", "er-nr-mlp", "--modle", "er-nr-mlp")
    assert "'--jsn'" in misuse("status", "--jsn")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("score",), "<file>"),
        (("score", SAMPLE), "--model"),
        (("score", SAMPLE, "-m", "er-nr-mlp", "--priority", "urgent"), "trigger, standard, bulk"),
        (("score", SAMPLE, "-m", "er-nr-mlp", "--output", "scores.txt"), ".npz"),
        (("score", SAMPLE, "-m", "er-nr-mlp", "--coverage", "most"), "--coverage"),
        (("score", SAMPLE, "-m", "er-nr-mlp", "--deadline", "0"), "--deadline"),
        (("score", SAMPLE, "-m", "er-nr-mlp", "--deadline", "nan"), "--deadline"),
        (("calibrate", "er-nr-mlp"), "--data"),
        (("evaluate",), "<data>"),
        (("evaluate", SAMPLE, "--coverage", "1"), "--coverage"),
        (("evaluate", SAMPLE, "--fdr", "0"), "--fdr"),
        (("evaluate", SAMPLE, "--report", "page.html"), ".svg"),
        (("bench", "er-nr-mlp"), "--data"),
        (("bench", "er-nr-mlp", "--data", SAMPLE, "--rows", "0"), "1 to 65536"),
        (("bench", "er-nr-mlp", "--data", SAMPLE, "--window", "65537"), "1 to 65536"),
        (("bench", "er-nr-mlp", "--data", SAMPLE, "--requests", "-1"), "--requests"),
        (("bench", "er-nr-mlp", "--data", SAMPLE, "--rate", "nan"), "--rate"),
        (("models", "show"), "<name>"),
        (("status", "--timeout", "0"), "--timeout"),
        (("status", "--timeout", "nan"), "--timeout"),
        (("status", "--timeout", "soon"), "--timeout"),
    ],
)
def test_a_wrong_command_line_names_what_is_wrong(words, named):
    assert named in misuse(*words)


# MARK: Nobody there


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("models", "--json"),
        ("score", SAMPLE, "-m", "er-nr-mlp"),
        ("evaluate", SAMPLE),
        ("calibrate", "er-nr-mlp", "--data", SAMPLE),
        ("bench", "er-nr-mlp", "--data", SAMPLE),
    ],
    ids=lambda words: words[0],
)
def test_no_daemon_is_one_line_within_the_timeout(words):
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    begin = time.monotonic()
    line = complaint(*words, "--timeout", "1", at=endpoint)
    assert 0.9 <= time.monotonic() - begin < 15
    assert endpoint in line and "is vigild running there?" in line


def test_no_daemon_on_an_ipc_path(tmp_path):
    endpoint = f"ipc://{tmp_path}/nobody.sock"
    assert endpoint in complaint("status", "--timeout", "0.5", at=endpoint)


@pytest.mark.parametrize(
    "endpoint", ["5555", "localhost:5555", "tcp://", "tcp://:1", "ipc://", "http://127.0.0.1:1"]
)
def test_an_endpoint_that_is_none_is_named_at_once(endpoint):
    begin = time.monotonic()
    line = complaint("status", at=endpoint)
    assert line == f"--endpoint {endpoint}: allowed are tcp://HOST:PORT and ipc:///PATH"
    assert time.monotonic() - begin < 10


def test_the_second_endpoint_is_tried(served):
    dead = f"tcp://127.0.0.1:{free_port()}"
    assert "ready" in answer("status", "-e", dead, "-e", served.endpoint)


def test_the_endpoint_may_stand_in_the_environment(served):
    for endpoint in (served.endpoint, served.ipc):
        report = document("status", variables={"VIGIL_ENDPOINT": endpoint})
        assert served.endpoint in report["endpoints"]


# MARK: Status and models


def test_status_says_what_the_daemon_is(served):
    report = document("status", at=served)
    assert report["ready"] is True and report["reasons"] == []
    assert set(report["endpoints"]) == {served.endpoint, served.ipc}
    assert report["uptime_seconds"] > 0 and report["version"].count(".") == 2
    assert document("status", at=served)["requests"] > report["requests"]
    assert set(report) >= {"refusals", "events", "in_flight"}
    text = answer("status", at=served)
    assert f"vigild {report['version']}, ready" in text and served.endpoint in text


def test_status_of_a_daemon_that_is_not_ready_fails_and_says_why(models, make_daemon):
    (models / "er-nr-mlp" / "1" / "model.onnx").unlink()
    running = serving(make_daemon(models, wait=False), ["er-nr-tree"])
    told = vigil_command("status", at=running)
    assert told.returncode == 1
    assert "not ready" in told.stdout and "er-nr-mlp" in told.stdout
    result = vigil_command("status", "--json", at=running)
    report = json.loads(result.stdout)
    assert (result.returncode, report["ready"], result.stderr) == (1, False, "")
    assert any("er-nr-mlp" in reason for reason in report["reasons"])
    listed = {model["name"]: model for model in document("models", at=running)["models"]}
    assert listed["er-nr-mlp"]["state"] != "serving" and listed["er-nr-mlp"]["reasons"]
    assert "er-nr-mlp" in answer("models", "show", "er-nr-mlp", at=running)


def test_models_lists_every_version_in_a_table(served):
    lines = answer("models", at=served).splitlines()
    assert lines[0].split()[:3] == ["model", "version", "state"]
    assert set(lines[1]) == {"-", " "}
    assert [line.split()[:3] for line in lines[2:]] == [[n, "1", "serving"] for n in REFERENCE]
    assert answer("models", "list", at=served).splitlines() == lines


def test_models_as_json_are_what_the_client_says(served):
    with served.client() as client:
        known = {model.name: model for model in client.models()}
    listed = document("models", at=served)["models"]
    assert [model["name"] for model in listed] == sorted(known)
    for model in listed:
        want = known[model["name"]]
        for field in ("version", "digest", "state", "task", "precision", "device", "calibration"):
            assert model[field] == getattr(want, field), field
        assert [x["name"] for x in model["inputs"]] == [x.name for x in want.inputs]
        assert [x["name"] for x in model["outputs"]] == [x.name for x in want.outputs]
    for words in (("show", "er-nr-tree"), ("list", "er-nr-tree"), ("er-nr-tree",)):
        assert document("models", *words, at=served) == {
            "models": [model for model in listed if model["name"] == "er-nr-tree"]
        }


def test_a_model_is_shown_with_units_features_and_calibration(served):
    text = answer("models", "show", "position-cnn", at=served)
    (model,) = document("models", "show", "position-cnn", at=served)["models"]
    assert text.startswith("position-cnn 1, serving\n")
    for part in (model["digest"], model["calibration"], "float32", "[mm]", "[phd]", "hits"):
        assert part in text
    assert "s1c, s2c, drift_time" in answer("models", "show", "er-nr-mlp", at=served)
    assert answer("models", "position-cnn", at=served) == text


@pytest.mark.parametrize(
    "words",
    [
        ("models", "show", "er-nr-ml"),
        ("models", "er-nr-ml"),
        ("score", SAMPLE, "-m", "er-nr-ml"),
        ("calibrate", "er-nr-ml", "--data", SAMPLE),
        ("bench", "er-nr-ml", "--data", SAMPLE),
    ],
    ids=["models show", "models", "score", "calibrate", "bench"],
)
def test_an_unknown_model_is_named_with_those_near(served, words):
    line = complaint(*words, at=served)
    assert "'er-nr-ml'" in line and "er-nr-mlp" in line.split("'er-nr-ml'")[1]


def test_a_reload_says_what_changed(models, make_daemon):
    running = serving(make_daemon(models), ["er-nr-tree", "er-nr-mlp"])
    assert answer("models", "reload", at=running) == "nothing changed\n"
    assert document("models", "reload", at=running) == {"changes": []}
    edited_model(models, "er-nr-tree", "second-tree", lambda text: text)
    (change,) = document("models", "reload", at=running)["changes"]
    assert change.startswith("loaded second-tree 1 ")


def test_a_reload_that_fails_says_why_and_fails(models, make_daemon):
    running = serving(make_daemon(models), ["er-nr-tree", "er-nr-mlp"])
    with open(models / "er-nr-tree" / "model.yaml", "a") as manifest:
        manifest.write("colour: blue\n")
    result = vigil_command("models", "reload", at=running)
    assert (result.returncode, result.stderr) == (1, "")
    (line,) = [x for x in result.stdout.splitlines() if x.startswith("failed er-nr-tree")]
    assert "model.yaml:" in line and "colour" in line
    result = vigil_command("models", "reload", "--json", at=running)
    assert result.returncode == 1
    assert any("colour" in change for change in json.loads(result.stdout)["changes"])
    assert "serving" in answer("models", "show", "er-nr-tree", at=running)


# MARK: vigild


def settings(folder, *lines, models=MODELS):
    """A file of settings for `vigild --check`."""
    path = folder / "vigild.yaml"
    first = (f"models: {models}", f"onnxruntime: {onnxruntime_library()}")
    path.write_text("\n".join([*first, *lines]) + "\n")
    return path


def test_vigild_explains_itself():
    result = run("vigild", "--help")
    assert (result.returncode, result.stderr) == (0, "")
    for part in ("USAGE: vigild", "--config", "--check", "SIGTERM", "SIGHUP"):
        assert part in result.stdout


@pytest.mark.parametrize(
    ("words", "named"),
    [(("--conifg", "x"), "--conifg"), (("--config",), "--config"), (("extra",), "extra")],
)
def test_vigild_names_what_it_does_not_understand(words, named):
    assert named in misuse(*words, program="vigild")


def test_settings_that_are_not_there_are_named(tmp_path):
    path = tmp_path / "none.yaml"
    result = run("vigild", "--config", path)
    assert result.returncode not in (0, 1) and str(path) in result.stderr.splitlines()[0]


@pytest.mark.parametrize("words", [(), ("--check",)])
def test_a_wrong_setting_is_named_with_file_and_line(tmp_path, words):
    path = settings(tmp_path, "log_levle: info")
    result = run("vigild", "--config", path, *words)
    assert result.returncode not in (0, 1) and result.stdout == ""
    first = result.stderr.splitlines()[0]
    assert f"{path}:3:" in first and "log_levle" in first and "log_level," in first


def test_a_check_of_good_models_is_ready(tmp_path):
    result = run("vigild", "--check", "--config", settings(tmp_path))
    lines = result.stdout.splitlines()
    assert (result.returncode, lines[-1]) == (0, "ready")
    for name in REFERENCE:
        assert sum(line.startswith(f"loaded {name} 1 sha256:") for line in lines) == 1


def test_a_check_of_a_broken_model_says_why_and_fails(tmp_path, models):
    artefact = models / "er-nr-tree" / "1" / "model.json"
    artefact.write_bytes(artefact.read_bytes()[:1000])
    result = run("vigild", "--check", "--config", settings(tmp_path, models=models))
    lines = result.stdout.splitlines()
    assert result.returncode == 1 and "ready" not in lines
    assert any(line.startswith("failed er-nr-tree 1: ") for line in lines)
    assert any(line.startswith("not ready: ") and "er-nr-tree" in line for line in lines)
    assert any(line.startswith("loaded er-nr-mlp 1 ") for line in lines)


def test_a_check_without_models_fails(tmp_path):
    result = run("vigild", "--check", "--config", settings(tmp_path, models=tmp_path / "none"))
    assert result.returncode == 1 and "not ready: " in result.stdout
    assert str(tmp_path / "none") in result.stdout


def test_the_default_settings_need_no_file(tmp_path):
    result = run("vigild", "--check", folder=tmp_path)
    assert result.returncode == 1 and "models" in result.stdout
    assert "Usage" not in result.stderr
