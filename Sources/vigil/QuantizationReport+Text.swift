extension QuantizationReport {
    /// Prints tables for people.
    func show() {
        print(
            "\(model) \(version) in INT8: \(layers - left_in_float32.count) of \(layers) layers, ranges by \(method) of \(range_events) events, \(bytes) bytes now \(int8_bytes)"
        )
        showTries()
        showSpeeds()
        print("\nScores of \(test_events) other events: how far INT8 is from float32")
        Output.table(
            ["output", "unit", "rms", "99.9 %", "spread of float32"],
            shift.map { shift in
                [shift.output, shift.unit]
                    + [shift.rms, shift.p999, shift.spread].map { Output.significant($0, 3) }
            }
        )
        showUncertainty()
        print("")
        showEnd()
    }

    private func showTries() {
        guard tries.count > 1 else { return }
        print("\nVersions tried, with layers left in float32; shifts in spreads of float32")
        Output.table(
            ["left in float32", "events/s", "at", "shift", ""],
            tries.map { tried in
                [
                    tried.left_in_float32.isEmpty
                        ? "none" : tried.left_in_float32.joined(separator: ", "),
                    Output.significant(tried.events_per_second, 3), "\(tried.rows)",
                    Output.significant(tried.relative_shift, 2), tried.chosen ? "taken" : "",
                ]
            }
        )
    }

    private func showSpeeds() {
        print("\nTime of a micro-batch, \(engine)")
        Output.table(
            ["events", "float32 us", "int8 us", "float32 / int8"],
            speeds.map { speed in
                ["\(speed.rows)"]
                    + [(speed.float32_us, 1), (speed.int8_us, 1), (speed.ratio, 2)].map { cell in
                        cell.0.isNaN ? "-" : Output.fixed(cell.0, cell.1)
                    }
            }
        )
        let rates = [best.float32_events_per_second, best.int8_events_per_second].map {
            Output.significant($0, 3)
        }
        print(
            "At best float32 runs \(rates[0]) events/s, int8 \(rates[1]): int8 is \(Output.fixed(best.ratio, 2)) times as fast."
        )
    }

    private func showUncertainty() {
        if let reason = calibration_reason { print("No uncertainty is compared: \(reason)") }
        let rows =
            quality.map { entry in
                [entry.output, entry.measure, "", entry.unit]
                    + [entry.float32, entry.int8].map { Output.significant($0, 5) }
            }
            + uncertainty.map { entry in
                [entry.output, entry.what, entry.nominal.map(Output.shortest) ?? "", entry.unit]
                    + [entry.float32, entry.int8].map { Output.significant($0, 4) }
            }
        guard !rows.isEmpty else { return }
        print("\nTask and uncertainty on held-out events, each version by its own calibration")
        Output.table(["output", "", "at", "unit", "float32", "int8"], rows)
    }

    private func showEnd() {
        guard let kept else {
            let way = best.ratio > 1 ? "--keep or --keep-faster" : "--keep"
            print("nothing was kept: \(way) would write it as version \(int8_version)")
            return
        }
        print("kept as version \(int8_version): \(kept)")
        for change in reload { print(change) }
        if int8 == nil { print("calibrate it: vigil calibrate \(model)") }
        print("references for drift belong to one artefact: vigil reference \(model)")
    }
}
