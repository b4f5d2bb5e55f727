"""ONNX Runtime with providers that are emulated: there is no card here."""

import shutil
import subprocess
from pathlib import Path

from daemon import onnxruntime_library


def emulated_providers(folder):
    """Builds emulated_providers.c, around the real library, and returns its path."""
    compiler = shutil.which("cc") or shutil.which("clang")
    assert compiler, "neither cc nor clang is installed"
    path = Path(folder) / "libonnxruntime-emulated.so"
    source = Path(__file__).parent / "emulated_providers.c"
    real = f'-DREAL_LIBRARY="{onnxruntime_library()}"'
    command = [compiler, "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", real, source, "-o", path]
    subprocess.run([*command, "-ldl"], check=True)
    return path
