"""A graphics card's memory: pinned buffers of the host, given back, and what is done without them.

The provider and CUDA's library are emulated (emulated_providers.c, emulated_cudart.c): there is no card
here. What is real is the daemon, the library that runs the model, and the bits of its answers.
"""

import re

import numpy as np
import pytest
from daemon import MODELS, Daemon, copy_models
from providers import Counts, calibrate_card, compile_library, emulated_cudart, emulated_providers

MODEL = "er-nr-mlp"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return emulated_providers(tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="module")
def cudart(tmp_path_factory):
    return emulated_cudart(tmp_path_factory.mktemp("cudart"))


@pytest.fixture(scope="module")
def expected(features):
    """Answers of the cpu."""
    with Daemon(MODELS).start() as daemon, daemon.client() as client:
        return client.score(MODEL, features[:300], raw=True).value


@pytest.fixture
def card(tmp_path, library, cudart, monkeypatch):
    """Starts a daemon whose one model runs on an emulated card, with keys for its manifest."""
    models = copy_models(tmp_path / "models", MODEL)
    calibrate_card(models / MODEL / "1")
    manifest = models / MODEL / "model.yaml"
    # A gradient graph would have memory of its own.
    text = re.sub(r"^explain:.*\n", "", manifest.read_text(), flags=re.MULTILINE)
    monkeypatch.setenv("EMULATED_CUDART_COUNTS", str(tmp_path / "counts"))
    monkeypatch.setenv("EMULATED_CUDART_FAILS", str(tmp_path / "fails"))
    monkeypatch.setenv("LD_LIBRARY_PATH", str(cudart.parent))

    def write(keys, summary="one"):
        changed = text.replace("engine: onnx\n", f"engine: onnx\ndevice: cuda:0\n{keys}")
        manifest.write_text(re.sub(r"^summary:.*\n", f"summary: {summary}\n", changed, flags=re.MULTILINE))

    def begin(keys=""):
        write(keys)
        return Daemon(models, top={"onnxruntime": str(library)})

    begin.write = write
    begin.counts = Counts(tmp_path / "counts")
    begin.fail = (tmp_path / "fails").write_text
    return begin


def evaluation(client):
    """How the model runs, for people."""
    (model,) = client.models()
    return model.evaluation


def answers(client, features):
    return client.score(MODEL, features[:300], raw=True).value


def test_buffers_are_pinned_and_given_back(card, features, expected):
    with card("instances: 2\n").start() as daemon, daemon.client() as client:
        assert evaluation(client) == "runs from pinned memory"
        np.testing.assert_array_equal(answers(client, features), expected)
        held = card.counts["cudaHostAlloc"] - card.counts["cudaFreeHost"]
        # Two lanes, each with an input and outputs; those of the measurement at load are gone.
        tensors = held // 2
        assert tensors >= 2 and held == 2 * tensors
        for number in range(50):
            card.write("instances: 2\n", summary=f"number {number}")
            assert client.reload(), number
        np.testing.assert_array_equal(answers(client, features), expected)
        assert card.counts["cudaHostAlloc"] - card.counts["cudaFreeHost"] == held
        assert card.counts["cudaHostAlloc"] > 50 * held


def test_memory_that_cannot_be_pinned_is_ordinary(card, features, expected):
    card.fail("cudaHostAlloc")
    with card().start() as daemon, daemon.client() as client:
        words = "runs from pageable memory, for cudaHostAlloc: CUDA failure 2: out of memory"
        assert evaluation(client) == words
        np.testing.assert_array_equal(answers(client, features), expected)
        # What is left of an error would be taken for ONNX Runtime's own.
        assert card.counts["cudaGetLastError"] == card.counts["cudaHostAlloc"] > 0
        assert card.counts["cudaFreeHost"] == 0


def test_one_buffer_that_cannot_be_pinned(card, features, expected):
    card.fail("cudaHostAlloc 1")
    with card().start() as daemon, daemon.client() as client:
        assert evaluation(client).startswith("runs from pageable memory, for cudaHostAlloc: ")
        np.testing.assert_array_equal(answers(client, features), expected)
        assert card.counts["cudaHostAlloc"] - 1 > card.counts["cudaFreeHost"] > 0


def test_a_card_that_cannot_be_chosen(card, features, expected):
    card.fail("cudaSetDevice")
    with card().start() as daemon, daemon.client() as client:
        assert evaluation(client).startswith("runs from pageable memory, for cudaSetDevice: ")
        np.testing.assert_array_equal(answers(client, features), expected)


def test_without_the_library(card, features, expected, monkeypatch, tmp_path):
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    with card().start() as daemon, daemon.client() as client:
        assert evaluation(client).startswith("runs from pageable memory, for dlopen: libcudart.so.13: ")
        np.testing.assert_array_equal(answers(client, features), expected)


def test_a_library_without_a_call(card, features, expected, monkeypatch, tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    compile_library("emulated_cudart.c", folder / "libcudart.so.13", "-DcudaFreeHost=other")
    monkeypatch.setenv("LD_LIBRARY_PATH", str(folder))
    with card().start() as daemon, daemon.client() as client:
        words = "runs from pageable memory, for dlsym: libcudart.so.13 holds no cudaFreeHost"
        assert evaluation(client) == words
        np.testing.assert_array_equal(answers(client, features), expected)


def test_the_cuda_before_is_found(card, features, monkeypatch, tmp_path):
    emulated_cudart(tmp_path, "libcudart.so.12")
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    with card().start() as daemon, daemon.client() as client:
        assert evaluation(client) == "runs from pinned memory"
        client.score(MODEL, features[:3], raw=True)


def test_an_allocation_that_fails_leaves_the_cpu_alone(card, cudart, features, expected):
    with Daemon(MODELS).start() as daemon, daemon.client() as client:
        (model,) = [entry for entry in client.models() if entry.name == MODEL]
        assert model.evaluation == ""
        np.testing.assert_array_equal(answers(client, features), expected)
    assert card.counts["cudaHostAlloc"] == 0
