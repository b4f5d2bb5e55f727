"""A vigild of the bundle, and `vigil` as its client."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

STOP_SECONDS = 40
CALL_SECONDS = 120
POLL_SECONDS = 0.1
LOG_LINES = 40


class Failed(Exception):
    """A command or a daemon did not do what it ought to, in a few lines."""


class Daemon:
    """vigild on models of its own; `folders` hold CUDA's libraries."""

    def __init__(self, bundle, work, name, folders):
        self.bundle, self.name = bundle, name
        self.models = work / name / "models"
        self.models.mkdir(parents=True)
        self.folder = work / name
        self.log = self.folder / "vigild.log"
        self.endpoint = f"ipc://{self.folder}/vigild.sock"
        self.environment = dict(os.environ)
        paths = [str(bundle / "lib"), *folders, os.environ.get("LD_LIBRARY_PATH", "")]
        self.environment["LD_LIBRARY_PATH"] = ":".join(path for path in paths if path)
        self.process = None
        library = next((bundle / "onnxruntime").glob("libonnxruntime.so.*"))
        (self.folder / "vigild.yaml").write_text(
            f"models: models\ncache: cache\nonnxruntime: {library}\n"
            f'zeromq:\n  endpoints: ["{self.endpoint}"]\n  maximum_frame_mebibytes: 1024\n'
            "  client_backlog_mebibytes: 1024\nhttp:\n  enabled: false\n"
        )

    def add(self, source, name, device, *edits):
        """A model of the bundle under `name`, on `device`, with texts of its manifest replaced."""
        origin = self.bundle / "models" / source
        target = self.models / name
        target.mkdir()
        # A copy: calibrations are written beside the artefact.
        shutil.copytree(origin / "1", target / "1")
        text = (origin / "model.yaml").read_text()
        edits = [(f"name: {source}\n", f"name: {name}\n"), ("engine: onnx\n", f"engine: onnx\ndevice: {device}\n"), *edits]
        for old, new in edits:
            if old not in text:
                raise Failed(f"{origin}/model.yaml holds no {old!r}")
            text = text.replace(old, new)
        (target / "model.yaml").write_text(text)

    def start(self, seconds):
        """Starts it and waits until every model was loaded or failed; gives the seconds it took."""
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [self.bundle / "bin" / "vigild", "--config", self.folder / "vigild.yaml"],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        began = time.monotonic()
        while True:
            if self.process.poll() is not None:
                raise Failed(f"vigild ({self.name}) ended with {self.process.returncode}:\n{self.tail()}")
            if time.monotonic() - began > seconds:
                raise Failed(f"vigild ({self.name}) still loads after {seconds} s:\n{self.tail()}")
            if Path(f"{self.folder}/vigild.sock").exists() and "models are loading" not in self.reasons():
                return time.monotonic() - began
            time.sleep(POLL_SECONDS)

    def reasons(self):
        """Why it is not ready, as it says."""
        return json.loads(self.run("status", allowed=(0, 1)))["reasons"]

    def tail(self):
        """The end of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_LINES:])

    def run(self, *arguments, allowed=(0,), seconds=CALL_SECONDS):
        """What `vigil` prints as JSON."""
        command = [self.bundle / "bin" / "vigil", *map(str, arguments), "--endpoint", self.endpoint, "--json"]
        try:
            done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"vigil {' '.join(map(str, arguments))} took more than {seconds} s") from None
        if done.returncode not in allowed:
            raise Failed(f"vigil {' '.join(map(str, arguments))}: {done.stderr.strip()[-600:]}\n{self.tail()}")
        return done.stdout

    def call(self, *arguments, **options):
        """The JSON object that `vigil` prints."""
        return json.loads(self.run(*arguments, **options))

    def described(self):
        """Every model as the daemon describes it, by name."""
        return {model["name"]: model for model in self.call("models", "list")["models"]}

    def states(self):
        """State of every model that it was given, and what is said of those that it does not serve."""
        found = {}
        described = self.described()
        for folder in sorted(self.models.iterdir()):
            model = described.get(folder.name, {"state": "not loaded", "reasons": []})
            said = model["reasons"] or [line for line in self.tail().splitlines() if folder.name in line]
            found[folder.name] = {"state": model["state"], "reasons": [] if model["state"] == "serving" else said}
        return found

    def stop(self):
        """Ends it; a daemon that does not drain in time is killed."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def workplace():
    """A folder with a path short enough for sockets, removed at the end."""
    return tempfile.TemporaryDirectory(prefix="vigil-gpu-")
