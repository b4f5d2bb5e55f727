"""The page that gpu-check writes."""

import peaks

# Whose matrix units a model's arithmetic runs on.
UNITS = {
    "position-cnn": "float32",
    "position-cnn-16": "float32",
    "position-cnn-free": "tf32",
    "image-cnn-float32": "float32",
    "image-cnn-float32-free": "tf32",
    "image-cnn-float16": "float16",
    "image-cnn-float16-free": "float16",
    "image-cnn-int8": "int8",
    "image-cnn-int8-free": "int8",
}


def table(head, rows):
    """Markdown; None is a cell that was not measured."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join("" if cell is None else str(cell) for cell in line) + " |" for line in lines)


def number(value, digits=3):
    """So many digits, thousands apart."""
    if value >= 10 ** (digits - 1):
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.{digits}g}"


def page(facts):
    """All sections."""
    return "\n\n".join(
        [
            title(facts),
            differences(facts),
            invariance(facts),
            calibration(facts),
            engine(facts),
            share(facts),
            loads(facts),
            refusals(facts),
        ]
    ) + "\n"


def title(facts):
    gpu, peak = facts.get("gpu"), facts["peak"]
    lines = [
        "# vigild on a GPU",
        "Written by `Deploy/gpu-check`; the same as data is in GPU.json.",
    ]
    rows = []
    if gpu:
        rows += [("card", f"{gpu['name']}, {gpu['memory.total']}, PCIe {gpu['pcie.link.gen.max']}")]
        rows += [("driver", gpu["driver_version"])]
        rows += [("memory of the card in use, all models loaded", facts["memory"])]
    rows += [("processor", facts["processor"]), ("system", facts["system"])]
    rows += [(name, path) for name, path in facts.get("libraries", {}).items()]
    rows += [(name, version) for name, version in facts["bundle"].items()]
    rows += [("date", facts["date"]), ("seconds, all of this", number(facts["seconds"]))]
    rows += [("seconds, loading the models on the card", number(facts["load_seconds"]))]
    if peak:
        rows += [(f"{name} peak, {peak['source']}", f"{number(value)} TFLOP/s") for name, value in peak["tflops"].items()]
        rows += [(f"copy to the card, {name} memory", f"{number(value)} GB/s") for name, value in peak["copy_gb_per_second"].items()]
    lines.append(table(["", ""], rows))
    failed = {name: model for name, model in facts["models"].items() if model["state"] != "serving"}
    lines += [f"`{name}` does not serve: {'; '.join(model['reasons'])}" for name, model in failed.items()]
    return "\n\n".join(lines)


def differences(facts):
    rows = []
    for model, found in facts["differences"].items():
        exact = found.get("float32")
        rows.append(
            [
                model, f"{found['cpu']['rms']:.2e}", f"{found['cpu']['largest']:.2e}",
                "yes" if found["cpu"]["bit_equal"] else "no", f"{exact['rms']:.2e}" if exact else None,
            ]
        )
    return "\n\n".join(
        [
            "## Answers beside the CPU's",
            "In units of the output's standard deviation over the events; the worst output of each model.",
            table(["model", "rms", "largest", "bit-equal", "rms from float32 on the CPU"], rows),
        ]
    )


def invariance(facts):
    rows = [
        [model, found["requests"], found["events"], found["events_that_differ"]]
        for model, found in facts["invariance"].items()
    ]
    return "\n\n".join(
        [
            "## The same bits in other micro-batches",
            "Events scored again in requests of 1 to 200 events, four clients at once; a difference in any bit counts.",
            table(["model", "requests", "events", "events that differ"], rows),
        ]
    )


def calibration(facts):
    found = facts.get("calibration")
    if found is None:
        return "## Calibration\n\nposition-cnn does not serve."
    covered = ", ".join(f"{output} {share:.4f}" for output, share in found["covered"].items())
    before = "; ".join(found["before"]) or "nothing"
    return "\n\n".join(
        [
            "## Calibration",
            f"With the CPU's calibration beside it position-cnn said: {before}",
            f"Calibrated on the card with {found['events'][0]} events, {found['events'][1]} others are covered "
            f"at {found['coverage']} by: {covered}.",
        ]
    )


def engine(facts):
    models = {**facts["on_gpu"], **{f"{name} (cpu)": value for name, value in facts["on_cpu"].items()}}
    shapes = sorted({step["rows"] for model in models.values() for step in model["engine"]})
    rows = []
    for shape in shapes:
        steps = [next((step for step in model["engine"] if step["rows"] == shape), None) for model in models.values()]
        rows.append([shape, *(number(step["us"]) if step else None for step in steps)])
    return "\n\n".join(
        [
            "## One micro-batch",
            "Microseconds, copies to and from the card included, as the daemon timed it when it loaded the model. "
            "Shapes that gave other bits than the largest are not used and have no time: their events run padded. "
            "`-free` is `reproducible: false`: every shape, kernels chosen by timing, TF32. `-16` is "
            "`maximum_rows: 16`.",
            table(["events", *models], rows),
        ]
    )


def share(facts):
    peak = (facts["peak"] or {}).get("tflops") or peaks.DATA_SHEETS.get(facts.get("gpu", {}).get("name"))
    rows = []
    for model, found in facts["on_gpu"].items():
        best = max(found["engine"], key=lambda step: step["events_per_second"])
        limit = peak.get(UNITS[model]) if peak else None
        rows.append(
            [
                model, best["rows"], number(best["events_per_second"]), number(best["tflops"]), UNITS[model],
                f"{100 * best['tflops'] / limit:.1f} %" if limit else None,
            ]
        )
    where = facts["peak"]["source"] if facts["peak"] else "the card's data sheet"
    return "\n\n".join(
        [
            "## Share of the peak",
            f"At each model's best micro-batch; the peak is from {where}.",
            table(["model", "events", "events/s", "TFLOP/s", "arithmetic", "share of its peak"], rows),
        ]
    )


def loads(facts):
    rows = []
    for model, found in {**facts["on_gpu"], **{f"{name} (cpu)": value for name, value in facts["on_cpu"].items()}}.items():
        for single, many in zip(found["one_in_flight"], found["many_in_flight"]):
            refused = single.get("refused") or many.get("refused")
            if refused:
                rows.append([model, single["rows"], None, None, None, f"refused: {refused}"])
                continue
            rows.append(
                [
                    model, single["rows"], number(single["p50_us"]), number(single["p99_us"]), many["window"],
                    number(many["events_per_second"]),
                ]
            )
    return "\n\n".join(
        [
            "## Requests",
            "By `vigil bench` over ipc on the same machine, raw answers: latency with one request in flight, rate "
            "with more.",
            table(["model", "events a request", "p50 us", "p99 us", "in flight", "events/s"], rows),
        ]
    )


def refusals(facts):
    rows = [[f"`{device}`", " ".join(reasons)] for device, reasons in facts["refusals"].items()]
    return "\n\n".join(["## Devices that are not there", table(["device", "what the daemon says"], rows)])
