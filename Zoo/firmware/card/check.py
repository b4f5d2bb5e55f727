"""Checks an emulated card through XRT: golden words, faults, and that nothing is left behind.

    python check.py MODEL --build FOLDER [--random EVENTS --program FILE]

--random compares that many random events with da4ml, which must be installed, by the program that
the model was packed from. `make check` runs it.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
from pathlib import Path

import numpy as np

from driver import ABORTED, EMULATED, ERROR, TIMEOUT, Card, Driver, Failed
from page import Page

# What the driver says to each fault: the call, and the code where it is a run's state.
FAULTS = {
    "open": ("xrtDeviceOpen", None),
    "load": ("xrtDeviceLoadXclbinFile", None),
    "context": ("xrtPLKernelOpenExclusive", None),
    "allocate": ("xrtBOAlloc", None),
    "map": ("xrtRunOpen", None),  # XRT maps only the buffers of commands, data has its own memory
    "sync_to": ("xrtBOSync", None),
    "sync_from": ("xrtBOSync", None),
    "start": ("xrtRunStart", None),
    "wait": ("xrtRunWaitFor", ABORTED),
    "hang": ("xrtRunWaitFor", TIMEOUT),
    "state": ("xrtRunWaitFor", ERROR),
    "bus": ("xrtRunWaitFor", ERROR),
    "register": ("xrtKernelReadRegister", None),
}
SMALL = 16  # events
ALLOWED_GROWTH = 4 << 20  # of resident bytes, by 10,000 faults


class Model:
    """Words of a model, laid out as the kernel wants them."""

    def __init__(self, folder):
        self.sidecar = json.loads((folder / "firmware.json").read_text())
        self.input_stride = self.sidecar["input_stride_bytes"]
        self.output_stride = self.sidecar["output_stride_bytes"]
        self.inputs = [port for t in self.sidecar["inputs"] for port in t["ports"]]
        self.outputs = [port for t in self.sidecar["outputs"] for port in t["ports"]]
        words = np.fromfile(folder / self.sidecar["golden"]["file"], "<i4")
        events = self.sidecar["golden"]["events"]
        cut = events * len(self.inputs)
        self.golden = words[:cut].reshape(events, -1), words[cut:].reshape(events, -1)

    def laid_out(self, words):
        out = np.zeros((len(words), self.input_stride // 4), "<i4")
        out[:, : len(self.inputs)] = words
        return out.tobytes()

    def taken_apart(self, output):
        return np.frombuffer(output, "<i4").reshape(-1, self.output_stride // 4)[
            :, : len(self.outputs)
        ]


class Check:
    """A model on a card."""

    def __init__(self, folder, build, page):
        self.model = Model(folder)
        self.xclbin = folder / "kernel-emulated.xclbin"
        self.page = page
        self.driver = Driver(build / "libcxrt.so", build / "xrt", EMULATED)

    def card(self):
        return Card(self.driver, self.xclbin, self.model.sidecar["kernel"])

    def slot(self, card, events):
        return card.slot(events * self.model.input_stride, events * self.model.output_stride)

    def start(self, slot, words):
        slot.start(len(words), self.model.laid_out(words))

    def wait(self, slot, events, milliseconds=10_000):
        return self.model.taken_apart(slot.wait(events * self.model.output_stride, milliseconds))

    def agree(self, inputs, outputs):
        """Two runs at a time, of as many events as the kernel takes."""
        most = min(self.model.sidecar["maximum_events"], -(-len(inputs) // 2))
        with self.card() as card:
            slots = [self.slot(card, most), self.slot(card, most)]
            for first in range(0, len(inputs), 2 * most):
                parts = [slice(first + k * most, first + (k + 1) * most) for k in (0, 1)]
                parts = [(slot, part) for slot, part in zip(slots, parts) if len(inputs[part])]
                for slot, part in parts:
                    self.start(slot, inputs[part])
                for slot, part in parts:
                    got = self.wait(slot, len(inputs[part]))
                    if not np.array_equal(got, outputs[part]):
                        wrong = int(np.sum(np.any(got != outputs[part], axis=1)))
                        sys.exit(f"{wrong} of {len(got)} events are wrong")

    def attempt(self, milliseconds=10_000):
        """A small run from opening to closing."""
        inputs, outputs = (words[:SMALL] for words in self.model.golden)
        with self.card() as card:
            slot = self.slot(card, SMALL)
            self.start(slot, inputs)
            return np.array_equal(self.wait(slot, SMALL, milliseconds), outputs)

    def fault(self, name):
        """One fault, by its call and code."""
        call, code = FAULTS[name]
        self.page.fail(name)
        try:
            self.attempt(1 if name == "hang" else 10_000)
        except Failed as failed:
            if failed.call != call or (code is not None and failed.code != code):
                sys.exit(f"{name}: {failed}")
            # A hang may not have been met yet.
            self.page.clear()
            return str(failed)
        sys.exit(f"{name} did not fail")

    def check_recovery(self):
        """A slot works again after each failure that leaves its card open, but a hang."""
        inputs, outputs = (words[:SMALL] for words in self.model.golden)
        with self.card() as card:
            slot = self.slot(card, SMALL)
            for name in ("sync_to", "start", "wait", "state", "bus", "register", "sync_from"):
                self.page.fail(name)
                for expected in (False, True):
                    try:
                        self.start(slot, inputs)
                        worked = np.array_equal(self.wait(slot, SMALL), outputs)
                    except Failed:
                        worked = False
                    if worked != expected:
                        sys.exit(f"{name}: a slot does not work again")

    def check_gone(self):
        self.page.gone = True
        try:
            self.attempt()
        except Failed as failed:
            print(f"gone: {failed}")
        else:
            sys.exit("a card that is gone still works")
        self.page.gone = False
        inputs = self.model.golden[0][:SMALL]
        with self.card() as card:
            slot = self.slot(card, SMALL)
            self.page.gone = True
            try:
                self.start(slot, inputs)
            except Failed as failed:
                print(f"gone while open: {failed}")
            else:
                sys.exit("a card that is gone takes runs")
            self.page.gone = False

    def check_clean(self):
        page = self.page
        left = {n: getattr(page, n) for n in ("cards", "buffers", "pending_runs", "kernels")}
        if any(left.values()):
            sys.exit(f"left behind: {left}")


def resident():
    """Bytes of memory, descriptors and threads of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    threads = len(os.listdir("/proc/self/task"))
    return pages * resource.getpagesize(), len(os.listdir("/proc/self/fd")), threads


def check_growth(check, faults):
    """That many faults of all kinds; a hang takes a millisecond."""
    names = list(FAULTS)
    for name in names:
        check.fault(name)
    before = resident()
    for i in range(faults):
        check.fault(names[i % len(names)])
    after = resident()
    print(f"{faults} faults: bytes, descriptors, threads {before} before, {after} after")
    check.check_clean()
    if after[0] - before[0] > ALLOWED_GROWTH or after[1:] != before[1:]:
        sys.exit("something grows")


def random_events(model, program, events):
    """Random words over each port's whole range, and what da4ml makes of them."""
    from da4ml.types import CombLogic

    generator = np.random.default_rng(20)
    inputs = np.zeros((events, len(model.inputs)), np.int64)
    for i, port in enumerate(model.inputs):
        magnitude = port["integer"] + port["fraction"]
        low = -(1 << magnitude) if port["signed"] else 0
        inputs[:, i] = generator.integers(low, 1 << magnitude, events)
    values = inputs * 2.0 ** -np.array([port["fraction"] for port in model.inputs])
    results = CombLogic.load(program).predict(values, n_threads=1)
    outputs = results * 2.0 ** np.array([port["fraction"] for port in model.outputs])
    return inputs.astype("<i4"), outputs.reshape(events, -1).astype("<i4")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--random", type=int, default=0, metavar="EVENTS")
    parser.add_argument("--program", type=Path, help="program.json that the model was packed from")
    parser.add_argument("--faults", type=int, default=1000)
    arguments = parser.parse_args()
    if arguments.random and not arguments.program:
        parser.error("--random needs --program")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page"
        os.environ["VIGIL_EMULATED_CARD"] = str(path)
        page = Page(path)
        check = Check(arguments.model, arguments.build, page)
        check.agree(*check.model.golden)
        print(f"{len(check.model.golden[0])} golden events agree")
        if arguments.random:
            check.agree(*random_events(check.model, arguments.program, arguments.random))
            print(f"{arguments.random} random events agree with da4ml")
        page.latency_clocks, page.stall_percent, page.seed = 200, 60, 9
        check.agree(*check.model.golden)
        page.latency_clocks, page.stall_percent, page.seed = 0, 0, 0
        page.fail("bits")
        if check.attempt():
            sys.exit("wrong bits were not wrong")
        for name in FAULTS:
            print(f"{name}: {check.fault(name)}")
        check.check_recovery()
        check.check_gone()
        check.check_clean()
        check_growth(check, arguments.faults)
        if not check.attempt():
            sys.exit("after all faults the card is wrong")


if __name__ == "__main__":
    main()
