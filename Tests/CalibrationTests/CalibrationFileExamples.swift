import Calibration
import Foundation
import TestSupport

/// Calibration files for tests.
enum CalibrationFileExamples {
    static let digest = "sha256:" + String(repeating: "0123456789abcdef", count: 4)

    /// Every kind of calibration, few events.
    static func small() throws -> CalibrationFile { try file(events: 60) }

    /// One interval a method, and a binary output with Venn-ABERS and p-values of two classes.
    static func file(events: Int, bornSingle: Bool = false) throws -> CalibrationFile {
        var outputs = [try binary(events: events, bornSingle: bornSingle)]
        for method in ConformalMethod.allCases {
            outputs.append(
                try OutputCalibration(
                    output: "x_mm_\(method.rawValue)",
                    binColumns: [BinColumn(source: .input, name: "features", feature: "s2c")],
                    kinds: [
                        .interval(
                            try SplitConformal.fit(
                                method,
                                bins: MondrianGrid(MondrianBins(edges: [33.3, 66, 95.5])),
                                samples: SplitConformalTests.samples(events),
                                binColumns: [SplitConformalTests.column(events)]
                            )
                        )
                    ]
                )
            )
        }
        outputs.append(try limit(events: events))
        // Each of the three classes needs an event.
        if events >= 3 {
            outputs.append(try sets(events: events, .regularised(weight: 0.125, free: 1)))
        }
        return try file(events: events, outputs: outputs, regions: [region(events: events)])
    }

    /// Ellipses of two outputs, in two bins; one event has no scale.
    static func region(events: Int) throws -> RegionCalibration {
        var random = SeededRandom(seed: 43)
        return try RegionCalibration(
            outputs: ["x", "y"],
            binColumns: [BinColumn(source: .output, name: "s2")],
            ellipses: try ConformalEllipses.fit(
                bins: MondrianGrid(MondrianBins(edges: [48.5])),
                samples: (0..<events).map { row in
                    ConformalEllipses.Sample(
                        truth: (random.normal(), random.normal()),
                        value: (0, 0),
                        scale: (row == 1 ? 0 : 1, 2)
                    )
                },
                binColumns: [SplitConformalTests.column(events)]
            )
        )
    }

    /// Sets of three classes.
    static func sets(events: Int, _ score: ClassScore) throws -> OutputCalibration {
        var random = SeededRandom(seed: 44)
        let sets = try ConformalSets.fit(
            score,
            classes: 3,
            bins: MondrianGrid(MondrianBins(edges: [47.5])),
            ConformalSets.Sample(
                probabilities: (0..<events).flatMap { _ in
                    let first = Float(random.uniform())
                    return [first / 2, (1 - first) / 2, 0.5]
                },
                labels: (0..<events).map { $0 % 3 },
                uniforms: (0..<events).map { _ in random.uniform() },
                binColumns: [SplitConformalTests.column(events)]
            )
        )
        return try OutputCalibration(
            output: "classes_\(score.method)",
            binColumns: [BinColumn(source: .output, name: "s2")],
            kinds: [
                .sets(score),
                .pValues(
                    zip(["a", "b", "c"], sets.tables).map { ClassPValues(name: $0, table: $1) }
                ),
            ]
        )
    }

    /// An upper limit, in bins of two columns.
    static func limit(events: Int) throws -> OutputCalibration {
        try OutputCalibration(
            output: "limit",
            binColumns: [
                BinColumn(source: .output, name: "s2"), BinColumn(source: .request, name: "z"),
            ],
            kinds: [
                .interval(
                    try SplitConformal.fit(
                        .normalised,
                        side: .upper,
                        bins: MondrianGrid(axes: [
                            MondrianBins(edges: [33.3, 66]), MondrianBins(edges: [12.5]),
                        ]),
                        samples: SplitConformalTests.samples(events),
                        binColumns: [
                            SplitConformalTests.column(events),
                            SplitConformalTests.column(events).reversed(),
                        ]
                    )
                )
            ]
        )
    }

    /// Scores of a classifier; `bornSingle` as they come from a model, in single precision.
    static func binary(events: Int, bornSingle: Bool) throws -> OutputCalibration {
        var random = SeededRandom(seed: 42)
        let labels = (0..<events).map { $0.isMultiple(of: 2) }
        let scores = labels.map { label in
            let score = 1 / (1 + exp(-3 * random.normal() - (label ? 1 : -1)))
            return bornSingle ? Double(Float(score)) : score
        }
        let classes = try [("er", false), ("nr", true)].map { name, label in
            let chosen = labels.indices.filter { labels[$0] == label }
            return ClassPValues(
                name: name,
                table: try ConformalPValues.fit(
                    scores: chosen.map { label ? -scores[$0] : scores[$0] },
                    bins: MondrianGrid(
                        MondrianBins(edges: [Double(events) / 3, Double(events) / 2])
                    ),
                    binColumns: [chosen.map { Double($0) }]
                )
            )
        }
        return try OutputCalibration(
            output: "p_nr",
            binColumns: [BinColumn(source: .request, name: "s1c")],
            kinds: [
                .vennAbers(try VennAbers.fit(scores: scores, labels: labels)), .pValues(classes),
            ]
        )
    }

    static func file(
        events: Int,
        outputs: [OutputCalibration],
        regions: [RegionCalibration] = []
    ) throws -> CalibrationFile {
        try CalibrationFile(
            model: "er-nr \"mlp\" \\ é",
            version: "3",
            artefactDigest: digest,
            engine: "onnx",
            engineVersion: "1.32.0",
            precision: "fp32",
            deviceClass: "cpu",
            date: "2026-11-24T06:34:00Z",
            dataDigest: digest,
            events: events,
            outputs: outputs,
            regions: regions
        )
    }

    /// Replaces `part` of the small file, which must be there once.
    static func small(replacing part: String, with other: String) throws -> [UInt8] {
        let text = String(decoding: try small().json(), as: UTF8.self)
        let parts = text.components(separatedBy: part)
        precondition(parts.count == 2, "\(part) is there \(parts.count - 1) times")
        return Array(parts.joined(separator: other).utf8)
    }
}
