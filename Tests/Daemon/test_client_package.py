"""The Python client's tests that want a running daemon."""

import os
import subprocess
import sys

from daemon import ROOT, SAMPLE


def test_the_python_client_holds_against_a_running_daemon(daemon):
    variables = {"VIGIL_ENDPOINT": daemon.endpoint, "VIGIL_SAMPLE": str(SAMPLE)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_daemon.py"]
    done = subprocess.run(
        command, cwd=ROOT / "Clients" / "python", env={**os.environ, **variables},
        capture_output=True, text=True, timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout and "skipped" not in done.stdout
