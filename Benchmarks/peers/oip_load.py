#!/usr/bin/env python3
"""Loads a server of the Open Inference Protocol with a compiled client: a closed loop of requests.

    oip_load.py grpc 127.0.0.1:9001 null x 16 --rows 1 --concurrency 64 --seconds 5
    oip_load.py http 127.0.0.1:9000 cnn image 1,64,64 --rows 32

gRPC is loaded by h2load over --connections connections, HTTP by wrk over one connection for each
request in flight, with binary tensors. Both run on one thread. A gRPC error is an HTTP success, so
answers are counted by the bytes of tensors that came: what is missing is a failure.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from turns import Arguments, Failure, answer, positive

CONNECTIONS = 8
# Beyond the longest answer.
SILENCE_SECONDS = 0.5
REPORT = Path(__file__).with_name("wrk_report.lua")
GRPC_HEADERS = ["-H", "content-type: application/grpc", "-H", "te: trailers"]
GRPC_PATH = "inference.GRPCInferenceService/ModelInfer"


def varint(value):
    """The bytes of a number in protobuf."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number, content):
    """A protobuf field with a length."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def grpc_body(model, name, shape, data):
    """A ModelInferRequest with one tensor, framed as gRPC frames it."""
    tensor = field(1, name.encode()) + field(2, b"FP32")
    tensor += field(3, b"".join(varint(size) for size in shape))
    message = field(1, model.encode()) + field(5, tensor) + field(7, data)
    return b"\0" + struct.pack(">I", len(message)) + message


def http_body(name, shape, data):
    """The JSON of a request with one tensor, and the body with its bytes behind the JSON."""
    tensor = {"name": name, "datatype": "FP32", "shape": shape}
    tensor["parameters"] = {"binary_data_size": len(data)}
    head = {"inputs": [tensor], "parameters": {"binary_data_output": True}}
    header = json.dumps(head).encode()
    return header, header + data


def run(*command):
    """Standard output of a client that goes well; the client ends when this process is told to."""
    if shutil.which(command[0]) is None:
        raise Failure(f"{command[0]} is missing: run Benchmarks/setup")
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode != 0:
        lines = (result.stderr + result.stdout).strip().splitlines() or ["no message"]
        raise Failure(f"{command[0]} ended with {result.returncode}: {lines[-1]}")
    return result.stdout


def number(pattern, text):
    """The number that a client reports in its text."""
    found = re.search(pattern, text)
    if found is None:
        raise Failure(f"h2load's report has no {pattern!r}: {text.strip()!r}")
    return int(found.group(1))


class Load:
    """Requests to one model; `given` are the arguments of the command line."""

    def __init__(self, given):
        self._given = given

    def measure(self, rows):
        """One turn of requests of `rows` events; rates, latencies and failures."""
        shape = [rows, *self._given.shape]
        count = 1
        for size in shape:
            count *= size
        source = random.Random(1)
        data = struct.pack(f"<{count}f", *(source.random() for _ in range(count)))
        with tempfile.TemporaryDirectory(prefix="vigil-load-") as folder:
            load = self._grpc if self._given.protocol == "grpc" else self._http
            client, seconds, answers, failures, latencies = load(Path(folder), shape, data)
        rate = answers / seconds
        mean, median, tail = latencies
        return {
            "protocol": self._given.protocol,
            "client": client,
            "rows": rows,
            "concurrency": self._given.concurrency,
            "requests_per_second": round(rate, 1),
            "events_per_second": round(rate * rows, 1),
            "mean_microseconds": round(mean, 1),
            "p50_microseconds": round(median, 1),
            "p99_microseconds": round(tail, 1),
            "failures": failures,
        }

    def _grpc(self, folder, shape, data):
        given = self._given
        body, log = folder / "body", folder / "log"
        body.write_bytes(grpc_body(given.model, given.input, shape, data))
        common = ["-d", str(body), *GRPC_HEADERS, f"http://{given.address}/{GRPC_PATH}"]
        size = self._bytes_of_answers(run("h2load", "-n1", "-c1", *common))
        if size == 0:
            raise Failure(f"{given.address} does not answer {given.model!r} over gRPC")
        streams = given.concurrency // given.connections
        report = run(
            "h2load", f"-c{given.connections}", f"-m{streams}", f"-D{given.seconds}",
            f"--log-file={log}", *common,
        )  # fmt: skip
        # Start in microseconds since the epoch, HTTP status, microseconds until the answer's end.
        lines = [tuple(map(int, line.split())) for line in log.read_text().splitlines()]
        times = [took for _, status, took in lines if status == 200]
        if len(times) < 2:
            raise Failure(f"{given.address} answered {len(times)} requests in {given.seconds} s")
        # A connection that the server closes is no failure to h2load, it only falls silent.
        began, last = min(line[0] for line in lines), max(line[0] + line[2] for line in lines)
        silence = (began + given.seconds * 1_000_000 - last) * 1e-6
        if silence > SILENCE_SECONDS + max(times) * 1e-6:
            raise Failure(f"{given.address} gave no answer in the last {silence:.1f} s")
        errors = number(r"(\d+) failed", report) + number(r"(\d+) errored", report)
        answers = min(self._bytes_of_answers(report) // size, len(times))
        # An answer that came in part when time was up has bytes and no line: as many failures as
        # were in flight then may hide behind those.
        failures = errors + len(times) - answers
        cuts = statistics.quantiles(times, n=100, method="inclusive")
        latencies = statistics.fmean(times), cuts[49], cuts[98]
        return "h2load", given.seconds, answers, failures, latencies

    @staticmethod
    def _bytes_of_answers(report):
        """Bytes of DATA frames: an answer's message; an error has trailers only."""
        return number(r"\) headers .*?, .*?\((\d+)\) data", report)

    def _http(self, folder, shape, data):
        given = self._given
        header, whole = http_body(given.input, shape, data)
        body = folder / "body"
        body.write_bytes(whole)
        report = run(
            "wrk", "-t1", f"-c{given.concurrency}", f"-d{given.seconds}s", "-s", str(REPORT),
            f"http://{given.address}/v2/models/{given.model}/infer",
            "--", str(body), str(len(header)),
        )  # fmt: skip
        found = json.loads(report.splitlines()[-1])
        failures, answers = found["failures"], found["requests"] - found["refused"]
        if answers == 0:
            raise Failure(f"{given.address} does not answer {given.model!r} over HTTP")
        latencies = found["mean"], found["p50"], found["p99"]
        return "wrk", found["microseconds"] * 1e-6, answers, failures, latencies


def sizes(text):
    """One event's shape, as '1,64,64'."""
    return [positive(size) for size in text.split(",")]


def main():
    parser = Arguments(prog="oip_load.py", description=__doc__.splitlines()[0])
    parser.add_argument("protocol", choices=["grpc", "http"])
    parser.add_argument("address", help="HOST:PORT")
    parser.add_argument("model")
    parser.add_argument("input", help="the input's name")
    parser.add_argument("shape", type=sizes, help="of one event, as 1,64,64")
    parser.add_argument("--rows", type=positive, help="events a request; else turns are read")
    parser.add_argument("--concurrency", type=positive, default=64, help="in flight; default 64")
    parser.add_argument("--connections", type=positive, help="for gRPC; default up to 8")
    parser.add_argument("--seconds", type=positive, default=3, help="of a turn; default 3")
    given = parser.parse_args()
    given.connections = given.connections or min(CONNECTIONS, given.concurrency)
    if given.protocol == "grpc" and given.concurrency % given.connections:
        parser.error(
            f"--concurrency: found {given.concurrency}, allowed are multiples of the "
            f"{given.connections} connections"
        )
    return answer(parser, given.rows, Load(given).measure)


if __name__ == "__main__":
    sys.exit(main())
