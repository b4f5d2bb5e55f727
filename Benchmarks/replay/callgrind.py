#!/usr/bin/env python3
"""Adds up what callgrind collected of vigil-replay.

usage: callgrind.py FOLDER             a JSON list: instructions a request of each kind, by module
       callgrind.py FOLDER KIND [N]    the N functions of our own with most instructions of a kind
"""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

PROGRAM = "vigil-replay"
KIND = "desc: Trigger: Client Request: "
NAME = re.compile(r"(?P<what>c?ob|c?fn|fl|fi|fe|cfi|cfl)=\((?P<id>\d+)\)(?: (?P<name>.*))?$")


class Profile:
    """Instructions of one kind: of each function for itself, and with what it calls."""

    def __init__(self, path, names):
        self.kind = None
        self.alone = Counter()
        self.calls = Counter()
        self.inclusive = Counter()
        module = function = called = called_module = None
        is_call = False
        for line in path.read_text().splitlines():
            if line.startswith(KIND):
                self.kind = line[len(KIND) :]
            match = NAME.match(line)
            if match:
                what = match["what"]
                space = "ob" if "ob" in what else "fn" if "fn" in what else "fl"
                key = (space, match["id"])
                if match["name"]:
                    names[key] = match["name"]
                name = names[key]
                if what == "ob":
                    module = Path(name).name
                elif what == "fn":
                    function, called_module = name, None
                elif what == "cob":
                    called_module = Path(name).name
                elif what == "cfn":
                    called = name
            elif line.startswith("calls="):
                self.calls[(called_module or module, called)] += int(line[6:].split()[0])
                is_call = True
            elif line and (line[0].isdigit() or line[0] in "+-*"):
                cost = int(line.split()[-1])
                self.inclusive[(module, function)] += cost
                if not is_call:
                    self.alone[(module, function)] += cost
                is_call, called_module = False, None

    def modules(self):
        """Instructions by module: ours, libzmq, and the rest, which is libc and the loader."""
        sums = Counter()
        for (module, _), cost in self.alone.items():
            sums["vigil" if module == PROGRAM else "libzmq" if "zmq" in module else "libc"] += cost
        return sums


def profiles(folder):
    """The parts of one run; names are written once and then numbered."""
    names = {}
    parts = sorted(folder.glob("out.*"), key=lambda path: int(path.suffix[1:]))
    return [Profile(path, names) for path in parts]


def demangled(names):
    """Swift's names as people write them."""
    text = "\n".join(names)
    try:
        done = subprocess.run(
            ["swift", "demangle", "--compact"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return list(names)
    return done.stdout.splitlines()


def main():
    folder = Path(sys.argv[1])
    kinds = json.loads((folder / "kinds.json").read_text())
    requests = {kind["kind"]: kind["requests"] for kind in kinds}
    found = profiles(folder)
    if len(sys.argv) == 2:
        rows = []
        for profile in found:
            count = requests[profile.kind]
            sums = profile.modules()
            shares = {module: round(sums[module] / count, 1) for module in sorted(sums)}
            rows.append({"kind": profile.kind} | shares)
        print("[\n" + ",\n".join("  " + json.dumps(row) for row in rows) + "\n]")
        return
    profile = next(profile for profile in found if profile.kind == sys.argv[2])
    count = requests[profile.kind]
    top = [(k, c) for k, c in profile.alone.most_common() if k[0] == PROGRAM]
    top = top[: int(sys.argv[3]) if len(sys.argv) > 3 else 30]
    print(f"{'alone':>8} {'inclusive':>9} {'calls':>6}  instructions a request; function")
    for (key, cost), name in zip(top, demangled([key[1] for key, _ in top])):
        calls, inclusive = profile.calls[key] / count, profile.inclusive[key] / count
        print(f"{cost / count:8.1f} {inclusive:9.1f} {calls:6.2f}  {name}")


if __name__ == "__main__":
    main()
