"""The control page of emulated cards, for tests: what they did, and which calls are to fail.

    page = Page(path)                   # put into VIGIL_EMULATED_CARD before a card opens
    page.fail("start", 3)               # the next three starts fail
    page.gone = True                    # every call fails until this is False
    page.runs, page.clocks, page.kernel_nanoseconds, page.cards, page.buffers, page.pending_runs

page.h says what each fault does.
"""

import mmap
import os

PAGE_BYTES = 4096
MAGIC = int.from_bytes(b"VIGILCRD", "little")
VERSION = 1

# Words of 64 bits, in the order of page.h.
FIELDS = (
    "magic version runs clocks kernel_nanoseconds cards buffers pending_runs kernels"
    " gone latency_clocks stall_percent seed"
).split()
FIRST_FAULT = len(FIELDS) + 3
FAULTS = (
    "open load context allocate map sync_to sync_from start wait hang state bits bus register"
).split()


class Page:
    """A page in a file, made if need be."""

    def __init__(self, path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(descriptor).st_size == 0:
                os.ftruncate(descriptor, PAGE_BYTES)
            memory = mmap.mmap(descriptor, PAGE_BYTES)
        finally:
            os.close(descriptor)
        # A word is stored at once: cards read it meanwhile.
        object.__setattr__(self, "words", memoryview(memory).cast("Q"))
        if self.magic == 0:
            self.version = VERSION
            self.magic = MAGIC
        if (self.magic, self.version) != (MAGIC, VERSION):
            raise ValueError(f"{path} is no control page of version {VERSION}")

    def __getattr__(self, name):
        if name not in FIELDS:
            raise AttributeError(name)
        return self.words[FIELDS.index(name)]

    def __setattr__(self, name, value):
        if name not in FIELDS:
            raise AttributeError(name)
        self.words[FIELDS.index(name)] = int(value)

    def fail(self, fault, calls=1):
        """The next `calls` calls of this kind fail."""
        self.words[FIRST_FAULT + FAULTS.index(fault)] = calls

    def remaining(self, fault):
        """Calls of this kind that are still to fail."""
        return self.words[FIRST_FAULT + FAULTS.index(fault)]

    def clear(self):
        """No more faults; the card is there."""
        for fault in FAULTS:
            self.fail(fault, 0)
        self.gone = False
