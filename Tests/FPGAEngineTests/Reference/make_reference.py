"""Writes firmware that FPGAEngineTests repeats bit for bit; da4ml's own interpreter says how.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python make_reference.py DIRECTORY
    VIGIL_FIRMWARE_REFERENCE=DIRECTORY swift test -c release --filter FPGAEngineTests

For each program a folder as a model's version is: firmware.json, program.dais, golden.bin. Traced
programs come out of da4ml's tracer; drawn ones are made of operations at random, since the tracer
leaves some out, within what da4ml promises of a program. Everything follows from fixed seeds. With
100,000 events, the default, it takes 2 seconds and 80 MB; the programs beside this script were
written with --events 32.
"""

import argparse
import hashlib
import json
import pathlib

import numpy as np
from da4ml._binary import dais_interp_run
from da4ml.codegen.rtl.rtl_model import get_io_kifs
from da4ml.trace import FixedVariableArray, comb_trace

DRAWN_PROGRAMS = 6
TRIGGER = pathlib.Path(__file__).parent / "programs/trigger"
# Bits of the widest numbers; beyond 32 they take lanes of 64.
WIDEST = {"narrow": 31, "wide": 52}
SEED = 20_261_126


def width_of(low, high):
    """Sign and bits of the smallest format for whole numbers of a range."""
    bits = max(int(high).bit_length(), int(-low - 1).bit_length() if low < 0 else 0)
    return int(low < 0), bits


class Program:
    """A program in da4ml's binary form, built operation by operation with exact bounds."""

    def __init__(self, random, limit):
        self.random = random
        self.limit = limit
        self.ops, self.formats, self.ranges, self.tables = [], [], [], []
        self.inputs, self.input_shifts = [], []

    def add(self, code, first, second, data, form, bounds):
        """Keeps an operation if its numbers stay within the limit."""
        if max(int(bounds[1]).bit_length(), int(-bounds[0] - 1).bit_length()) > self.limit:
            return
        if not 0 <= sum(form) <= self.limit:
            return
        # A number that is always 0 has no point.
        form = form if sum(form) else (0, 0, 0)
        data &= (1 << 64) - 1
        self.ops.append([code, first, second, data & 0xFFFFFFFF, data >> 32, *form])
        self.formats.append(form)
        self.ranges.append(bounds)

    def fitting(self, code, first, second, data, bounds, fraction):
        """Keeps an operation that gives its numbers as they are."""
        sign, bits = width_of(*bounds)
        self.add(code, first, second, data, (sign, bits - fraction, fraction), bounds)

    def held(self, code, first, second, data, bounds, fraction, fewest=0):
        """Keeps an operation that its format, drawn about as wide as its numbers, cuts to size."""
        sign, bits = width_of(*bounds)
        bits = max(fewest, min(bits + int(self.random.integers(-3, 2)), self.limit - 1))
        sign = int(self.random.random() < 0.6) if bits else 0
        low, high = (-(1 << bits) if sign else 0), (1 << bits) - 1
        inside = low <= bounds[0] and bounds[1] <= high
        bounds = bounds if inside else (low, high)
        self.add(code, first, second, data, (sign, bits - fraction, fraction), bounds)

    def input(self, port, form, shift=0):
        sign, integer, fraction = form
        bits = integer + fraction
        bounds = (-(1 << bits) if sign else 0, (1 << bits) - 1)
        self.inputs.append((sign, integer - shift, fraction + shift))
        self.input_shifts.append(shift)
        self.add(-1, port, -1, 0, form, bounds)

    def pick(self):
        """An operation, the latest most often."""
        count = len(self.ops)
        return count - 1 - min(int(self.random.exponential(6)), count - 1)

    def draw(self):
        """One more operation of a random kind."""
        kinds = (self.sum, self.sum, self.quantized, self.constant, self.select, self.multiply,
                 self.lookup, self.unary, self.binary)
        kinds[self.random.integers(len(kinds))]()

    def signs(self, index, is_negated):
        low, high = self.ranges[index]
        return (-high, -low) if is_negated else (low, high)

    def aligned(self, first, second, shift, is_negated=(False, False)):
        """Bounds of two operands at their finer fraction, and that fraction."""
        ends = [self.formats[first][2], self.formats[second][2] - shift]
        has_point = [sum(self.formats[index]) > 0 for index in (first, second)]
        ends = [end if known else None for end, known in zip(ends, has_point)]
        fraction = max((end for end in ends if end is not None), default=0)
        ends = [fraction if end is None else end for end in ends]
        return [
            tuple(bound << (fraction - end) for bound in self.signs(index, sign))
            for index, end, sign in zip((first, second), ends, is_negated)
        ], fraction

    def sum(self):
        first, second, shift = self.pick(), self.pick(), int(self.random.integers(-3, 4))
        (one, other), fraction = self.aligned(first, second, shift)
        if self.random.random() < 0.5:
            self.fitting(0, first, second, shift, (one[0] + other[0], one[1] + other[1]), fraction)
        else:
            self.fitting(1, first, second, shift, (one[0] - other[1], one[1] - other[0]), fraction)

    def quantized(self):
        operand, is_negated = self.pick(), self.random.random() < 0.5
        is_relu = self.random.random() < 0.5
        dropped = int(self.random.integers(0, 4)) if sum(self.formats[operand]) else 0
        low, high = self.signs(operand, is_negated)
        if is_relu:
            low, high = max(low, 0), max(high, 0)
        code = (2 if is_relu else 3) * (-1 if is_negated else 1)
        fraction = self.formats[operand][2] - dropped
        self.held(code, operand, -1, 0, (low >> dropped, high >> dropped), fraction)

    def constant(self):
        value = int(self.random.integers(-200, 200))
        if self.random.random() < 0.3:
            self.fitting(5, -1, -1, value, (value, value), int(self.random.integers(-2, 4)))
            return
        operand, raised = self.pick(), int(self.random.integers(0, 3))
        bounds = tuple((bound << raised) + value for bound in self.ranges[operand])
        self.fitting(4, operand, -1, value, bounds, self.formats[operand][2] + raised)

    def select(self):
        key, first, second = self.pick(), self.pick(), self.pick()
        # Of other keys da4ml 0.6.0's interpreter reads another bit than its logic does.
        if not self.formats[key][0] and sum(self.formats[key]) > 1:
            return
        shift, is_negated = int(self.random.integers(-3, 4)), self.random.random() < 0.5
        shift = shift if sum(self.formats[second]) else 0
        (one, other), fraction = self.aligned(first, second, shift, (False, is_negated))
        bounds = (min(one[0], other[0]), max(one[1], other[1]))
        data = (shift & 0xFFFFFFFF) << 32 | key
        self.held(-6 if is_negated else 6, first, second, data, bounds, fraction, 1)

    def multiply(self):
        first, second = self.pick(), self.pick()
        ends = [a * b for a in self.ranges[first] for b in self.ranges[second]]
        fraction = self.formats[first][2] + self.formats[second][2]
        self.fitting(7, first, second, 0, (min(ends), max(ends)), fraction)

    def lookup(self):
        operand = self.pick()
        sign, integer, fraction = self.formats[operand]
        (low, high), width = self.ranges[operand], sign + integer + fraction
        if not 0 < width <= 8:
            return
        padding = low + (1 << (width - 1) if sign else 0)
        table = self.random.integers(-300, 300, high - low + 1)
        self.tables.append(table)
        data = padding << 32 | len(self.tables) - 1
        bounds = (int(table.min()), int(table.max()))
        self.fitting(8, operand, -1, data, bounds, int(self.random.integers(-2, 5)))

    def unary(self):
        operand, is_negated = self.pick(), self.random.random() < 0.5
        kind = int(self.random.integers(0, 3))
        code = -9 if is_negated else 9
        low, high = self.signs(operand, is_negated)
        sign, integer, fraction = self.formats[operand]
        if kind:
            self.add(code, operand, -1, kind, (0, 1, 0), (0, 1))
        elif sign or is_negated:
            self.fitting(code, operand, -1, 0, (min(-high - 1, -1), max(-low - 1, 0)), fraction)
        else:
            bounds = (0, (1 << (integer + fraction)) - 1)
            self.add(code, operand, -1, 0, (0, integer, fraction), bounds)

    def binary(self):
        first, second, shift = self.pick(), self.pick(), int(self.random.integers(-3, 4))
        negated = self.random.random(2) < 0.3
        (one, other), fraction = self.aligned(first, second, shift, negated)
        low, high = min(one[0], other[0]), max(one[1], other[1])
        bits = width_of(low, high)[1]
        data = int(self.random.integers(0, 3)) << 56 | int(negated[0]) << 32 | int(negated[1]) << 33
        bounds = (-(1 << bits) if low < 0 else 0, (1 << bits) - 1)
        self.fitting(10, first, second, data | shift & 0xFFFFFFFF, bounds, fraction)

    def outputs(self, count):
        """The last operations that ports can hold: index, shift, sign and port of each."""
        found = [(-1, 0, 0, (0, 0, 0))]
        for index in reversed(range(len(self.ops))):
            is_negated = int(self.random.integers(0, 2))
            sign, bits = width_of(*self.signs(index, is_negated))
            if sign + bits <= 32 and self.ranges[index][0] < self.ranges[index][1]:
                shift = int(self.random.integers(-3, 4))
                fraction = self.formats[index][2] - shift
                found.append((index, shift, is_negated, (sign, bits - fraction, fraction)))
            if len(found) == count:
                break
        return found

    def binary_form(self, outputs):
        shape = [len(self.inputs), len(outputs), len(self.ops), len(self.tables)]
        words = [1, 0, *shape, *self.input_shifts]
        for part in range(3):
            words += [output[part] for output in outputs]
        words += [word for op in self.ops for word in op]
        words += [len(table) for table in self.tables] + [v for table in self.tables for v in table]
        return np.array(words, np.int64).astype(np.uint32).view(np.int32)


def drawn(seed, limit):
    """A program of random operations: its binary form and the ports."""
    random = np.random.default_rng(SEED + seed)
    program = Program(random, limit)
    for port in range(int(random.integers(3, 7))):
        sign, bits = int(random.integers(0, 2)), int(random.integers(1, 13))
        if port == 2:
            sign, bits = 0, 0
        if limit > 32 and port < 2:
            bits = 31 + (sign == 0)
        fraction = int(random.integers(-3, 6)) if bits else 0
        shift = int(random.integers(-2, 3)) if port % 2 else 0
        program.input(port, (sign, bits - fraction, fraction), shift)
    while len(program.ops) < 90:
        program.draw()
    outputs = program.outputs(6)
    return program.binary_form(outputs), program.inputs, [output[3] for output in outputs]


def dense(x, random):
    """Two layers with distributed arithmetic, as a trained network has them."""
    for width in (12, 8, 3):
        weights = np.round(random.normal(size=(x.shape[0], width)) * 8) / 8
        x = (x @ weights + np.round(random.normal(size=width) * 4) / 4).relu(i=5, f=3)
    return x


def branches(x, random):
    """What the tracer makes of order: largest, smallest, magnitude, sorting."""
    return np.concatenate([np.sort(x[:4]), np.abs(x), [np.max(x), np.min(x)]])


def switches(x, random):
    """Comparisons and bits."""
    order = [x[:3] > x[1:4], x[:3] <= x[1:4]]
    return np.concatenate([*order, x[:2] & x[2:4], x[:2] ^ ~x[2:4], [x[0] | x[3]]])


def tables(x, random):
    """Functions as look-up tables."""
    sines, powers = np.sin(x[:3]).quantize(1, 1, 6), np.exp(x[3:5] / 4).quantize(0, 4, 5)
    return np.concatenate([sines, powers, -x[:1] * x[1:2]])


TRACED = {"dense": dense, "branches": branches, "switches": switches, "tables": tables}


def traced(name):
    """A program of da4ml's tracer: its binary form and the ports."""
    formats = np.array([[1, 1, 0, 1, 0, 1], [2, 3, 2, 3, 2, 2], [3, 2, 4, 1, 2, 0]])
    x = FixedVariableArray.from_kif(*formats)
    program = comb_trace(x, TRACED[name](x, np.random.default_rng(SEED)))
    taken, given = get_io_kifs(program)
    return program.to_binary(), taken.T.tolist(), given.T.tolist()


def words(random, ports, events):
    """Words that ports hold, the extreme ones often."""
    columns = []
    for sign, integer, fraction in ports:
        bits = integer + fraction
        low, high = (-(1 << bits) if sign else 0), (1 << bits) - 1
        column = random.integers(low, high, events, endpoint=True)
        ends = random.choice(np.array([low, low + 1, 0, high - 1, high]).clip(low, high), events)
        columns.append(np.where(random.random(events) < 0.2, ends, column))
    return np.stack(columns, 1)


def values(words, ports):
    return words * np.array([2.0**-port[2] for port in ports])


def description(name, program, inputs, outputs, golden, events):
    """firmware.json of a program without a kernel."""

    def tensor(name, ports):
        keys = ("signed", "integer", "fraction")
        return {
            "name": name,
            "shape": [len(ports)],
            "ports": [
                dict(zip(keys, (bool(port[0]), *port[1:])), rounding="floor", overflow="wrap")
                for port in ports
            ],
        }

    def stride(ports):
        return next(size for size in (4, 8, 16, 32, 64) if size >= 4 * len(ports))

    def file(name, content):
        return {"file": name, "sha256": hashlib.sha256(content).hexdigest()}

    return {
        "format": "vigil-firmware",
        "format_version": 1,
        "kernel": name,
        "inputs": [tensor("x", inputs)],
        "outputs": [tensor("y", outputs)],
        "input_stride_bytes": stride(inputs),
        "output_stride_bytes": stride(outputs),
        "maximum_events": 65536,
        "initiation_interval": 1,
        "latency_clocks": 0,
        "clock_megahertz": 200,
        "resources": {"lut": 0, "ff": 0, "dsp": 0, "estimated_by": "nobody"},
        "program": file("program.dais", program),
        "golden": file("golden.bin", golden) | {"events": events},
        "made_by": {"da4ml": "0.6.0", "hgq2": "none"},
    }


def write(directory, name, program, inputs, outputs, events):
    """One folder: da4ml's answers to random words become the golden ones."""
    random = np.random.default_rng(SEED)
    taken = words(random, inputs, events)
    given = dais_interp_run(program, values(taken, inputs), 2).reshape(events, len(outputs))
    given = given / values(np.ones(len(outputs)), outputs)
    whole = given.astype(np.int64)
    assert np.array_equal(whole, given), name
    for column, (sign, integer, fraction) in zip(whole.T, outputs):
        bits = integer + fraction
        assert column.min() >= (-(1 << bits) if sign else 0) and column.max() < 1 << bits, name
    golden = b"".join(part.astype(np.uint32).astype("<u4").tobytes() for part in (taken, whole))
    content = program.astype("<i4").tobytes()
    folder = pathlib.Path(directory) / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "program.dais").write_bytes(content)
    (folder / "golden.bin").write_bytes(golden)
    text = description(name, content, inputs, outputs, golden, events)
    (folder / "firmware.json").write_text(json.dumps(text, separators=(",", ":")) + "\n")
    print(f"{name}: {program[4]} operations, {len(inputs)} and {len(outputs)} ports", flush=True)


def trigger():
    """The trained network beside this script."""
    text = json.loads((TRIGGER / "firmware.json").read_text())
    program = np.fromfile(TRIGGER / "program.dais", "<i4")
    sides = (
        [
            [int(port["signed"]), port["integer"], port["fraction"]]
            for tensor in text[side]
            for port in tensor["ports"]
        ]
        for side in ("inputs", "outputs")
    )
    return program, *sides


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory")
    parser.add_argument("--events", type=int, default=100_000)
    given = parser.parse_args()
    for name in TRACED:
        write(given.directory, name, *traced(name), given.events)
    for kind, limit in WIDEST.items():
        for seed in range(DRAWN_PROGRAMS):
            write(given.directory, f"{kind}{seed}", *drawn(seed, limit), given.events)
    if pathlib.Path(given.directory).resolve() != TRIGGER.parent:
        write(given.directory, "trigger", *trigger(), given.events)


if __name__ == "__main__":
    main()
