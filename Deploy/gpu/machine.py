"""What the GPU machine has: card, driver, and the libraries of CUDA that ONNX Runtime needs."""

import ctypes
import glob
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

# Names that onnxruntime-gpu 1.31 opens, and where each comes from.
LIBRARIES = {
    "libcuda.so.1": "the NVIDIA driver",
    "libcudart.so.13": "the CUDA 13 toolkit, or nvidia-cuda-runtime of PyPI",
    "libnvrtc.so.13": "the CUDA 13 toolkit, or nvidia-cuda-nvrtc of PyPI",
    "libcublas.so.13": "the CUDA 13 toolkit, or nvidia-cublas of PyPI",
    "libcublasLt.so.13": "the CUDA 13 toolkit, or nvidia-cublas of PyPI",
    "libcurand.so.10": "the CUDA 13 toolkit, or nvidia-curand of PyPI",
    "libcufft.so.12": "the CUDA 13 toolkit, or nvidia-cufft of PyPI",
    "libcudnn.so.9": "cuDNN 9 for CUDA 13, or nvidia-cudnn-cu13 of PyPI",
}
# Folders beside LD_LIBRARY_PATH and those that the loader knows.
FOLDERS = ["/usr/local/cuda*/lib64", "/usr/local/nvidia/lib64"]
SMI_SECONDS = 30
# Vectors of more instructions make the CPU's share larger; only those are named.
VECTORS = ["avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile"]


class Missing(Exception):
    """What the machine lacks, in one line."""


def asked(fields):
    """What nvidia-smi says of the first card."""
    if shutil.which("nvidia-smi") is None:
        raise Missing("this machine has no NVIDIA GPU: nvidia-smi is not in PATH")
    command = ["nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=SMI_SECONDS)
    except subprocess.TimeoutExpired:
        raise Missing(f"nvidia-smi did not answer within {SMI_SECONDS} s") from None
    lines = said.stdout.strip().splitlines()
    if said.returncode != 0 or not lines:
        words = " ".join((said.stdout + said.stderr).split()) or "nothing"
        raise Missing(f"this machine has no NVIDIA GPU that answers: nvidia-smi said {words}")
    return dict(zip(fields, [value.strip() for value in lines[0].split(",")]))


def gpu():
    """The first card: name, memory, driver, clocks."""
    return asked(
        ["name", "memory.total", "driver_version", "clocks.max.sm", "clocks.max.memory", "pcie.link.gen.max"]
    )


def memory():
    """Memory of the card that is in use."""
    return asked(["memory.used"])["memory.used"]


def loaded(name):
    """Path of a library that the loader finds by itself, or None."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return None
    maps = Path("/proc/self/maps").read_text().splitlines()
    stem = name.split(".so")[0] + ".so"
    return next((line.split()[-1] for line in maps if Path(line.split()[-1]).name.startswith(stem)), name)


def libraries():
    """Folders that hold what the loader does not find by itself, and each library's file, which
    names its version."""
    sites = [path for path in sys.path if path.endswith("-packages")]
    patterns = [f"{site}/nvidia/*/lib" for site in sites] + FOLDERS
    places = [place for pattern in patterns for place in sorted(glob.glob(pattern))]
    folders, files, missing = [], {}, []
    for name, source in LIBRARIES.items():
        path = loaded(name)
        place = next((place for place in places if Path(place, name).exists()), None)
        if path:
            files[name] = Path(path).resolve().name if "/" in path else path
        elif place:
            files[name] = Path(place, name).resolve().name
            if place not in folders:
                folders.append(place)
        else:
            missing.append(f"{name} ({source})")
    if missing:
        raise Missing(
            f"not found by the loader, in LD_LIBRARY_PATH, or in {', '.join(patterns)}: {', '.join(missing)}"
        )
    return folders, files


def processor():
    """Name and number of the processor's cores, and the vector instructions it has."""
    name, flags = platform.machine(), []
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            name = value.strip()
        elif key.strip() == "flags":
            flags = value.split()
    vectors = [flag for flag in VECTORS if flag in flags]
    return f"{name}, {cores()} cores, {' '.join(vectors)}"


def cores():
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def system():
    """Kernel and distribution."""
    try:
        named = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        named = "Linux"
    return f"{named}, Linux {platform.release().partition('-')[0]}"
