"""Runs `vigil` and `vigild` as a shell does, for tests of the command line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np

from daemon import BIN, MODELS

FEATURES = ("s1c", "s2c", "drift_time", "x_s2", "y_s2")
REFERENCE = (
    "er-nr-mlp", "er-nr-tree", "kinematic-neighbours", "pattern-autoencoder", "position-cnn",
    "trigger-mlp",
)  # fmt: skip
# Longest run of any command here, seconds; generous for loaded machines.
PATIENCE = 120.0
# Ended by Ctrl-C: the signal itself, or what a shell calls it.
INTERRUPTED = (-signal.SIGINT, 128 + signal.SIGINT)


def environment(**variables):
    """This process's, without a daemon's address but for `variables`."""
    clean = {name: value for name, value in os.environ.items() if name != "VIGIL_ENDPOINT"}
    return {**clean, **variables}


def arguments(program, *words, at=None):
    """Words of a command line; `at` is a Daemon or an endpoint."""
    line = [str(BIN / program), *map(str, words)]
    if at is not None:
        line += ["--endpoint", at if isinstance(at, str) else at.endpoint]
    return line


def run(program, *words, at=None, folder=None, variables=None):
    """Runs a command to its end; it must not crash."""
    result = subprocess.run(
        arguments(program, *words, at=at), capture_output=True, text=True, timeout=PATIENCE,
        stdin=subprocess.DEVNULL, cwd=folder, env=environment(**(variables or {})),
    )  # fmt: skip
    assert result.returncode >= 0, f"{words} ended by signal {-result.returncode}: {result.stderr}"
    assert "Fatal error" not in result.stderr and "Stack dump" not in result.stderr
    return result


def vigil_command(*words, **options):
    return run("vigil", *words, **options)


def answer(*words, **options):
    """Standard output of a command that goes well and has nothing to complain of."""
    result = vigil_command(*words, **options)
    assert (result.returncode, result.stderr) == (0, ""), (words, result.stderr)
    return result.stdout


def document(*words, **options):
    """What a command prints with --json: all of standard output is one JSON document."""
    return json.loads(answer(*words, "--json", **options))


def complaint(*words, **options):
    """The one line that a command fails with."""
    result = vigil_command(*words, **options)
    assert (result.returncode, result.stdout) == (1, ""), (words, result.stdout, result.stderr)
    return one_line(result)


def one_line(result):
    lines = result.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("Error: "), result.stderr
    return lines[0].removeprefix("Error: ")


def misuse(*words, program="vigil"):
    """What a command says of a command line that it does not understand."""
    result = run(program, *words)
    assert (result.returncode, result.stdout) == (64, ""), (words, result.stdout, result.stderr)
    assert result.stderr.startswith("Error: "), result.stderr
    assert f"Usage: {program}" in result.stderr and "--help" in result.stderr
    return result.stderr.splitlines()[0]


def start(*words, at=None, stderr=subprocess.PIPE):
    """A command in the background; the caller ends it."""
    return subprocess.Popen(
        arguments("vigil", *words, at=at), stdout=subprocess.PIPE, stderr=stderr,
        stdin=subprocess.DEVNULL, env=environment(),
    )  # fmt: skip


def end(process):
    """Ends a command that may still run."""
    if process.poll() is None:
        process.kill()
    process.communicate(timeout=PATIENCE)


def wait_until(holds, seconds=PATIENCE):
    """Waits until `holds()`, and says whether it came to that."""
    limit = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > limit:
            return False
        time.sleep(0.01)
    return True


def serving(running, names=REFERENCE):
    """The daemon, once these models serve."""
    with running.client() as client:
        def loaded():
            return {m.name for m in client.models() if m.state == "serving"} >= set(names)

        assert wait_until(loaded), running.log()
    return running


def features(columns, rows=slice(None)):
    """Inputs of the binary models."""
    return np.stack([columns[name][rows] for name in FEATURES], 1)


def edited_model(folder, name, copy, change) -> Path:
    """A reference model under another name, its manifest changed by `change(text)`."""
    shutil.copytree(MODELS / name, folder / copy)
    manifest = folder / copy / "model.yaml"
    manifest.write_text(change(manifest.read_text().replace(f"name: {name}", f"name: {copy}", 1)))
    return manifest


def stored(folder, array=None, name="data", compressed=False, **arrays):
    """Writes an array as .npy, or arrays by name as .npz, and gives the path."""
    path = folder / f"{name}{'.npz' if array is None else '.npy'}"
    if array is not None:
        np.save(path, array)
    else:
        (np.savez_compressed if compressed else np.savez)(path, **arrays)
    return path


def scored(served, path, model, folder, *options):
    """Arrays that the command writes."""
    target = folder / "scores.npz"
    answer("score", path, "--model", model, "--output", target, *options, at=served)
    with np.load(target) as file:
        return {name: file[name] for name in file.files}


def expected(served, model, values, **options):
    """The same arrays by the Python client, named as the command names them."""
    with served.client() as client:
        scores = client.score(model, values, **options)
    found = {}
    for name, output in scores.outputs.items():
        found[name] = output.value
        if output.lower is not None:
            found[f"{name}_lower"], found[f"{name}_upper"] = output.lower, output.upper
        if output.flags.any():
            found[f"{name}_flags"] = output.flags
    for region in scores.regions:
        name = "_".join(region.outputs)
        for index, part in enumerate(("major", "minor", "angle")):
            found[f"{name}_{part}"] = region.ellipses[:, :, index]
        if region.flags.any():
            found[f"{name}_flags"] = region.flags
    found.update({f"p_{name}": array for name, array in scores.p_values.items()})
    if scores.log_likelihood_ratio is not None:
        found["log_likelihood_ratio"] = scores.log_likelihood_ratio
    return found


def assert_same_bits(found, wanted):
    assert set(found) - {"event_id"} == set(wanted)
    for name, array in wanted.items():
        if name.endswith("_flags"):
            np.testing.assert_array_equal(found[name], array, name)
            continue
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape), name
        assert found[name].tobytes() == np.ascontiguousarray(array).tobytes(), name
