import Telemetry
import TestSupport
import Testing

@Suite struct ExpositionTests {
    @Test func `An empty registry shows nothing`() {
        #expect(text(MetricRegistry()) == "")
    }

    @Test func `Families stand by name, children by labels, each with help and type`() {
        let registry = MetricRegistry()
        registry.counter("b_total", help: "Second.", labels: [("x", "2")]).add(5)
        registry.gauge("c", help: "Third.").set(1.5)
        registry.counter("b_total", help: "Second.", labels: [("x", "1"), ("y", "é")]).add(7)
        registry.reading("a", help: "First.") { -3 }
        registry.counter("b_total", help: "Second.").add(2)
        #expect(
            text(registry) == """
                # HELP a First.
                # TYPE a gauge
                a -3
                # HELP b_total Second.
                # TYPE b_total counter
                b_total 2
                b_total{x="1",y="é"} 7
                b_total{x="2"} 5
                # HELP c Third.
                # TYPE c gauge
                c 1.5

                """
        )
    }

    @Test func `A table is read as a whole and stands behind the others`() {
        let registry = MetricRegistry()
        registry.table {
            var windows = MetricRegistry.Rows("a_total", help: "Windows.", type: .counter)
            windows.add([("stream", "b")], 2)
            windows.add([("stream", "a\"")], 1)
            return [windows, MetricRegistry.Rows("c", help: "None.", type: .gauge)]
        }
        registry.gauge("d", help: "Fourth.").set(.nan)
        #expect(
            text(registry) == """
                # HELP d Fourth.
                # TYPE d gauge
                d NaN
                # HELP a_total Windows.
                # TYPE a_total counter
                a_total{stream="a\\""} 1
                a_total{stream="b"} 2
                # HELP c None.
                # TYPE c gauge

                """
        )
    }

    @Test func `A histogram in seconds shows cumulative buckets, sum and count`() {
        let registry = MetricRegistry()
        let histogram = registry.histogram(
            "h_seconds",
            help: "Time.",
            bounds: [50_000, 2_500_000, 1_000_000_000],
            unit: .seconds,
            labels: [("m", "a")]
        )
        for value: UInt64 in [1, 50_000, 50_001, 2_500_000, 3_000_000, 2_000_000_000] {
            histogram.record(value)
        }
        #expect(
            text(registry) == """
                # HELP h_seconds Time.
                # TYPE h_seconds histogram
                h_seconds_bucket{m="a",le="5e-05"} 2
                h_seconds_bucket{m="a",le="0.0025"} 4
                h_seconds_bucket{m="a",le="1"} 5
                h_seconds_bucket{m="a",le="+Inf"} 6
                h_seconds_sum{m="a"} 2.005600002
                h_seconds_count{m="a"} 6

                """
        )
    }

    @Test func `A histogram of things without labels shows whole numbers`() {
        let registry = MetricRegistry()
        let histogram = registry.histogram("rows", help: "Rows.", bounds: [1, 16384], unit: .one)
        histogram.record(0)
        histogram.record(16384)
        histogram.record(16385)
        let lines = text(registry).split(separator: "\n").dropFirst(2)
        #expect(
            lines == [
                "rows_bucket{le=\"1\"} 1", "rows_bucket{le=\"16384\"} 2",
                "rows_bucket{le=\"+Inf\"} 3",
                "rows_sum 32769", "rows_count 3",
            ]
        )
    }

    @Test(
        "Label values are escaped, help too but for quotes",
        arguments: [
            (#"a\b"#, #"a\\b"#, #"a\\b"#), ("a\nb", #"a\nb"#, #"a\nb"#),
            (#"a"b"#, #"a\"b"#, #"a"b"#),
            (#"\n"#, #"\\n"#, #"\\n"#), ("\"\\\n\"", #"\"\\\n\""#, #""\\\n""#), ("", "", ""),
            ("{,=}", "{,=}", "{,=}"), ("\r\n", "\r\\n", "\r\\n"),
        ]
    )
    func escape(raw: String, label: String, help: String) {
        let registry = MetricRegistry()
        registry.counter("c_total", help: raw, labels: [("l", raw)]).add(1)
        #expect(
            text(registry)
                == "# HELP c_total \(help)\n# TYPE c_total counter\nc_total{l=\"\(label)\"} 1\n"
        )
    }

    @Test(
        "Numbers are shown as they are",
        arguments: [
            (0, "0"), (-0.0, "0"), (1, "1"), (-17, "-17"), (0.5, "0.5"), (0.0025, "0.0025"),
            (123_456.75, "123456.75"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
            (999_999_999_999_999, "999999999999999"), (5e-05, "5e-05"),
        ] as [(Double, String)]
    )
    func number(value: Double, wanted: String) {
        #expect(shown(value) == wanted)
    }

    @Test("Numbers of any size are read back as what they are", arguments: 0..<10)
    func readBack(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            let bits = random.next()
            let value = Double(bitPattern: bits)
            guard value.isFinite else { continue }
            let text = shown(value)
            let back = try #require(Double(text), "\(text)")
            // Nine digits behind the point, or all of them.
            #expect(
                abs(back - value) <= max(1e-9, abs(value) * 1e-9),
                "\(value) is shown as \(text)"
            )
        }
    }

    private func shown(_ value: Double) -> String {
        let registry = MetricRegistry()
        registry.gauge("g", help: "").set(value)
        let line = text(registry).split(separator: "\n").last ?? ""
        return String(line.dropFirst(2))
    }

    private func text(_ registry: MetricRegistry) -> String {
        String(decoding: registry.render(), as: UTF8.self)
    }
}
