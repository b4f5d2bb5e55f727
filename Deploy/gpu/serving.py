"""A vigild of the bundle, and `vigil` as its client."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

STOP_SECONDS = 40
# No call and no measurement takes longer.
CALL_SECONDS = 30
POLL_SECONDS = 0.1
LOG_LINES = 40
# The most that is quoted of an error.
QUOTED = 400


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
        named = (f"name: {source}\n", f"name: {name}\n")
        placed = ("engine: onnx\n", f"engine: onnx\ndevice: {device}\n")
        for old, new in (named, placed, *edits):
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
            self.expect_running()
            if time.monotonic() - began > seconds:
                raise Failed(f"vigild ({self.name}) still loads after {seconds} s")
            if Path(f"{self.folder}/vigild.sock").exists() and "models are loading" not in self.reasons():
                return time.monotonic() - began
            time.sleep(POLL_SECONDS)

    def expect_running(self):
        """Raises how the daemon ended, if it did."""
        code = self.process.poll()
        if code is not None:
            ending = f"status {code}" if code >= 0 else signal.Signals(-code).name
            raise Failed(f"vigild ({self.name}) ended with {ending}")

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
        command = [self.bundle / "bin" / "vigil", *map(str, arguments)]
        command += ["--endpoint", self.endpoint, "--json"]
        asked = " ".join(map(str, arguments[:2]))
        began = time.monotonic()
        with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as problem:
            client = subprocess.Popen(command, env=self.environment, stdout=said, stderr=problem)
            try:
                # Without its daemon the client would wait for as long as it may.
                while client.poll() is None:
                    self.expect_running()
                    if time.monotonic() - began > seconds:
                        raise Failed(f"vigil {asked} took more than {seconds} s")
                    time.sleep(POLL_SECONDS / 10)
            finally:
                client.kill()
                client.wait()
            said.seek(0)
            problem.seek(0)
            if client.returncode not in allowed:
                words = problem.read().decode(errors="replace").strip()[-QUOTED:]
                raise Failed(f"vigil {asked}: {words}")
            return said.read().decode()

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
            reasons = [] if model["state"] == "serving" else [reason[:QUOTED] for reason in model["reasons"]]
            found[folder.name] = {"state": model["state"], "reasons": reasons}
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
