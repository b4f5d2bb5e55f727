"""The example client in C, built as its README says, against a running daemon."""

import re
import shutil
import subprocess

import numpy as np
import pytest

from command import PATIENCE
from daemon import ROOT

README = ROOT / "Clients" / "c" / "README.md"
EVENT = (20, 4000, 300, 100, -50)


def lines_of_readme():
    """The command that builds the client and the one that runs it, as words."""
    block = re.search(r"```sh\n(cc .*?)```", README.read_text(), re.DOTALL).group(1)
    build, run = block.replace("\\\n", "").strip().splitlines()
    return build.split(), run.split()


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Runs the built client with words of a command line."""
    compiler = shutil.which("cc") or shutil.which("clang")
    assert compiler, "neither cc nor clang is installed"
    program = tmp_path_factory.mktemp("c") / "vigil_score"
    words, _ = lines_of_readme()
    words = [compiler, "-Werror", *words[1:]]
    words[words.index("-o") + 1] = str(program)
    built = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert (built.returncode, built.stderr) == (0, "")

    def run(*arguments):
        return subprocess.run(
            [str(program), *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE
        )

    return run


def numbers(text):
    """What the client printed: by output, by part, as bits of float32."""
    found = {}
    for line in text.splitlines():
        name, *parts = line.split(" ")
        pairs = [part.split("=") for part in parts]
        found[name] = {
            part: np.array(values.split(","), "f4").tobytes() for part, values in pairs
        }
    return found


def expected(served, model, event):
    """The same by the Python client."""
    with served.client() as python:
        scores = python.score(model, np.array([event], "f4"))
    found = {}
    for name, output in scores.outputs.items():
        parts = {"value": output.value, "lower": output.lower, "upper": output.upper}
        found[name] = {
            part: array.tobytes() for part, array in parts.items() if array is not None
        }
    return found


def test_the_example_in_c_answers_what_the_python_client_does(client, served, features, sample):
    cases = [("er-nr-tree", "features", event) for event in (EVENT, features[0], features[1])]
    cases += [("position-cnn", "hits", sample["hits"][0])]
    cases += [("pattern-autoencoder", "hits", sample["hits"][0])]
    for model, name, event in cases:
        answered = client(served.endpoint, model, name, *(f"{value:.9g}" for value in event))
        assert (answered.returncode, answered.stderr) == (0, ""), model
        wanted = expected(served, model, event)
        assert wanted and numbers(answered.stdout) == wanted, model


def test_what_the_readme_shows_is_what_is_printed(client, served):
    _, (_, _, *words) = lines_of_readme()
    answered = client(served.endpoint, *words)
    assert answered.stdout and f"```\n{answered.stdout}```" in README.read_text()


def test_a_refusal_is_one_line(client, served):
    refused = client(served.endpoint, "er-nr-tree", "features", 1, 2)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("vigil_score: INVALID: inputs[0].shape: ")
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [[], ["tcp://h:1", "m", "x"], ["tcp://h:1", "m", "x", "1e"]])
def test_a_wrong_command_line_is_one_line(client, words):
    misused = client(*words)
    assert (misused.returncode, misused.stdout) == (2, "")
    assert misused.stderr.count("\n") == 1


def test_an_endpoint_that_is_none_is_one_line(client):
    failed = client("nowhere", "m", "x", 1)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.startswith("vigil_score: nowhere: ") and failed.stderr.count("\n") == 1
