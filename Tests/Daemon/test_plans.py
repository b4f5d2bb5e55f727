"""TensorRT's plans are kept, digested, and never another without being told.

The provider is emulated (emulated_providers.c): there is no card here. What is real is the daemon, the
library that runs the model, and every file.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import vigil
from daemon import Daemon, copy_models, wait_until
from providers import emulated_providers

MODEL = "er-nr-mlp"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return emulated_providers(tmp_path_factory.mktemp("library"))


@pytest.fixture
def start(tmp_path, library, monkeypatch):
    """Starts a daemon whose model runs on the emulated provider."""
    models = copy_models(tmp_path / "models", MODEL)
    manifest = models / MODEL / "model.yaml"
    text = manifest.read_text().replace("engine: onnx\n", "engine: onnx\ndevice: tensorrt:0\nrequired: false\n")
    # A gradient graph would have plans of its own.
    manifest.write_text(re.sub(r"^explain:.*\n", "", text, flags=re.MULTILINE))
    cache = tmp_path / "cache"

    def begin(*, keeps=True, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        top = {"onnxruntime": str(library), **({"cache": str(cache)} if keeps else {})}
        return Daemon(models, top=top)

    begin.manifest = manifest
    begin.cache = cache
    return begin


def engine(daemon):
    with daemon.client() as client:
        (model,) = client.models()
    return model.engine_version


def only_folder(cache):
    (path,) = cache.glob("*.plans")
    return path


def failure(daemon):
    """Why the model is not served."""
    with daemon.client() as client:
        assert client.models() == [] or client.models()[0].state != "serving"
    # Lines are written a moment after what they tell of.
    wait_until(lambda: "failed er-nr-mlp" in daemon.log())
    return daemon.log()


def test_a_plan_is_made_once_and_named_by_its_digest(start, features):
    with start() as daemon:
        first = engine(daemon)
        with daemon.client() as client:
            answer = client.score(MODEL, features[:3], raw=True)
    assert re.fullmatch(r"onnxruntime [0-9.]+ plans [0-9a-f]{16}", first)
    assert answer.provenance.engine == first
    folder = only_folder(start.cache)
    (plan,) = folder.glob("*.engine")
    told = plan.read_text()
    assert f"trt_engine_cache_path={folder}\n" in told and "trt_engine_cache_enable=1\n" in told
    assert "trt_profile_min_shapes=features:1x5\n" in told
    assert "trt_profile_max_shapes=features:1024x5\n" in told
    assert "device_id=0\n" in told
    with start() as daemon:
        assert engine(daemon) == first
        with daemon.client() as client:
            client.reload()
        assert engine(daemon) == first
    assert plan.read_text() == told


def test_another_start_without_the_plan_is_another_engine(start):
    with start() as daemon:
        first = engine(daemon)
    shutil.rmtree(only_folder(start.cache))
    with start() as daemon:
        assert engine(daemon) != first


def test_a_calibration_belongs_to_the_plan(start, features):
    """One made for these plans is used, and refused with others."""
    with start() as daemon:
        name = engine(daemon)
    version = start.manifest.parent / "1"
    (found,) = version.glob("calibration-*.json")
    calibration = json.loads(found.read_text())
    calibration["engine_version"] = name
    calibration["device_class"] = "tensorrt"
    found.unlink()
    (version / "calibration-onnxruntime-float32-tensorrt.json").write_text(json.dumps(calibration))
    with start() as daemon, daemon.client() as client:
        answer = client.score(MODEL, features[:3])
        assert np.isfinite(answer.lower).all() and answer.provenance.engine == name
    shutil.rmtree(only_folder(start.cache))
    with start() as daemon, daemon.client() as client:
        other = engine(daemon)
        with pytest.raises(vigil.Unsupported) as refused:
            client.score(MODEL, features[:3])
        assert name in str(refused.value) and other in str(refused.value)


@pytest.mark.parametrize("harm", ["changed", "missing", "further", "list"])
def test_plans_that_are_not_those_kept_are_not_served(start, harm):
    with start():
        pass
    folder = only_folder(start.cache)
    (plan,) = folder.glob("*.engine")
    if harm == "changed":
        plan.write_bytes(plan.read_bytes()[:-2] + b"!\n")
    elif harm == "missing":
        plan.unlink()
    elif harm == "further":
        shutil.copy(plan, folder / "other.engine")
    else:
        (folder / "plans").write_text("vigil plans 1\n")
    with start() as daemon:
        log = failure(daemon)
    assert str(folder) in log and "not those that were kept" in log


def test_a_library_that_makes_a_plan_anew_is_found_out(start):
    with start():
        pass
    with start(EMULATED_TENSORRT_MAKES_ANEW="1") as daemon:
        assert "not those that were kept" in failure(daemon)


def test_plans_that_were_not_finished_are_made_anew(start):
    with start() as daemon:
        first = engine(daemon)
    folder = only_folder(start.cache)
    (folder / "plans").unlink()
    with start() as daemon:
        assert engine(daemon) != first
    assert len(list(folder.glob("*.engine"))) == 1


def test_an_artefact_that_the_provider_takes_nothing_of(start):
    with start(EMULATED_TENSORRT_TAKES_NOTHING="1") as daemon:
        assert "made no plan of the artefact" in failure(daemon)


def test_without_a_place_for_plans(start):
    with start(keeps=False) as daemon:
        log = failure(daemon)
    assert "set `cache`, or `reproducible: false`" in log
    text = start.manifest.read_text()
    start.manifest.write_text(text.replace("name: er-nr-mlp", "name: er-nr-mlp\nreproducible: false"))
    with start(keeps=False) as daemon:
        assert re.fullmatch(r"onnxruntime [0-9.]+", engine(daemon))


def test_no_more_folders_than_are_allowed(start):
    for number in range(64):
        (start.cache / f"{number}.plans").mkdir(parents=True)
    with start() as daemon:
        log = failure(daemon)
    assert "64 folders of plans, allowed are 64" in log
