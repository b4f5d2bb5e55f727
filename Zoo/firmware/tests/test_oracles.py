"""Four ways to run the network agree bit for bit on 100,000 physical and 100,000 random events.

Keras, da4ml's interpreter, da4ml's verilated pipeline, and hls4ml's C simulation. Needs the whole
environment, Verilator, and in VIGIL_ZOO_DATA the folder of the dataset.
"""

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from firmware import events, features, inference, library, places, ports, rtl
from firmware import program as programs

DATA = os.environ.get("VIGIL_ZOO_DATA")
WHOLE_ENVIRONMENT = all(map(find_spec, ["hgq", "hls4ml", "torch"]))
pytestmark = pytest.mark.skipif(
    not (DATA and WHOLE_ENVIRONMENT), reason="needs VIGIL_ZOO_DATA and the whole environment")


@pytest.fixture(scope="module")
def program():
    """The committed program."""
    return programs.load(places.PROGRAM)


@pytest.fixture(scope="module", params=["physical", "random"])
def values(request):
    """Features (100,000, 5) float32."""
    if request.param == "physical":
        found = events.physical(Path(DATA))
    else:
        found = events.random(features.INPUT_PORTS)
    assert len(found) == events.COUNT
    return found


@pytest.fixture(scope="module")
def model():
    """The trained network."""
    from firmware import hls

    return hls.trained(places.KERAS_FOLDER / "model.keras")


@pytest.fixture(scope="module")
def built_library(program, tmp_path_factory):
    """The verilated pipeline."""
    folder = tmp_path_factory.mktemp("library")
    rtl.write(program, folder / "rtl")
    library.build(folder / "rtl", folder / "inference.so")
    return folder / "inference.so"


@pytest.fixture(scope="module")
def simulation(model, tmp_path_factory):
    """hls4ml's simulation."""
    from firmware import hls

    return hls.simulation(model, tmp_path_factory.mktemp("hls"))


@pytest.fixture
def answers(program, values):
    """Margins by da4ml's interpreter of the words."""
    words = programs.run(program, ports.words(values, features.INPUT_PORTS))
    return ports.values(words, programs.output_ports(program))[:, 0]


def test_keras_agrees(model, values, answers):
    """The network as it was trained."""
    from firmware import hls

    assert np.array_equal(hls.keras_answers(model, values * features.SCALES), answers)


def test_the_verilated_pipeline_agrees(program, built_library, values, answers):
    """The Verilog, clock by clock."""
    words = inference.run(built_library, program, ports.words(values, features.INPUT_PORTS))
    assert np.array_equal(ports.values(words, programs.output_ports(program))[:, 0], answers)


def test_hls4ml_agrees(simulation, values, answers):
    """The other road to firmware."""
    assert np.array_equal(simulation(values * features.SCALES), answers)
