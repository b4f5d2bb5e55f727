"""Makes firmware.json from a program."""

from math import prod

from . import program as programs
from . import sidecar

MAXIMUM_EVENTS = 65536
"""Events of one run of the kernel."""
WORD_BYTES = 4
MADE_BY = {"da4ml": "0.6.0", "hgq2": "0.2.0"}


def described(program, program_bytes, golden_bytes, golden_events, resources):
    """The sidecar of a program, as a dictionary."""
    stages = programs.pipeline(program)
    inputs, outputs = programs.input_ports(program), programs.output_ports(program)
    return {
        "format": "vigil-firmware",
        "format_version": 1,
        "kernel": sidecar.KERNEL,
        "inputs": tensors(sidecar.INPUTS, inputs),
        "outputs": tensors(sidecar.OUTPUTS, outputs),
        "input_stride_bytes": stride_bytes(inputs),
        "output_stride_bytes": stride_bytes(outputs),
        "maximum_events": MAXIMUM_EVENTS,
        "initiation_interval": 1,
        "latency_clocks": programs.latency_clocks(stages),
        "clock_megahertz": programs.CLOCK_MEGAHERTZ,
        "resources": resources or estimated_resources(program, stages),
        "program": {"file": sidecar.PROGRAM_FILE, "sha256": sidecar.digest(program_bytes)},
        "golden": {"file": sidecar.GOLDEN_FILE, "sha256": sidecar.digest(golden_bytes),
                   "events": golden_events},
        "made_by": MADE_BY,
    }


def tensors(shapes, ports):
    """The tensors with their ports, which are in the order of the tensors' values."""
    found, ports = [], list(ports)
    for name, shape in shapes.items():
        count = prod(shape)
        found.append({"name": name, "shape": shape,
                      "ports": [port.described() for port in ports[:count]]})
        del ports[:count]
    if ports:
        raise ValueError(f"{len(ports)} ports belong to no tensor")
    return found


def stride_bytes(ports):
    """Bytes from one event's words to the next's: a power of two."""
    bytes_of_words = len(ports) * WORD_BYTES
    return 1 << (bytes_of_words - 1).bit_length()


def estimated_resources(program, stages):
    """What da4ml thinks it takes, until Yosys has counted."""
    return {"lut": round(program.cost), "ff": int(stages.reg_bits), "dsp": 0,
            "estimated_by": f"da4ml {MADE_BY['da4ml']}"}
