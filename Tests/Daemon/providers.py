"""ONNX Runtime with providers that are emulated, and CUDA's library: there is no card here."""

import re
import shutil
import struct
import subprocess
from pathlib import Path

from daemon import onnxruntime_library

HERE = Path(__file__).parent


def compile_library(source, path, *options):
    """Builds a shared library of one C file."""
    compiler = shutil.which("cc") or shutil.which("clang")
    assert compiler, "neither cc nor clang is installed"
    command = [compiler, "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", *options, HERE / source]
    subprocess.run([*command, "-o", path, "-ldl"], check=True)
    return path


def emulated_providers(folder):
    """Builds emulated_providers.c, around the real library, and returns its path."""
    real = f'-DREAL_LIBRARY="{onnxruntime_library()}"'
    return compile_library("emulated_providers.c", Path(folder) / "libonnxruntime-emulated.so", real)


def emulated_cudart(folder, name="libcudart.so.13"):
    """Builds emulated_cudart.c in `folder`, which a daemon finds by LD_LIBRARY_PATH."""
    return compile_library("emulated_cudart.c", Path(folder) / name)


def calibrate_card(folder):
    """A calibration of the card beside that of the cpu: the emulated one gives the cpu's scores."""
    cpu = folder / "calibration-onnxruntime-float32-cpu.json"
    cuda = folder / "calibration-onnxruntime-float32-cuda.json"
    shutil.copy(cpu, cuda)
    cuda.write_text(cuda.read_text().replace('"device_class": "cpu"', '"device_class": "cuda"'))
    assert cuda.read_text() != cpu.read_text()


class Counts:
    """How often a daemon's calls of the emulated CUDA were made; read while it runs."""

    def __init__(self, path):
        self.path = path
        source = (HERE / "emulated_cudart.c").read_text()
        self._names = re.findall(r'^    \[\w+\] = "(\w+)",$', source, re.MULTILINE)

    def __getitem__(self, name):
        """How often it was called."""
        return self._numbers()[2 * self._names.index(name)]

    def done(self, name):
        """How often it did what it is for."""
        made, failed = self._numbers()[2 * self._names.index(name):][:2]
        return made - failed

    def _numbers(self):
        count = 2 * len(self._names)
        return struct.unpack(f"{count}q", self.path.read_bytes()) if self.path.exists() else count * [0]
