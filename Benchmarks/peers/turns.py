"""How a peer is asked for measurements: once, or turn by turn so that others can take turns.

With --rows a script measures once. Without it every line "run ROWS" on its standard input is
answered with one line of JSON, until the input ends. Whatever is wrong is one line on standard
error: a mistake of the caller exits 2, anything else 1.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys


class Failure(Exception):
    """Why a measurement cannot be made, in one line."""


class Arguments(argparse.ArgumentParser):
    """A parser whose complaint is one line."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}\n")


def positive(text):
    """A positive integer."""
    value = int(text) if text.isascii() and text.isdigit() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, allowed is a positive integer")
    return value


def raise_on_signal(number, _frame):
    """Unwinds the stack, so that every `finally` and `with` on it ends what it began."""
    raise SystemExit(128 + number)


def unwind_when_told_to_end():
    """SIGINT and SIGTERM end the process by SystemExit from now on."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, raise_on_signal)


def answer(parser, rows, measure):
    """Prints `measure(rows)` as JSON for the rows asked; the exit code.

    Args:
        parser: names the script in what it complains of.
        rows: events a request, or None to read turns.
        measure: takes events a request, gives a dict, or raises Failure.
    """
    unwind_when_told_to_end()
    try:
        if rows is not None:
            print(json.dumps(measure(rows)), flush=True)
            return 0
        for line in sys.stdin:
            match line.split():
                case ["run", count] if count.isascii() and count.isdigit() and int(count) > 0:
                    print(json.dumps(measure(int(count))), flush=True)
                case _:
                    parser.error(f"found the line {line.strip()!r}, allowed is 'run ROWS'")
    except Failure as failure:
        parser.exit(1, f"{parser.prog}: {failure}\n")
    return 0
