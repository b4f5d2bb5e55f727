"""What the process does with memory that it has freed."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys
from pathlib import Path

import pytest

import vigil
from vigil import memory

ROUNDS = 50
# Four blocks of 1 MiB, held together and freed together, as messages in flight are.
PROGRAM = f"""
import resource, sys
from vigil import keep_freed_memory

def turn():
    blocks = [bytearray(b"x") * (1 << 20) for _ in range(4)]
    del blocks

if sys.argv[1] == "keep":
    assert keep_freed_memory() is True
turn()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range({ROUNDS}):
    turn()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / {ROUNDS})
"""


class Library:
    """A C library with some functions; it notes the calls of mallopt."""

    def __init__(self, names, answer=1):
        self.calls = []
        for name in names:
            setattr(self, name, lambda *words: self.calls.append(words) or answer)


def page_faults(word):
    """Page faults of a turn in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, word], capture_output=True, text=True, check=True,
        cwd=Path(vigil.__file__).parents[1],
    )  # fmt: skip
    return float(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_freed_memory_is_faulted_in_again_unless_it_is_kept():
    assert page_faults("default") > 100
    assert page_faults("keep") < 10


def test_it_is_all_or_false(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    both = ("gnu_get_libc_version", "mallopt")
    for answer in (0, 1):
        library = Library(both, answer)
        monkeypatch.setattr(ctypes, "CDLL", lambda _, library=library: library)
        assert vigil.keep_freed_memory() is bool(answer)
        assert library.calls == list(memory._SETTINGS)


@pytest.mark.parametrize("name, functions", [("darwin", ()), ("linux", ("mallopt",))])
def test_another_c_library_is_left_alone(monkeypatch, name, functions):
    library = Library(functions)
    monkeypatch.setattr(sys, "platform", name)
    monkeypatch.setattr(ctypes, "CDLL", lambda _: library)
    assert vigil.keep_freed_memory() is False
    assert library.calls == []
