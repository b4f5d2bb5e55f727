"""Runs a simulated kernel on a model's golden words, over memories that answer late and stall.

    python check.py MODEL kernel.so

Checks every result, that nothing beside the results was written, that a run of no events ends, that
addresses without memory are counted as errors, and that no rule of AXI was broken.
"""

import argparse
import array
import ctypes
import json
import sys
from pathlib import Path

CONTROL, GLOBAL_ENABLE, ENABLE, STATUS = 0x00, 0x04, 0x08, 0x0C
INPUT, OUTPUT, EVENTS, CLOCKS, ERRORS = 0x10, 0x1C, 0x28, 0x34, 0x3C
BASE = 0x40_0000_0000
PAGE = 4096
MAXIMUM_CLOCKS = 1_000_000
UNWRITTEN = 0x5A5A5A5A
# Latency in clocks, stalls in a hundred clocks, seed.
MEMORIES = [(40, 0, 1), (0, 0, 1), (1, 50, 2), (7, 20, 3), (300, 80, 4)]
# Around the lengths of bursts (64), of the fifo (512), and of pages.
COUNTS = [1, 2, 63, 64, 65, 127, 129, 511, 512, 513, 1024]


class Memory(ctypes.Structure):
    _fields_ = [
        ("latency", ctypes.c_uint32),
        ("stalls", ctypes.c_uint32),
        ("seed", ctypes.c_uint64),
    ]


TRANSLATE = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_size_t)


class Simulation:
    """One kernel and the bytes behind BASE."""

    def __init__(self, path, size):
        self.library = ctypes.CDLL(str(path))
        for name, result in (("open", ctypes.c_void_p), ("violation", ctypes.c_char_p)):
            getattr(self.library, f"kernel_simulation_{name}").restype = result
        self.library.kernel_simulation_read.restype = ctypes.c_uint32
        self.bytes = ctypes.create_string_buffer(size)
        self.translate = TRANSLATE(self.translated)
        opened = self.library.kernel_simulation_open(self.translate, None)
        self.pointer = ctypes.c_void_p(opened)

    def translated(self, _, address, size):
        offset = address - BASE
        if offset < 0 or offset + size > len(self.bytes):
            return None
        return ctypes.addressof(self.bytes) + offset

    def set_memory(self, memory):
        self.library.kernel_simulation_set_memory(self.pointer, Memory(*memory))

    def write(self, offset, value):
        self.library.kernel_simulation_write(self.pointer, offset, ctypes.c_uint32(value))

    def write_address(self, offset, address):
        self.write(offset, address & 0xFFFFFFFF)
        self.write(offset + 4, address >> 32)

    def read(self, offset):
        return self.library.kernel_simulation_read(self.pointer, offset)

    def run(self, source, target, events):
        """One run; returns its clocks."""
        before = self.clocks()
        self.write_address(INPUT, source)
        self.write_address(OUTPUT, target)
        self.write(EVENTS, events)
        self.write(ENABLE, 1)
        self.write(GLOBAL_ENABLE, 1)
        self.write(CONTROL, 1)
        if not self.library.kernel_simulation_run(self.pointer, MAXIMUM_CLOCKS):
            sys.exit(f"a run of {events} events does not end")
        state = self.read(CONTROL)
        if state & 0xF != 0b1110:
            sys.exit(f"control is {state:#x} after a run, not done, idle and ready")
        if self.read(CONTROL) & 0b1010:
            sys.exit("reading control did not clear done and ready")
        self.write(STATUS, self.read(STATUS))
        return self.clocks() - before

    def clocks(self):
        """Of all runs."""
        return self.read(CLOCKS) | self.read(CLOCKS + 4) << 32

    def violation(self):
        return self.library.kernel_simulation_violation(self.pointer)

    def close(self):
        self.library.kernel_simulation_close(self.pointer)


def words(tensors):
    return sum(len(tensor["ports"]) for tensor in tensors)


def laid_out(golden, count, stride):
    """Words of events at their strides; bytes between them are not zero: they must not matter."""
    laid = bytearray()
    for i in range(0, len(golden), count):
        event = golden[i : i + count].tobytes()
        laid += event + b"\xa5" * (stride - len(event))
    return bytes(laid)


def check_runs(simulation, sidecar, golden):
    inputs, outputs = words(sidecar["inputs"]), words(sidecar["outputs"])
    events = sidecar["golden"]["events"]
    input_stride, output_stride = sidecar["input_stride_bytes"], sidecar["output_stride_bytes"]
    source = laid_out(golden[: events * inputs], inputs, input_stride)
    results = golden[events * inputs :]
    for memory in MEMORIES:
        simulation.set_memory(memory)
        for count in (n for n in COUNTS if n <= events):
            # Begins a few events before a page ends.
            input_at = PAGE - 3 * input_stride
            output_at = len(source) + 3 * PAGE - 5 * output_stride
            before = output_at - output_stride
            blank = UNWRITTEN.to_bytes(4, "little") * ((count + 2) * output_stride // 4)
            simulation.bytes[input_at : input_at + len(source)] = source
            simulation.bytes[before : before + len(blank)] = blank
            clocks = simulation.run(BASE + input_at, BASE + output_at, count)
            got = array.array("i", simulation.bytes[output_at : output_at + count * output_stride])
            for event in range(count):
                word = event * output_stride // 4
                expected = results[event * outputs : (event + 1) * outputs]
                if got[word : word + outputs] != expected:
                    sys.exit(f"event {event} of {count} is wrong, memory {memory}")
            for edge in (before, output_at + count * output_stride):
                if simulation.bytes[edge : edge + 4] != blank[:4]:
                    sys.exit(f"a run of {count} events wrote beside its results")
            if memory == MEMORIES[0]:
                print(f"{count} events: {clocks} clocks")
        if simulation.read(ERRORS):
            sys.exit("bus errors are counted where there were none")


def check_edges(simulation, sidecar):
    print(f"0 events: {simulation.run(BASE, BASE, 0)} clocks")
    nowhere = BASE + len(simulation.bytes)
    simulation.run(nowhere, BASE, 3)
    if simulation.read(ERRORS) != 3:
        sys.exit(f"{simulation.read(ERRORS)} errors for three events read from nowhere")
    simulation.run(BASE, nowhere, 3)
    # One answer a burst, and three events from the beginning of a page are one burst.
    if simulation.read(ERRORS) != 4:
        sys.exit(f"{simulation.read(ERRORS) - 3} errors for one burst written to nowhere")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("library", type=Path)
    arguments = parser.parse_args()
    sidecar = json.loads((arguments.model / "firmware.json").read_text())
    golden = array.array("i", (arguments.model / sidecar["golden"]["file"]).read_bytes())
    size = sidecar["golden"]["events"] * 128 + 8 * PAGE
    simulation = Simulation(arguments.library.resolve(), size)
    check_runs(simulation, sidecar, golden)
    check_edges(simulation, sidecar)
    if simulation.violation():
        sys.exit(f"AXI: {simulation.violation().decode()}")
    simulation.close()
    print("the kernel gives the golden words")


if __name__ == "__main__":
    main()
