"""The page that gpu-check writes."""

import re

import peaks

# Whose arithmetic a model's is. The CUDA provider computes int8 models in floating point.
UNITS = {
    "position-cnn": "float32",
    "position-cnn-16": "float32",
    "position-cnn-free": "tf32",
    "image-cnn-float32": "float32",
    "image-cnn-float32-free": "tf32",
    "image-cnn-float32-nhwc": "tf32",
    "image-cnn-float16": "float16",
    "image-cnn-float16-free": "float16",
    "image-cnn-float16-nhwc": "float16",
    "image-cnn-int8": "float32",
    "image-cnn-int8-free": "tf32",
    "image-cnn-int8-nhwc": "tf32",
}


def unit(model):
    """Of a model with any settings: graphs and memory change no arithmetic."""
    return UNITS[re.sub("-(graph|pageable)$", "", model)]


def table(head, rows):
    """Markdown; None is a cell that was not measured. Without rows, nothing was."""
    if not rows:
        return "Nothing was measured."
    lines = [head, ["---"] * len(head), *rows]
    cells = [["" if cell is None else str(cell).replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in cells)


def number(value, digits=3):
    """So many digits, thousands apart."""
    if value >= 10 ** (digits - 1):
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.{digits}g}"


def section(title, *paragraphs):
    """A heading and what stands under it."""
    return "\n\n".join([f"## {title}", *paragraphs])


def page(facts):
    """All sections."""
    sections = [
        title(facts), failures(facts), engine(facts), share(facts), requests(facts), evaluated(facts),
        variants(facts), differences(facts), invariance(facts), calibration(facts), refusals(facts),
    ]
    return "\n\n".join(text for text in sections if text) + "\n"


def title(facts):
    gpu, peak = facts["gpu"], facts.get("peak")
    rows = []
    if gpu:
        rows += [("card", f"{gpu['name']}, {gpu['memory.total']}, PCIe {gpu['pcie.link.gen.max']}")]
        rows += [("driver", gpu["driver_version"])]
    else:
        rows += [("card", "none: the cpu stands in for it, which only tries this script")]
    rows += [("processor", facts["processor"]), ("system", facts["system"])]
    rows += [("libraries", ", ".join(facts["libraries"].values()))] if facts["libraries"] else []
    rows += facts["bundle"].items()
    if peak:
        for name, value in peak["tflops"].items():
            rows += [(f"{name} peak, {peak['source']}", f"{number(value)} TFLOP/s")]
        for name, value in peak["copy_gb_per_second"].items():
            rows += [(f"copy to the card, {name} memory", f"{number(value)} GB/s")]
    if "memory" in facts:
        count = len(facts["models"])
        rows += [(f"memory of the card in use, {count} models loaded", facts["memory"])]
    if "load_seconds" in facts:
        rows += [("seconds, loading the models on the card", number(facts["load_seconds"]))]
    rows += [("seconds, all of this", number(facts["seconds"])), ("date", facts["date"])]
    said = (
        "Written by `Deploy/gpu-check`; GPU.json has the same as data. Suffixes name settings of one "
        "model: none is as it is served by default, where every event gets the same bits in every "
        "micro-batch, without TF32; `-free` is `reproducible: false`, which uses every shape, kernels "
        'chosen by timing, and TF32; `-nhwc` is that with `provider_options: {prefer_nhwc: "1"}`; '
        "`-16` is `maximum_rows: 16`; `-graph` is `graphs: true`, `-pageable` is `pinned: false`. The "
        "image models are one residual network of an image of 256 x 256. int8 has operators that the CUDA "
        "provider computes in floating point, and the CPU's in int8."
    )
    return "\n\n".join(["# vigild on a GPU", said, table(["", ""], rows)])


def failures(facts):
    rows = [(failure["what"], " ".join(failure["why"].split())) for failure in facts["failed"]]
    return section("What failed", table(["what", "why"], rows)) if rows else ""


def engine(facts):
    models = {**facts["on_gpu"], **{f"{name}, cpu": value for name, value in facts["on_cpu"].items()}}
    tables = []
    for kind in ("position", "image"):
        chosen = {name: model["engine"] for name, model in models.items() if name.startswith(kind)}
        shapes = sorted({step["rows"] for steps in chosen.values() for step in steps})
        times = {name: {step["rows"]: number(step["us"]) for step in steps} for name, steps in chosen.items()}
        # A row a model: models are more than shapes.
        rows = [[name, *(times[name].get(shape) for shape in shapes)] for name in chosen]
        tables.append(table(["microseconds, events:", *shapes], rows))
    return section(
        "One micro-batch",
        "Copies to and from the card included, as the daemon timed it when it loaded the model. Where "
        "every event gets the same bits a card has one shape, to which fewer events are padded. On the "
        "CPU a micro-batch of an image model has every core, one of position-cnn a single core.",
        *tables,
    )


def share(facts):
    peak = facts.get("peak") or {}
    limits = peak.get("tflops") or peaks.DATA_SHEETS.get(facts["gpu"].get("name"), {})
    rows = []
    for model, found in facts["on_gpu"].items():
        best = max(found["engine"], key=lambda step: step["events_per_second"])
        limit = limits.get(unit(model))
        part = f"{100 * best['tflops'] / limit:.2g} %" if limit else None
        speed = [number(best["events_per_second"]), number(best["tflops"])]
        rows.append([model, best["rows"], *speed, unit(model), part])
    where = "measured, see above" if peak else "from the card's data sheet"
    return section(
        "Share of the peak",
        f"At each model's best micro-batch, copies included; the peak is {where}.",
        table(["model", "events", "events/s", "TFLOP/s", "arithmetic", "share of its peak"], rows),
    )


def requests(facts):
    rows = []
    for side in ("on_gpu", "on_cpu"):
        for model, found in facts[side].items():
            for load in found["loads"]:
                head = [model, found["device"], load["rows"]]
                if "one_in_flight" not in load:
                    rows.append([*head, None, None, None, "failed"])
                    continue
                one, many = load["one_in_flight"], load["many_in_flight"]
                latency = [number(one["p50_us"]), number(one["p99_us"])]
                rows.append([*head, *latency, many["window"], number(many["events_per_second"])])
    return section(
        "Requests",
        "By `vigil bench` over ipc on the same machine, raw answers: latency with one request in flight, "
        "rate with more. On the card each model has two instances, on the CPU every core.",
        table(["model", "device", "events a request", "p50 us", "p99 us", "in flight", "events/s"], rows),
    )


def evaluated(facts):
    rows = list(facts["evaluated"].items())
    return section("How runs are made", "As the daemon says it.", table(["model", "evaluated by"], rows))


def variants(facts):
    rows = []
    for model, found in facts["variants"].items():
        equal = "yes" if found["bit_equal"] else "no"
        rows.append([model, model.rpartition("-")[0], equal, f"{found['largest']:.2e}"])
    return section(
        "The same bits with other settings",
        "Answers beside those without the setting, on the same card; differences in units of the output's "
        "standard deviation.",
        table(["model", "beside", "bit-equal", "largest"], rows),
    )


def differences(facts):
    rows = []
    for model, found in facts["differences"].items():
        exact, beside = found.get("float32"), found["cpu"]
        equal = "yes" if beside["bit_equal"] else "no"
        distance = f"{exact['rms']:.2e}" if exact else None
        apart = [f"{beside['rms']:.2e}", f"{beside['largest']:.2e}"]
        rows.append([model, found["events"], *apart, equal, distance])
    return section(
        "Answers beside the CPU's",
        "Root mean square and largest difference in units of the output's standard deviation over the "
        "events, of the worst output; the CPU computes the same model.",
        table(["model", "events", "rms", "largest", "bit-equal", "rms from float32 on the CPU"], rows),
    )


def invariance(facts):
    rows = []
    for model, found in facts["invariance"].items():
        counts = [found[name] for name in ("requests", "events", "events_that_differ")] if found else []
        rows.append([model, *(counts or [None, None, "failed"])])
    return section(
        "The same bits in other micro-batches",
        "Events scored again in requests of 1 to 200 events, four clients at once; a difference in any bit "
        "counts.",
        table(["model", "requests", "events", "events that differ"], rows),
    )


def calibration(facts):
    said = table(["model", "asked for calibrated answers"], list(facts["calibrated"].items()))
    found = facts.get("calibration")
    if found is None:
        return section("Calibration", "Nothing is calibrated on the card yet.", said)
    covered = ", ".join(f"{output} {share:.4f}" for output, share in found["covered"].items())
    used, tested = found["events"]
    return section(
        "Calibration",
        "position-cnn and er-nr-mlp have a calibration that was made on a CPU, the others none.",
        said,
        f"Calibrated on the card with {used} events, position-cnn's intervals of {found['coverage']} "
        f"contain of {tested} other events: {covered}.",
    )


def refusals(facts):
    rows = [[f"`{device}`", " ".join(reasons)] for device, reasons in facts["refusals"].items()]
    return section("Devices that are not there", table(["device", "what the daemon says"], rows))
