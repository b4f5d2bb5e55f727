"""A graphics card's memory and CUDA graphs: how they are had, given back, and what is done without.

The provider and CUDA's library are emulated (emulated_providers.c, emulated_cudart.c): there is no card
here. What is real is the daemon, the library that runs the model, and the bits of its answers.
"""

import re

import numpy as np
import pytest
import vigil
from daemon import MODELS, Daemon, copy_models, wait_until
from providers import Counts, calibrate_card, compile_library, emulated_cudart, emulated_providers

MODEL = "er-nr-mlp"
# Of the model; its largest micro-batch.
TENSORS = 3
ROWS = 1024
GRAPHS = "graphs: true\n"
PATIENCE = 10


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
        return answers(client, features)


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
    monkeypatch.setenv("EMULATED_CUDA_TOLD", str(tmp_path / "told"))
    monkeypatch.setenv("EMULATED_CUDA_LOST", str(tmp_path / "lost"))
    monkeypatch.setenv("LD_LIBRARY_PATH", str(cudart.parent))

    def write(keys, summary="one"):
        changed = text.replace("engine: onnx\n", f"engine: onnx\ndevice: cuda:0\n{keys}")
        manifest.write_text(re.sub(r"^summary:.*\n", f"summary: {summary}\n", changed, flags=re.MULTILINE))

    def begin(keys=""):
        write(keys)
        return Daemon(models, top={"onnxruntime": str(library)})

    begin.write = write
    begin.told = tmp_path / "told"
    begin.lose = (tmp_path / "lost").write_text
    begin.counts = Counts(tmp_path / "counts")
    begin.fail = (tmp_path / "fails").write_text
    return begin


def evaluation(client):
    """How the model runs, for people."""
    (model,) = client.models()
    return model.evaluation


def held(counts):
    """What the daemon has of the host's pinned memory, the card's memory, and streams."""
    pairs = [
        ("cudaHostAlloc", "cudaFreeHost"), ("cudaMalloc", "cudaFree"),
        ("cudaStreamCreateWithFlags", "cudaStreamDestroy"),
    ]
    # What cannot be given back is gone all the same.
    return [counts.done(made) - counts[ended] for made, ended in pairs]


def answers(client, features):
    """Of a whole micro-batch, which its request lends."""
    return client.score(MODEL, features[:ROWS], raw=True).value


def test_buffers_are_pinned_and_given_back(card, features, expected):
    with card("instances: 2\n").start() as daemon, daemon.client() as client:
        assert evaluation(client) == "runs from pinned memory"
        np.testing.assert_array_equal(answers(client, features), expected)
        # Two lanes, each with an input and two outputs; those of the measurement at load are gone.
        assert held(card.counts) == [2 * TENSORS, 0, 0]
        for number in range(50):
            card.write("instances: 2\n", summary=f"number {number}")
            assert client.reload(), number
        np.testing.assert_array_equal(answers(client, features), expected)
        assert held(card.counts) == [2 * TENSORS, 0, 0]
        assert card.counts["cudaHostAlloc"] > 50 * 2 * TENSORS
        # Nothing is asked for that only graphs need.
        assert card.counts["cudaThreadExchangeStreamCaptureMode"] == 0


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


def test_memory_that_is_not_to_be_pinned(card, features, expected):
    with card("pinned: false\n").start() as daemon, daemon.client() as client:
        assert evaluation(client) == "runs from pageable memory"
        np.testing.assert_array_equal(answers(client, features), expected)
        assert card.counts["cudaHostAlloc"] == 0


def test_a_limit_of_memory_is_told_to_the_provider(card, features):
    with card("memory_mebibytes: 512\n").start() as daemon, daemon.client(retries=0) as client:
        assert f"gpu_mem_limit={512 << 20}\n" in card.told.read_text()
        answers(client, features)
        card.lose("Available memory of 0 is smaller than requested bytes of 256")
        with pytest.raises(vigil.VigilError) as refused:
            client.score(MODEL, features[:3], raw=True)
        assert refused.value.code == "INTERNAL"
        assert "bytes of 256 (the manifest allows memory_mebibytes: 512)" in str(refused.value)


def test_a_graph_gives_the_same_bits(card, features, expected):
    with card(f"{GRAPHS}instances: 2\n").start() as daemon, daemon.client() as client:
        assert evaluation(client) == "a CUDA graph, from pinned memory"
        np.testing.assert_array_equal(answers(client, features), expected)
        told = card.told.read_text()
        assert "enable_cuda_graph=1\n" in told and re.search("^user_compute_stream=0x", told, re.MULTILINE)
        # Two lanes, each with a stream and every tensor here and there.
        assert held(card.counts) == [2 * TENSORS, 2 * TENSORS, 2]
        for rows in (1, 7, 256):
            value = client.score(MODEL, features[:rows], raw=True).value
            np.testing.assert_array_equal(value, expected[:rows])
        assert card.counts["cudaThreadExchangeStreamCaptureMode"] > 0


def test_graphs_are_given_back(card, features, expected):
    with card(f"{GRAPHS}instances: 2\n").start() as daemon, daemon.client() as client:
        for number in range(50):
            card.write(f"{GRAPHS}instances: 2\n", summary=f"number {number}")
            assert client.reload(), number
        np.testing.assert_array_equal(answers(client, features), expected)
        assert held(card.counts) == [2 * TENSORS, 2 * TENSORS, 2]
        assert daemon.stop() == 0
    assert held(card.counts) == [0, 0, 0]


@pytest.mark.parametrize(
    "call",
    [
        "cudaSetDevice", "cudaStreamCreateWithFlags", "cudaMalloc", "cudaMalloc 1", "cudaMalloc 3",
        "cudaMemcpyAsync", "cudaMemcpyAsync 2", "cudaStreamSynchronize", "cudaStreamSynchronize 2",
    ],
)
def test_without_a_graph_runs_go_on(card, features, expected, call):
    card.fail(call)
    call = call.split()[0]
    with card(GRAPHS).start() as daemon, daemon.client() as client:
        said = evaluation(client)
        assert said.startswith("runs from ") and f"; no CUDA graph, for {call}: CUDA failure 2: " in said
        np.testing.assert_array_equal(answers(client, features), expected)
        assert held(card.counts)[1:] == [0, 0]


@pytest.mark.parametrize("call", ["cudaThreadExchangeStreamCaptureMode", "cudaHostAlloc"])
def test_a_graph_can_do_without(card, features, expected, call):
    card.fail(call)
    with card(GRAPHS).start() as daemon, daemon.client() as client:
        assert evaluation(client).startswith("a CUDA graph, from ")
        np.testing.assert_array_equal(answers(client, features), expected)


@pytest.mark.parametrize("call", ["cudaFree", "cudaFreeHost", "cudaStreamDestroy"])
def test_what_cannot_be_given_back_stops_nothing(card, features, expected, call):
    card.fail(call)
    with card(GRAPHS).start() as daemon, daemon.client() as client:
        np.testing.assert_array_equal(answers(client, features), expected)
        assert daemon.stop() == 0


@pytest.mark.parametrize("number", range(TENSORS + 1, 3 * TENSORS + 1))
def test_a_card_too_full_for_a_later_lane(card, number):
    """The trial has memory, the measurement or the lane has not."""
    card.fail(f"cudaMalloc {number}")
    with card(f"{GRAPHS}required: false\n").start(wait=False) as daemon, daemon.client() as client:
        wait_until(lambda: "models are loading" not in client.status().reasons)
        (model,) = client.models()
        assert model.state == "failed"
        assert "warming: cudaMalloc: CUDA failure 2: out of memory" in " ".join(model.reasons)
        assert held(card.counts) == [0, 0, 0]


def test_a_model_that_cannot_be_captured(card, features, expected, monkeypatch):
    monkeypatch.setenv("EMULATED_CUDA_CAPTURES_NOTHING", "1")
    with card(GRAPHS).start() as daemon, daemon.client() as client:
        words = "; no CUDA graph, for CreateSessionFromArray: This session cannot use the graph capture"
        assert words in evaluation(client)
        np.testing.assert_array_equal(answers(client, features), expected)


def test_no_graph_without_the_library(card, features, expected, monkeypatch, tmp_path):
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    with card(GRAPHS).start() as daemon, daemon.client() as client:
        assert "; no CUDA graph, for dlopen: libcudart.so.13: " in evaluation(client)
        np.testing.assert_array_equal(answers(client, features), expected)


def test_a_copy_that_fails_once_fails_its_request(card, features, expected):
    with card(GRAPHS).start() as daemon, daemon.client(retries=0) as client:
        answers(client, features)
        # The run of the request, and that of the request alone which follows.
        first = card.counts["cudaMemcpyAsync"] + 1
        card.fail(f"cudaMemcpyAsync {first}\ncudaMemcpyAsync {first + 1}\n")
        with pytest.raises(vigil.VigilError) as refused:
            client.score(MODEL, features[:3], raw=True)
        assert refused.value.code == "INTERNAL" and "out of memory" in str(refused.value)
        np.testing.assert_array_equal(answers(client, features), expected)


@pytest.mark.parametrize("where", ["run", "copy", "wait"])
def test_a_card_that_is_lost(card, features, expected, where):
    with card(f"{GRAPHS}fallback: cpu\n").start() as daemon, daemon.client(retries=0) as client:
        np.testing.assert_array_equal(answers(client, features), expected)
        if where == "run":
            card.lose("CUDA failure 700: an illegal memory access was encountered ; GPU=0")
        else:
            card.fail(f"{'cudaMemcpyAsync' if where == 'copy' else 'cudaStreamSynchronize'} 0 700")
        with pytest.raises(vigil.VigilError) as refused:
            client.score(MODEL, features[:3], raw=True)
        assert refused.value.code == "UNAVAILABLE" and "illegal memory access" in str(refused.value)
        wait_until(lambda: client.status().degraded, PATIENCE)
        after = client.score(MODEL, features[:ROWS], raw=True)
        assert after.provenance.device == "cpu"
        np.testing.assert_array_equal(after.value, expected)
