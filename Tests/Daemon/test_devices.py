"""Devices that are not there: one line that says what is missing, and the other models serve."""

import os
import shutil
import subprocess
import sys

import pytest
from daemon import ROOT, START_SECONDS, Daemon, copy_models, wait_until

MODEL = "er-nr-mlp"
CHECK = ROOT / "Deploy" / "gpu-check"


def reasons(tmp_path, device):
    """What a daemon says whose one model wants `device`, and whose other runs on the CPU."""
    models = copy_models(tmp_path / "models", MODEL, "er-nr-tree")
    manifest = models / MODEL / "model.yaml"
    manifest.write_text(manifest.read_text().replace("engine: onnx\n", f"engine: onnx\ndevice: {device}\n"))
    with Daemon(models).start(wait=False) as daemon, daemon.client() as client:
        wait_until(lambda: "models are loading" not in client.status().reasons, START_SECONDS)
        status = client.status()
        states = {model.name: model.state for model in client.models()}
    assert states == {MODEL: "failed", "er-nr-tree": "serving"} and not status.ready
    return status.reasons


@pytest.mark.parametrize("device, provider", [("cuda:0", "CUDA"), ("tensorrt:0", "TensorRT")])
def test_a_library_without_the_provider(tmp_path, device, provider):
    """The CPU's library of the tests."""
    settings = "reproducible: false\n" if provider == "TensorRT" else ""
    (reason,) = reasons(tmp_path, f"{device}\n{settings}".rstrip())
    assert reason.startswith(f"model {MODEL}: 1/model.onnx: SessionOptionsAppendExecutionProvider: {provider}")
    assert "not enabled in this build" in reason


def check(tmp_path, *, smi=None):
    """Runs gpu-check with `smi` in place of nvidia-smi, or without any."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("env", "sh", "bash"):
        (folder / name).symlink_to(shutil.which(name))
    if smi is not None:
        (folder / "nvidia-smi").write_text(f"#!/bin/sh\n{smi}\n")
        (folder / "nvidia-smi").chmod(0o755)
    environment = {**os.environ, "PATH": str(folder)}
    command = [sys.executable, str(CHECK), "--output", str(tmp_path / "out")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("gpu-check: ") and not (tmp_path / "out").exists()
    return line


def test_a_machine_without_a_card(tmp_path):
    assert "no NVIDIA GPU: nvidia-smi is not in PATH" in check(tmp_path)


def test_a_card_that_does_not_answer(tmp_path):
    line = check(tmp_path, smi="echo No devices were found; exit 6")
    assert "nvidia-smi said No devices were found" in line


@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="there is a card")
def test_a_machine_without_cuda(tmp_path):
    line = check(tmp_path, smi="echo 'Card, 1 MiB, 580.1, 1 MHz, 1 MHz, 5'")
    assert "libcudart.so.13 (the CUDA 13 toolkit" in line and "libcudnn.so.9 (cuDNN 9" in line
