"""Fits the kernel to a model: writes configuration.vh and datapath.v into a folder.

    python generate.py firmware.json VERILOG_PROJECT FOLDER

VERILOG_PROJECT is what da4ml's VerilogModel wrote. Its ports lie one after the other without gaps;
an event's are words of 32 bits. datapath.v takes words apart and extends results to words.
"""

import argparse
import json
import re
from pathlib import Path

WORD_BITS = 32


class Unfit(Exception):
    """The sidecar and the Verilog project do not belong together, or ask for what cannot be."""


def ports(tensors):
    """All ports of some tensors as (signed, width)."""
    listed = []
    for tensor in tensors:
        for port in tensor["ports"]:
            signed = port["signed"]
            listed.append((signed, int(signed) + port["integer"] + port["fraction"]))
    return listed


def pipeline(project):
    """Name, input bits and output bits of the project's pipeline."""
    wrappers = sorted((project / "src").glob("*_wrapper.v"))
    if len(wrappers) != 1:
        raise Unfit(f"{project} holds {len(wrappers)} wrappers, not one: is it a da4ml project?")
    name = wrappers[0].name.removesuffix("_wrapper.v")
    text = (project / "src" / f"{name}.v").read_text()
    bits = [
        re.search(rf"{direction}\s*\[(\d+):0\]\s*{port}\b", text)
        for direction, port in (("input", "model_inp"), ("output reg", "model_out"))
    ]
    if not all(bits):
        raise Unfit(f"{name}.v is no pipeline: write it with a latency_cutoff")
    return name, int(bits[0][1]) + 1, int(bits[1][1]) + 1


def check(sidecar, project):
    """Refuses what would give a kernel that computes something else."""
    name, input_bits, output_bits = pipeline(project)
    if name == sidecar["kernel"]:
        raise Unfit(f"the pipeline must not have the kernel's name, {name}")
    for tensors, stride, bits in (
        ("inputs", "input_stride_bytes", input_bits),
        ("outputs", "output_stride_bytes", output_bits),
    ):
        listed = ports(sidecar[tensors])
        if sum(width for _, width in listed) != bits:
            raise Unfit(f"{tensors} are {sum(w for _, w in listed)} bits, {name}.v has {bits}")
        if sidecar[stride] not in (4, 8, 16, 32, 64):
            raise Unfit(f"{stride} is {sidecar[stride]}: it must be a power of two, 4 to 64")
        if len(listed) * WORD_BITS // 8 > sidecar[stride]:
            raise Unfit(f"{len(listed)} words are longer than {stride}, {sidecar[stride]}")
    metadata = json.loads((project / "metadata.json").read_text())
    # One register before every stage and one behind the last.
    clocks = metadata["latency"] + 1
    if clocks != sidecar["latency_clocks"]:
        raise Unfit(f"latency_clocks is {sidecar['latency_clocks']}, the pipeline takes {clocks}")
    if any((project / "src" / "memfiles").glob("*")):
        raise Unfit("lookup tables are read from files at start: this kernel cannot carry them")
    return name


def configuration(sidecar):
    """configuration.vh"""
    return (
        f"`define KERNEL_NAME {sidecar['kernel']}\n"
        f"`define INPUT_BYTES {sidecar['input_stride_bytes']}\n"
        f"`define OUTPUT_BYTES {sidecar['output_stride_bytes']}\n"
        f"`define PIPELINE_CLOCKS {sidecar['latency_clocks']}\n"
    )


def taken_apart(listed):
    """The low bits of every word, one after the other: the pipeline's input."""
    parts = [
        f"words[{i * WORD_BITS + width - 1}:{i * WORD_BITS}]"
        for i, (_, width) in enumerate(listed)
        if width
    ]
    return "{\n        " + ",\n        ".join(reversed(parts)) + "\n    }"


def extended(listed, stride):
    """The pipeline's output as words, and zeros up to the stride."""
    parts, low = [], 0
    for signed, width in listed:
        high = low + width - 1
        fill = WORD_BITS - width
        word = [f"out[{high}:{low}]"] if width else []
        if fill:
            bit = f"out[{high}]" if signed and width else "1'b0"
            word.insert(0, f"{{{fill}{{{bit}}}}}")
        parts.append(", ".join(word))
        low += width
    rest = stride * 8 - len(listed) * WORD_BITS
    if rest:
        parts.append(f"{rest}'b0")
    return "{\n        " + ",\n        ".join(reversed(parts)) + "\n    }"


def datapath(sidecar, name):
    """datapath.v"""
    inputs, outputs = ports(sidecar["inputs"]), ports(sidecar["outputs"])
    input_bits = sum(width for _, width in inputs)
    output_bits = sum(width for _, width in outputs)
    return f"""\
// From an event's words through the pipeline to its results' words. Written by generate.py.

`timescale 1 ns / 1 ps
`default_nettype none

module datapath (
    input  wire clock,
    input  wire [{sidecar['input_stride_bytes'] * 8 - 1}:0] words,
    output wire [{sidecar['output_stride_bytes'] * 8 - 1}:0] results
);
    wire [{input_bits - 1}:0] in = {taken_apart(inputs)};
    wire [{output_bits - 1}:0] out;

    {name} pipeline (.clk(clock), .model_inp(in), .model_out(out));

    assign results = {extended(outputs, sidecar['output_stride_bytes'])};
endmodule

`default_nettype wire
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sidecar", type=Path)
    parser.add_argument("project", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    sidecar = json.loads(arguments.sidecar.read_text())
    try:
        name = check(sidecar, arguments.project)
    except Unfit as unfit:
        parser.exit(1, f"{arguments.sidecar}: {unfit}\n")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    (arguments.folder / "configuration.vh").write_text(configuration(sidecar))
    (arguments.folder / "datapath.v").write_text(datapath(sidecar, name))


if __name__ == "__main__":
    main()
