"""A graphics card that is lost: the cpu answers where that is allowed, else requests are refused in time.

The provider is emulated (emulated_providers.c): a session on CUDA is run by the cpu until it is told to
fail with CUDA's own words. What is real is the daemon and what it makes of them.
"""

import re

import numpy as np
import pytest
import vigil
from daemon import Daemon, copy_models, wait_until
from providers import calibrate_card, emulated_providers

MODEL = "er-nr-mlp"
LOST = "CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; hostname=h ; expr=e"
EVENT = np.array([[20.0, 1500.0, 300.0, 10.0, -20.0]], np.float32)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return emulated_providers(tmp_path_factory.mktemp("library"))


@pytest.fixture
def card(tmp_path, library, monkeypatch):
    """Starts a daemon whose model runs on an emulated card, with keys for its manifest."""
    lost = tmp_path / "lost"
    monkeypatch.setenv("EMULATED_CUDA_LOST", str(lost))
    models = copy_models(tmp_path / "models", MODEL, "er-nr-tree")
    folder = models / MODEL
    manifest = folder / "model.yaml"
    text = re.sub(r"^explain:.*\n", "", manifest.read_text(), flags=re.MULTILINE)

    def begin(keys):
        manifest.write_text(text.replace("engine: onnx\n", f"engine: onnx\ndevice: cuda:0\n{keys}"))
        return Daemon(models, top={"onnxruntime": str(library)})

    begin.lose = lambda words=LOST: lost.write_text(words)
    begin.find = lost.unlink
    begin.folder = folder / "1"
    return begin


def test_the_cpu_answers_with_its_own_calibration(card):
    calibrate_card(card.folder)
    with card("fallback: cpu\n").start() as daemon, daemon.client(retries=0) as client:
        before = client.score(MODEL, EVENT)
        assert before.provenance.device == "cuda:0" and before.provenance.calibration
        card.lose()
        with pytest.raises(vigil.VigilError) as refused:
            client.score(MODEL, EVENT)
        assert refused.value.code == "UNAVAILABLE" and refused.value.retry_after > 0
        assert "the device is lost: Run: " in str(refused.value) and "illegal memory" in str(refused.value)
        wait_until(lambda: client.status().degraded, 10)
        (reason,) = client.status().degraded
        assert reason.startswith(f"model {MODEL}: cuda:0 is lost, the cpu answers: Run: CUDA failure 700")
        assert client.status().ready
        after = client.score(MODEL, EVENT)
        assert after.provenance.device == "cpu"
        assert after.provenance.calibration and after.provenance.calibration != before.provenance.calibration
        np.testing.assert_array_equal(after.value, before.value)
        # Told to, it tries the card again: it is as lost as before.
        changes = client.reload()
        assert any(line.startswith(f"failed {MODEL} 1: warming: Run") for line in changes), changes
        assert client.score(MODEL, EVENT).provenance.device == "cpu"
        card.find()
        client.reload()
        assert client.score(MODEL, EVENT).provenance.device == "cuda:0"
        assert client.status().degraded == ()


def test_without_leave_requests_are_refused(card):
    calibrate_card(card.folder)
    with card("").start() as daemon, daemon.client(retries=0) as client:
        client.score(MODEL, EVENT)
        card.lose()
        for _ in range(3):
            with pytest.raises(vigil.VigilError) as refused:
                client.score(MODEL, EVENT)
            assert refused.value.code == "UNAVAILABLE"
        status = client.status()
        assert not status.ready and status.degraded == ()
        assert status.reasons[0].startswith(f"model {MODEL}: cuda:0 is lost: Run: CUDA failure 700")
        # The others go on.
        assert client.score("er-nr-tree", EVENT).provenance.device == "cpu"


def test_a_cpu_without_a_calibration_does_not_answer(card):
    calibrate_card(card.folder)
    (card.folder / "calibration-onnxruntime-float32-cpu.json").unlink()
    with card("fallback: cpu\n").start() as daemon, daemon.client(retries=0) as client:
        (model,) = [entry for entry in client.models() if entry.name == MODEL]
        assert any(line.startswith("the cpu cannot answer if the card is lost: ") for line in model.reasons)
        card.lose()
        with pytest.raises(vigil.VigilError) as refused:
            client.score(MODEL, EVENT)
        assert refused.value.code == "UNAVAILABLE"
        assert not client.status().ready


@pytest.mark.parametrize(
    "failure", ["2: out of memory", "900: operation not permitted when stream is capturing"]
)
def test_too_little_memory_and_captures_are_no_loss(card, failure):
    calibrate_card(card.folder)
    with card("").start() as daemon, daemon.client(retries=0) as client:
        card.lose(f"CUDA failure {failure} ; GPU=0 ; hostname=h ; expr=cudaMalloc")
        with pytest.raises(vigil.VigilError) as refused:
            client.score(MODEL, EVENT, raw=True)
        assert refused.value.code == "INTERNAL" and failure in str(refused.value)
        card.find()
        client.score(MODEL, EVENT, raw=True)
