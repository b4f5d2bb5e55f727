"""A real vigild for tests: started on loopback, watched, stopped, within limits of time."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Clients" / "python"))

import vigil  # noqa: E402

BIN = Path(os.environ.get("VIGIL_BIN", ROOT / ".build" / "release"))
MODELS = ROOT / "Zoo" / "models"
SAMPLE = ROOT / "Zoo" / "sample.npz"
START_SECONDS = 60.0
STOP_SECONDS = 40.0
# Longest wait for anything that ought to be quick, seconds; generous for loaded machines.
PATIENCE = 30.0


def wait_until(holds, seconds=PATIENCE) -> None:
    """Waits for a condition; fails when it does not come to hold."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.01)


def onnxruntime_library() -> str:
    """The library inside the wheel that Deploy/setup installs."""
    named = os.environ.get("VIGIL_ONNXRUNTIME")
    if named:
        return named
    pattern = ".venv/lib/python3*/site-packages/onnxruntime/capi/libonnxruntime.so.*"
    found = sorted(ROOT.glob(pattern))
    if not found:
        raise RuntimeError("ONNX Runtime is missing: run Deploy/setup --tests")
    return str(found[0])


def free_port() -> int:
    """A tcp port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def copy_models(folder: Path, *names: str) -> Path:
    """Copies reference models into `folder`, where a test may edit them."""
    for name in names:
        shutil.copytree(MODELS / name, folder / name)
    return folder


class Daemon:
    """vigild on a port and an ipc path of its own.

    `settings` are keys of the file's zeromq section; `top` replaces or adds top-level keys;
    `http_port` turns HTTP on.
    """

    def __init__(self, models=MODELS, port=None, http_port=None, top=None, **settings):
        self.port = port or free_port()
        self.http_port = http_port
        self.folder = Path(tempfile.mkdtemp(prefix="vigil-"))
        self.endpoint = f"tcp://127.0.0.1:{self.port}"
        self.ipc = f"ipc://{self.folder}/vigild.sock"
        self.config = self.folder / "vigild.yaml"
        self.process: subprocess.Popen | None = None
        self._log = self.folder / "vigild.log"
        keys = {"models": str(models), "onnxruntime": onnxruntime_library()}
        for name in list(settings):
            if name in ("drain_seconds", "log_level", "onnxruntime"):
                keys[name] = settings.pop(name)
        keys.update(top or {})
        lines = [f"{name}: {value}" for name, value in keys.items()]
        lines += ["zeromq:", f'  endpoints: ["{self.endpoint}", "{self.ipc}"]']
        lines += [f"  {name}: {value}" for name, value in settings.items()]
        if http_port is None:
            lines += ["http:", "  enabled: false"]
        else:
            lines += ["http:", "  enabled: true", f"  port: {http_port}"]
        self.config.write_text("\n".join(lines) + "\n")

    def start(self, wait: bool = True) -> "Daemon":
        """Starts it; with `wait`, returns once it is ready."""
        self.process = subprocess.Popen(
            [str(BIN / "vigild"), "--config", str(self.config)],
            stderr=open(self._log, "ab"), stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
        )
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds: float = START_SECONDS) -> None:
        """Waits until status says ready."""
        end = time.monotonic() + seconds
        with vigil.Client(self.endpoint, timeout=seconds) as client:
            while not client.status().ready:
                assert self.process.poll() is None, self.log()
                assert time.monotonic() < end, f"not ready within {seconds} s: {self.log()}"
                time.sleep(0.02)

    def log(self) -> str:
        """What it has written so far."""
        return self._log.read_text() if self._log.exists() else ""

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        finally:
            self.kill()

    def ended(self, seconds: float = PATIENCE) -> tuple[int, float]:
        """The exit code of a daemon that was told to end, and the seconds that it took."""
        began = time.monotonic()
        return self.process.wait(seconds), time.monotonic() - began

    def resident(self) -> float:
        """MiB of physical memory that it holds."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))

    def descriptors(self) -> int:
        """Files that it has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def page(self, path: str) -> str:
        """A page of its HTTP port; needs `http_port`."""
        page = f"http://127.0.0.1:{self.http_port}{path}"
        with urllib.request.urlopen(page, timeout=PATIENCE) as answer:
            return answer.read().decode()

    def metric(self, name: str, label: str) -> float:
        """The metric's value at the first label, as 'transport="zeromq"'; needs `http_port`."""
        text = self.page("/metrics")
        start = f"{name}{{{label}"
        found = [line for line in text.splitlines() if line.startswith(start)]
        assert len(found) == 1, f"{start} stands {len(found)} times in\n{text}"
        return float(found[0].split()[-1])

    def kill(self) -> None:
        """Ends it at once, if it still runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(STOP_SECONDS)

    def client(self, **options) -> vigil.Client:
        """A client of it."""
        return vigil.Client(self.endpoint, **options)

    def __enter__(self) -> "Daemon":
        if self.process is not None:
            return self
        try:
            return self.start()
        except BaseException:
            # One that does not become ready would outlive the test.
            self.__exit__()
            raise

    def __exit__(self, *_) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
