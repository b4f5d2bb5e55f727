"""Sources/CXRT from Python, for the check of an emulated card."""

import ctypes

HARDWARE, EMULATED, NOOP = 0, 1, 2
ERROR, ABORTED, TIMEOUT = 5, 6, 8


class Failed(Exception):
    """What a call of the driver says of its failure."""

    def __init__(self, failure):
        super().__init__(f"{failure.call.decode()} {failure.code}: {failure.message.decode()}")
        self.call = failure.call.decode()
        self.code = failure.code


class Failure(ctypes.Structure):
    _fields_ = [("call", ctypes.c_char_p), ("code", ctypes.c_int), ("message", ctypes.c_char * 240)]


class Driver:
    """The library, and calls that raise."""

    def __init__(self, path, root, mode):
        self.library = ctypes.CDLL(str(path))
        for name in ("card_open", "slot_open", "slot_input", "slot_output"):
            getattr(self.library, f"cxrt_{name}").restype = ctypes.c_void_p
        self.failure = Failure()
        self.checked("library_open", str(root).encode(), mode)

    def call(self, name, *arguments):
        return getattr(self.library, f"cxrt_{name}")(*arguments)

    def checked(self, name, *arguments):
        if self.call(name, *arguments, ctypes.byref(self.failure)) != 0:
            raise Failed(self.failure)

    def opened(self, name, *arguments):
        made = self.call(name, *arguments, ctypes.byref(self.failure))
        if not made:
            raise Failed(self.failure)
        return ctypes.c_void_p(made)


class Card:
    """An open card; closes what it opened."""

    def __init__(self, driver, xclbin, kernel, index=0):
        self.driver = driver
        self.slots = []
        self.pointer = driver.opened("card_open", index, str(xclbin).encode(), kernel.encode())

    def slot(self, input_bytes, output_bytes):
        self.slots.append(Slot(self, input_bytes, output_bytes))
        return self.slots[-1]

    def clocks(self):
        value = ctypes.c_uint64()
        self.driver.checked("card_clocks", self.pointer, ctypes.byref(value))
        return value.value

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for slot in self.slots:
            self.driver.call("slot_close", slot.pointer)
        self.driver.call("card_close", self.pointer)


class Slot:
    """Buffers and a run."""

    def __init__(self, card, input_bytes, output_bytes):
        self.driver = card.driver
        self.pointer = self.driver.opened(
            "slot_open", card.pointer, ctypes.c_size_t(input_bytes), ctypes.c_size_t(output_bytes)
        )
        self.input = self.driver.call("slot_input", self.pointer)
        self.output = self.driver.call("slot_output", self.pointer)

    def start(self, events, words):
        """Starts a run on these bytes."""
        ctypes.memmove(self.input, words, len(words))
        self.restart(events, len(words))

    def restart(self, events, size):
        """Starts a run on the bytes that are there."""
        self.driver.checked("slot_start", self.pointer, events, ctypes.c_size_t(size))

    def end(self, size, milliseconds=10_000):
        """Waits for the run and its outputs."""
        self.driver.checked("slot_wait", self.pointer, milliseconds, ctypes.c_size_t(size))

    def wait(self, size, milliseconds=10_000):
        """The first bytes of the output."""
        self.end(size, milliseconds)
        return ctypes.string_at(self.output, size)
