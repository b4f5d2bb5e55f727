"""`vigil quantize`: what it makes, measures, keeps and leaves alone."""

from __future__ import annotations

import os
import re
import signal
import sys

import numpy as np
import onnxruntime
import pytest

import command
from command import complaint, document, end, misuse, stored, vigil_command
from daemon import Daemon, copy_models, wait_until
from quantized import (
    PLAIN,
    small_events,
    wide_events,
    write_small,
    write_sum,
    write_wide,
)

QUANTIZER = {"VIGIL_PYTHON": sys.executable}


class Workplace:
    """A daemon, its models, and labelled events of each."""

    def __init__(self, folder):
        self.models = copy_models(folder / "models", "er-nr-tree")
        self.wide = write_wide(self.models)
        self.small = write_small(self.models)
        write_small(self.models, PLAIN, "plain")
        write_sum(self.models)
        self.data = {
            "wide": stored(folder, name="wide", **wide_events(self.wide, 3000, 3)),
            "small": stored(folder, name="small", **small_events(self.small, 3000, 4)),
        }
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        self.running = Daemon(self.models)

    def words(self, model, *options, data=None):
        data = data or self.data.get(model, self.data["small"])
        return ("quantize", model, "--data", data, *options)

    def options(self, **variables):
        """Options of a run: the daemon, Python, and a place for scratch folders."""
        clean = {**QUANTIZER, "TMPDIR": str(self.scratch), **variables}
        return {"at": self.running, "variables": clean}

    def report(self, model, *options):
        return document(*self.words(model, *options), **self.options())

    def complaint(self, model, *options, data=None, **variables):
        line = complaint(*self.words(model, *options, data=data), **self.options(**variables))
        assert list(self.scratch.iterdir()) == []
        return line

    def files(self):
        paths = [path for path in self.models.rglob("*") if path.is_file()]
        return {path: path.read_bytes() for path in paths}


@pytest.fixture
def workplace(tmp_path):
    place = Workplace(tmp_path)
    with place.running:
        yield place


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A workplace that tests leave as it is."""
    place = Workplace(tmp_path_factory.mktemp("shared"))
    with place.running:
        yield place


def test_a_wide_model_is_measured_and_left_alone(shared):
    before = shared.files()
    report = shared.report("wide", "--tries", 6)
    assert shared.files() == before and list(shared.scratch.iterdir()) == []
    assert "kept" not in report and report["reload"] == []
    assert (report["version"], report["int8_version"], report["layers"]) == ("1", "2", 4)
    assert report["int8_bytes"] < 0.3 * report["bytes"]
    assert report["range_events"] + report["test_events"] == 3000
    assert report["best"]["ratio"] > 0
    rows = [speed["rows"] for speed in report["speeds"]]
    assert rows == sorted(rows) and set(rows) <= {1, 2, 4, 8, 16, 32, 64}
    for speed in report["speeds"]:
        times = speed["float32_us"], speed["int8_us"]
        # A micro-batch that gives other bits is not used.
        assert (speed["ratio"] is None) == (None in times)
        assert None in times or speed["ratio"] == pytest.approx(times[0] / times[1])
    tries = report["tries"]
    assert tries[0]["left_in_float32"] == [] and 5 <= len(tries) <= 6
    layers = [f"layer{number}" for number in range(4)]
    assert [tried["left_in_float32"] for tried in tries[1:5]] == [[layer] for layer in layers]
    (taken,) = [tried for tried in tries if tried["chosen"]]
    assert taken["left_in_float32"] == report["left_in_float32"]
    fastest = max(tried["events_per_second"] for tried in tries)
    near = [tried for tried in tries if tried["events_per_second"] * 1.05 >= fastest]
    assert taken["relative_shift"] == min(tried["relative_shift"] for tried in near)


def test_what_is_told_of_shift_and_task_is_so(shared):
    report = shared.report("small", "--tries", 1)
    (shift,) = report["shift"]
    assert shift["output"] == "energy" and 0 < shift["rms"] < 0.05 * shift["spread"]
    assert shift["rms"] < shift["p999"] < 10 * shift["rms"]
    (quality,) = report["quality"]
    # The events that calibrate and test: 3 of 4.
    events = small_events(shared.small, 3000, 4)
    rest = np.arange(3000) % 4 != 0
    residuals = (shared.small.scores(events["x"])[:, 0] - events["truth"])[rest]
    assert quality["measure"] == "rms" and report["test_events"] == np.sum(rest)
    assert quality["float32"] == pytest.approx(np.sqrt(np.mean(residuals**2)), rel=1e-4)
    assert quality["int8"] == pytest.approx(quality["float32"], rel=0.2)
    found = {(entry["what"], entry["nominal"]): entry for entry in report["uncertainty"]}
    assert found["coverage", 0.9]["int8"] == pytest.approx(0.9, abs=0.03)
    width = found["width", 0.9]
    assert width["unit"] == "keV" and width["int8"] == pytest.approx(width["float32"], rel=0.2)
    assert report["int8"]["precision"] == "int8" and report["float32"]["precision"] == "float32"
    assert report["int8"]["coverage"][0]["events"] > 1000


def test_a_version_that_is_kept_serves_with_its_precision_and_calibration(workplace, tmp_path):
    place = workplace
    before = place.files()
    report = place.report("small", "--tries", 1, "--keep")
    folder = place.models / "small" / "2"
    assert report["kept"] == str(folder)
    assert any(change.startswith("loaded small 2 ") for change in report["reload"])
    new = {path.name for path in place.files() if path not in before}
    assert new == {"model.onnx", "version.yaml", "calibration-onnxruntime-int8-cpu.json"}
    assert (folder / "version.yaml").read_text() == "precision: int8\n"
    fresh = small_events(place.small, 4000, 9)
    with place.running.client() as client:
        scores = client.score("small", fresh["x"], coverage=0.9)
        alone = [client.score("small", fresh["x"][row : row + 1]) for row in range(20)]
        (model,) = client.models("small")
    origin = scores.provenance
    assert (origin.version, origin.precision) == ("2", "int8")
    assert origin.digest == report["int8_digest"] and origin.calibration is not None
    assert (model.precision, model.version) == ("int8", "2")
    inside = (scores.lower <= fresh["truth"]) & (fresh["truth"] <= scores.upper)
    # Of the calibration's 2,250 events and these: 0.9 with a standard deviation of 0.8 %.
    assert abs(np.mean(inside) - 0.9) < 0.04
    # An event's bits do not depend on its neighbours.
    assert scores.value[:20].tobytes() == b"".join(one.value.tobytes() for one in alone)
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
    (direct,) = session.run(None, {"x": fresh["x"]})
    np.testing.assert_allclose(scores.value, direct, rtol=1e-5, atol=1e-5)
    line = place.complaint("small")
    assert line == "model 'small' 2 is int8, allowed is float32"


def test_only_what_is_faster_is_kept_where_that_is_asked(workplace):
    report = workplace.report("small", "--tries", 1, "--keep-faster", "--no-reload")
    kept = workplace.models / "small" / "2"
    assert kept.exists() == ("kept" in report) == (report["best"]["ratio"] > 1)
    assert report["reload"] == []


def test_a_model_without_uncertainty_is_measured_all_the_same(shared):
    result = vigil_command(*shared.words("plain", "--tries", 1), **shared.options())
    assert (result.returncode, result.stderr) == (0, "")
    assert "No uncertainty is compared: the model declares none" in result.stdout
    assert re.search(r"int8 is \d+\.\d\d times as fast", result.stdout)
    assert result.stdout.rstrip().endswith("would write it as version 2")
    assert "nothing was kept" in result.stdout


REFUSED = {
    "er-nr-tree": "runs by vigil-trees on cpu, allowed are ONNX models on the cpu",
    "none": "there is no model 'none'",
    "sum": "has no layers to quantize",
}


@pytest.mark.parametrize("model", REFUSED)
def test_models_that_cannot_be_quantized_are_told(shared, model):
    assert REFUSED[model] in shared.complaint(model)


def test_data_that_cannot_quantize_are_told(shared, write):
    events = small_events(shared.small, 100, 5)
    path = write(y=events["x"])
    assert "there is no array 'x'" in shared.complaint("small", data=path)
    path = write(x=events["x"][:63], truth=events["truth"][:63])
    assert shared.complaint("small", data=path).endswith("holds 63 events, allowed are at least 64")
    path = write(x=events["x"] * np.nan, truth=events["truth"])
    assert "no event has inputs that are all finite" in shared.complaint("small", data=path)
    path = write(x=events["x"])
    assert "'truth'" in shared.complaint("small", data=path)


def test_a_quantizer_that_is_not_there_is_told(shared, tmp_path):
    line = shared.complaint("small", VIGIL_PYTHON=str(tmp_path / "none"))
    assert line == f"{tmp_path / 'none'}: No such file or directory"
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    bare.chmod(0o755)
    line = shared.complaint("small", "--python", bare)
    assert re.search(rf"run by {bare}: the Python package \w+ is missing$", line)


def test_a_model_that_lies_on_another_machine_is_told(workplace):
    folder = workplace.models / "small"
    folder.rename(workplace.models / ".elsewhere")
    line = workplace.complaint("small")
    assert line == f"{folder}/1 is not there: run the command on the daemon's machine"
    folder.mkdir()
    (folder / "1").mkdir()
    (folder / "model.yaml").write_bytes((workplace.models / ".elsewhere/model.yaml").read_bytes())
    (folder / "1" / "model.onnx").write_bytes(b"other")
    assert "does not hold what the daemon runs, sha256:" in workplace.complaint("small")


@pytest.mark.parametrize("words", [["--tries=0"], ["--tries=33"], ["--keep", "--keep-faster"]])
def test_wrong_options_are_refused(words):
    assert words[0].split("=")[0] in misuse("quantize", "m", "--data", "x.npz", *words)
    assert "minmax" in misuse("quantize", "m", "--data", "x.npz", "--method", "best")


def owned(folder):
    """Processes whose command line names the folder."""
    found = []
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/cmdline", "rb") as line:
                if os.fsencode(folder) in line.read():
                    found.append(number)
        except OSError:
            continue  # ended meanwhile
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("when", ["quantizer.py", "vigild.sock"])
def test_nothing_is_left_of_a_run_that_is_interrupted(shared, monkeypatch, number, when):
    for name, value in shared.options()["variables"].items():
        monkeypatch.setenv(name, value)
    before = shared.files()
    process = command.start(*shared.words("wide", "--keep"), at=shared.running)
    try:
        wait_until(lambda: list(shared.scratch.glob(f"*/{when}")) and owned(shared.scratch))
        process.send_signal(number)
        assert process.wait(command.PATIENCE) in (-number, 128 + number)
    finally:
        end(process)
    wait_until(lambda: not owned(shared.scratch))
    assert list(shared.scratch.iterdir()) == []
    assert shared.files() == before
