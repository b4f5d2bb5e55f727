import Calibration
import Foundation
import Monitoring
import TestSupport
import Testing

@Suite struct ReferenceFileTests {
    private static let digest = "sha256:" + String(repeating: "0a", count: 32)

    /// Two values, and a reference of each kind.
    private static func example() throws -> ReferenceFile {
        try ReferenceFile(
            model: "er-nr-tree",
            version: "1",
            artefactDigest: digest,
            engine: "vigil-trees",
            precision: "float32",
            deviceClass: "cpu",
            values: [
                .init(name: "s2c", bins: MondrianBins(edges: [1000.5, 2000])),
                .init(name: "margin", bins: MondrianBins(edges: [0])),
            ],
            references: [
                .init(
                    kind: .simulation,
                    date: "2026-11-26",
                    dataDigest: digest,
                    events: 300,
                    counts: [[100, 120, 70], [150, 150]]
                ),
                .init(
                    kind: .data,
                    date: "2026-11-26T06:34:00Z",
                    dataDigest: digest,
                    events: 200,
                    counts: [[10, 150, 40], [120, 80]]
                ),
            ]
        )
    }

    private static func text() throws -> String {
        String(decoding: try example().json(), as: UTF8.self)
    }

    @Test func `A file reads back as it was written`() throws {
        let file = try Self.example()
        let read = try ReferenceFile(json: file.json())
        #expect(read == file)
        #expect(read.json() == file.json())
        #expect(try read.histograms(read.references[1]).map(\.events) == [200, 200])
    }

    @Test(
        "What contradicts itself is refused by its key path",
        arguments: [
            ("\"format\": 1", "\"format\": 2", "format: found 2"),
            ("\"er-nr-tree\"", "\"\"", "model: found \"\""),
            ("\"sha256:0a", "\"sha256:0A", "artefact_digest: found \"sha256:0A"),
            ("\"margin\"", "\"s2c\"", "values[1].name: found \"s2c\" again"),
            ("[1000.5, 2000]", "[2000, 2000]", "values[0].bin_edges[1]: found 2000"),
            ("[0]", "[\"0\"]", "values[1].bin_edges: found an array of 1 elements"),
            ("\"data\",", "\"simulation\",", "references[1].kind: found \"simulation\" again"),
            (
                "\"data\",", "\"toys\",",
                "references[1].kind: found \"toys\", allowed: simulation, data"
            ),
            ("\"2026-11-26\"", "\"today\"", "references[0].date: found \"today\""),
            ("\"events\": 300", "\"events\": 299", "references[0].counts[1]: found 300 events"),
            ("\"events\": 300", "\"events\": 0", "references[0].events: found 0"),
            ("[150, 150]", "[150, 149.5]", "references[0].counts[1][1]: found 149.5"),
            ("[150, 150]", "[150, -1]", "references[0].counts[1][1]: found -1"),
            ("[150, 150]", "[150, 50, 100]", "references[0].counts[1]: found 3 of them"),
            (
                "[150, 150]", "[9, 9]",
                "references[0].counts[1]: found 18 events, allowed: at least 100"
            ),
            ("[150, 150]", "[9e18, 9e18]", "references[0].counts[1]: found more than"),
            ("\"model\"", "\"modle\"", "model: found nothing"),
            ("\"version\": \"1\"", "\"version\": \"1\", \"note\": 1", "note: found an unknown key"),
            (
                "\"name\": \"s2c\"", "\"name\": \"s2c\", \"unit\": 1",
                "values[0].unit: found an unknown key"
            ),
        ]
    )
    func refusals(old: String, new: String, message: String) throws {
        let text = try Self.text()
        let range = try #require(text.range(of: old))
        let damaged = text.replacingCharacters(in: range, with: new)
        let error = #expect(throws: CalibrationError.self) {
            try ReferenceFile(json: Array(damaged.utf8))
        }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    @Test func `More bins than a stream has memory for are refused`() throws {
        let edges = (0..<ReferenceFile.maximumBins).map(Double.init)
        let error = #expect(throws: CalibrationError.self) {
            try ReferenceFile(
                model: "m",
                version: "1",
                artefactDigest: Self.digest,
                engine: "e",
                precision: "float32",
                deviceClass: "cpu",
                values: [.init(name: "x", bins: MondrianBins(edges: edges))],
                references: []
            )
        }
        #expect(error?.what == "values[0].bin_edges" && error?.found == "65 bins")
    }

    @Test func `Bytes cut short or changed are refused or read, and never trap`() throws {
        let bytes = try Self.example().json()
        // All but the line feed at the end.
        for count in bytes.indices.dropLast() {
            #expect(throws: CalibrationError.self) {
                try ReferenceFile(json: Array(bytes[..<count]))
            }
        }
        var random = SeededRandom(seed: 4)
        for _ in 0..<2000 {
            var changed = bytes
            let place = Int(random.uniform() * Double(changed.count))
            changed[place] = UInt8(random.uniform() * 256)
            if let file = try? ReferenceFile(json: changed) {
                #expect(try ReferenceFile(json: file.json()) == file)
            }
        }
    }
}
