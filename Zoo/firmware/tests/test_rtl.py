"""The Verilog project and what is built of it; needs da4ml, Verilator and Yosys."""

import shutil

import numpy as np
import pytest

from firmware import golden, inference, library, places, resources, rtl, sidecar
from firmware import program as programs


@pytest.fixture(scope="module")
def program():
    """The committed program."""
    return programs.load(places.PROGRAM)


@pytest.fixture(scope="module")
def project(program, tmp_path_factory):
    """Its Verilog."""
    folder = tmp_path_factory.mktemp("project") / "rtl"
    rtl.write(program, folder)
    return folder


def test_a_project_is_written_twice_alike(program, tmp_path):
    """The Verilog depends on nothing but the program, and replaces an earlier project."""
    texts = []
    for _ in range(2):
        rtl.write(program, tmp_path / "rtl")
        texts.append({path.name: path.read_text() for path in (tmp_path / "rtl/src").glob("*.v")})
    assert texts[0] == texts[1]


def test_a_strange_folder_is_not_replaced(program, tmp_path):
    """A folder that holds something else stays as it is."""
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(SystemExit, match="something else"):
        rtl.write(program, tmp_path)
    assert (tmp_path / "thesis.txt").exists()


@pytest.mark.skipif(not shutil.which("verilator"), reason="needs Verilator")
def test_the_verilated_pipeline_gives_the_golden_words(program, project, tmp_path):
    """Clock by clock, with a new event every clock."""
    library.build(project, tmp_path / "inference.so")
    inputs, outputs = golden.vectors(program)
    assert np.array_equal(inference.run(tmp_path / "inference.so", program, inputs), outputs)


@pytest.mark.skipif(not shutil.which("yosys"), reason="needs Yosys")
def test_the_sidecar_tells_what_the_pipeline_takes(project):
    """Yosys counts what it counted."""
    told = sidecar.read()["resources"]
    assert resources.differing(resources.counted(project), told) == []


def test_other_resources_are_told():
    """A count that is off by more than the tolerance is named."""
    told = {"lut": 1000, "ff": 100, "dsp": 0}
    assert resources.differing({"lut": 1049, "ff": 95, "dsp": 0}, told) == []
    assert resources.differing({"lut": 1051, "ff": 94, "dsp": 1}, told) == [
        "lut: 1051 counted, the sidecar says 1000", "ff: 94 counted, the sidecar says 100",
        "dsp: 1 counted, the sidecar says 0"]
