import Telemetry
import Testing

@Suite struct RegistryTests {
    @Test func `The same name and labels give the same handle`() {
        let registry = MetricRegistry()
        let labels = [("model", "m"), ("version", "1")]
        let counter = registry.counter("c_total", help: "C.", labels: labels)
        #expect(counter === registry.counter("c_total", help: "C.", labels: labels))
        #expect(counter === registry.counter("c_total", help: "C.", labels: labels.reversed()))
        #expect(counter !== registry.counter("c_total", help: "C.", labels: [("model", "m")]))
        #expect(counter !== registry.counter("d_total", help: "C.", labels: labels))
        let gauge = registry.gauge("g", help: "G.")
        #expect(gauge === registry.gauge("g", help: "G."))
    }

    @Test func `Concurrent adds are all counted`() async {
        let registry = MetricRegistry()
        let gauge = registry.gauge("g", help: "G.")
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for index in 0..<2000 {
                        registry.counter("c_total", help: "C.", labels: [("t", "all")]).add(2)
                        registry.histogram("h", help: "H.", bounds: [10, 100], unit: .one)
                            .record(UInt64(index % 200))
                        gauge.set(Double(task))
                        if index % 500 == 0 { _ = registry.render() }
                    }
                }
            }
        }
        let lines = text(registry).split(separator: "\n")
        #expect(lines.contains("c_total{t=\"all\"} 32000"))
        #expect(lines.contains("h_bucket{le=\"10\"} 880"))
        #expect(lines.contains("h_bucket{le=\"100\"} 8080"))
        #expect(lines.contains("h_count 16000"))
        // 80 rounds of 0 + 1 + ... + 199.
        #expect(lines.contains("h_sum 1592000"))
    }

    @Test func `Metrics that carry all the labels are forgotten, others stay`() {
        let registry = MetricRegistry()
        for model in ["a", "b"] {
            for version in ["1", "2"] {
                let labels = [("model", model), ("version", version)]
                registry.counter("c_total", help: "C.", labels: labels).add(1)
                registry.counter("p_total", help: "P.", labels: labels + [("p", "BULK")]).add(1)
            }
        }
        registry.counter("c_total", help: "C.").add(1)
        registry.gauge("only", help: "O.", labels: [("version", "2"), ("model", "b")]).set(1)
        registry.remove(labels: [("model", "b"), ("version", "2")])
        let left = text(registry)
        #expect(left.contains(#"c_total{model="a",version="1"} 1"#))
        #expect(left.contains(#"c_total{model="a",version="2"} 1"#))
        #expect(left.contains(#"p_total{model="b",version="1",p="BULK"} 1"#))
        #expect(!left.contains(#"model="b",version="2""#))
        #expect(left.contains("\nc_total 1\n"))
        // A family without children leaves no help behind.
        #expect(!left.contains("only"))
        registry.remove(labels: [("model", "none")])
        #expect(text(registry) == left)
    }

    @Test func `A handle outlives its removal, and a new one begins at nothing`() {
        let registry = MetricRegistry()
        let old = registry.counter("c_total", help: "C.", labels: [("m", "a")])
        old.add(3)
        registry.remove(labels: [("m", "a")])
        old.add(1)
        #expect(old.value == 4)
        #expect(text(registry) == "")
        let new = registry.counter("c_total", help: "C.", labels: [("m", "a")])
        #expect(new !== old)
        #expect(text(registry).contains("c_total{m=\"a\"} 0"))
    }

    @Test func `A reading is read when it is shown, and anew after its removal`() {
        let registry = MetricRegistry()
        let counter = registry.counter("c_total", help: "C.")
        registry.reading("twice", help: "T.", labels: [("m", "a")]) { Double(2 * counter.value) }
        #expect(text(registry).contains("twice{m=\"a\"} 0"))
        counter.add(4)
        #expect(text(registry).contains("twice{m=\"a\"} 8"))
        registry.remove(labels: [("m", "a")])
        registry.reading("twice", help: "T.", labels: [("m", "a")]) { 5 }
        #expect(text(registry).contains("twice{m=\"a\"} 5"))
    }

    @Test func `One name for two types is a bug`() async {
        await #expect(processExitsWith: .failure) {
            let registry = MetricRegistry()
            _ = registry.counter("x", help: "X.")
            _ = registry.gauge("x", help: "X.")
        }
        await #expect(processExitsWith: .failure) {
            let registry = MetricRegistry()
            _ = registry.counter("x", help: "X.")
            _ = registry.gauge("x", help: "X.", labels: [("a", "b")])
        }
    }

    private func text(_ registry: MetricRegistry) -> String {
        String(decoding: registry.render(), as: UTF8.self)
    }
}
