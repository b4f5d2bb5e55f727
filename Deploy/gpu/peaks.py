"""What the card reaches at most: a large matrix product and copies, by PyTorch where it is there.

Prints JSON. Run as a process of its own, so that its memory is free again for the daemon.
"""

import json
import sys

SIZE = 8192
BYTES = 256 << 20
REPEATS = 20

# Dense peaks of data sheets, TFLOP/s, where PyTorch cannot measure: NVIDIA H100 and H200 SXM.
DATA_SHEETS = {
    "NVIDIA H100 80GB HBM3": {"float32": 67, "tf32": 494, "float16": 989, "int8": 1979},
    "NVIDIA H200": {"float32": 67, "tf32": 494, "float16": 989, "int8": 1979},
}


def timed(torch, body):
    """Median seconds of `body`, by the device's own events."""
    for _ in range(3):
        body()
    seconds = []
    for _ in range(REPEATS):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        body()
        end.record()
        end.synchronize()
        seconds.append(start.elapsed_time(end) / 1000)
    return sorted(seconds)[len(seconds) // 2]


def products(torch):
    """TFLOP/s of a product of random square matrices by type."""
    found = {}
    for name, dtype, tf32 in (
        ("float32", torch.float32, False),
        ("tf32", torch.float32, True),
        ("float16", torch.float16, False),
        ("int8", torch.int8, False),
    ):
        torch.backends.cuda.matmul.allow_tf32 = tf32
        if dtype == torch.int8:
            shape = (SIZE, SIZE)
            left, right = (torch.randint(-127, 127, shape, dtype=dtype, device="cuda") for _ in range(2))
            right = right.t()
            seconds = timed(torch, lambda: torch._int_mm(left, right))
        else:
            left, right = (torch.randn(SIZE, SIZE, dtype=dtype, device="cuda") for _ in range(2))
            seconds = timed(torch, lambda: left @ right)
        found[name] = 2 * SIZE**3 / seconds / 1e12
    return found


def copies(torch):
    """GB/s of copies to the device, from memory as malloc gives it and from pinned memory."""
    target = torch.empty(BYTES, dtype=torch.uint8, device="cuda")
    found = {}
    for name, pinned in (("pageable", False), ("pinned", True)):
        source = torch.empty(BYTES, dtype=torch.uint8, pin_memory=pinned).random_(0, 255)
        found[name] = BYTES / timed(torch, lambda: target.copy_(source, non_blocking=True)) / 1e9
    return found


def main():
    try:
        import torch
    except ImportError:
        print(json.dumps(None))
        return
    print(
        json.dumps(
            {
                "source": f"PyTorch {torch.__version__}, products of {SIZE} x {SIZE} random numbers",
                "tflops": products(torch),
                "copy_gb_per_second": copies(torch),
            }
        )
    )


if __name__ == "__main__":
    sys.exit(main())
