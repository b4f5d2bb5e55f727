import Calibration
import Testing

@Suite struct OutputCalibrationTests {
    static let interval = OutputCalibration.Kind.interval(
        fitted {
            try SplitConformal.fit(
                .absolute,
                bins: .whole,
                samples: [.init(truth: 1, value: 1)],
                binColumns: []
            )
        }
    )
    static let vennAbers = OutputCalibration.Kind.vennAbers(
        fitted { try VennAbers.fit(scores: [0, 1], labels: [false, true]) }
    )
    static let curve = OutputCalibration.Kind.curve(
        fitted { try BinaryCurve.fit(.platt, scores: [0, 1], labels: [false, true]) }
    )
    static let merged = OutputCalibration.Kind.curve(
        fitted { try BinaryCurve.fit(.vennAbers, scores: [0, 1], labels: [false, true]) }
    )
    static let table = fitted {
        try ConformalPValues.fit(scores: [1, 2], bins: .whole, binColumns: [])
    }
    static let pValues = OutputCalibration.Kind.pValues([ClassPValues(name: "er", table: table)])

    static let sets = OutputCalibration.Kind.sets(.regularised(weight: 0.5, free: 1))
    static let twoClasses = OutputCalibration.Kind.pValues([
        ClassPValues(name: "er", table: table), ClassPValues(name: "nr", table: table),
    ])
    static let binned = fitted {
        try ConformalPValues.fit(
            scores: [1],
            bins: MondrianGrid(try MondrianBins(edges: [0])),
            binColumns: [[1]]
        )
    }

    @Test(
        "Meaningful mixtures are taken",
        arguments: [
            [interval], [vennAbers], [pValues], [vennAbers, pValues], [vennAbers, curve],
            [vennAbers, curve, pValues], [sets, twoClasses],
        ]
    )
    func take(kinds: [OutputCalibration.Kind]) throws {
        let output = try OutputCalibration(output: "y", binColumns: [], kinds: kinds)
        #expect((output.interval != nil) == kinds.contains(Self.interval))
        #expect((output.vennAbers != nil) == kinds.contains(Self.vennAbers))
        #expect(
            output.pValues.isEmpty
                == !(kinds.contains(Self.pValues) || kinds.contains(Self.twoClasses))
        )
        #expect(output.sets?.classes == (kinds.contains(Self.sets) ? 2 : nil))
        #expect((output.curve != nil) == kinds.contains(Self.curve))
        let isBinary = kinds.contains(Self.vennAbers)
        let method: BinaryCurve.Method = kinds.contains(Self.curve) ? .platt : .vennAbers
        #expect(output.binaryMethod == (isBinary ? method : nil))
    }

    @Test(
        "Others are refused",
        arguments: [
            [], [interval, interval], [interval, pValues], [interval, vennAbers],
            [curve], [curve, pValues], [interval, curve], [vennAbers, merged],
            [vennAbers, curve, curve], [curve, vennAbers],
            [pValues, vennAbers], [pValues, pValues], [.pValues([])],
            [.pValues([.init(name: "er", table: table), .init(name: "er", table: table)])],
            [.pValues([.init(name: "", table: table)])], [sets], [sets, pValues],
            [twoClasses, sets], [sets, vennAbers, twoClasses],
            [.sets(.regularised(weight: -1, free: 0)), twoClasses],
            [.sets(.regularised(weight: .infinity, free: 0)), twoClasses],
            [.sets(.regularised(weight: 1, free: -1)), twoClasses],
            [sets, .pValues([.init(name: "er", table: table), .init(name: "nr", table: binned)])],
        ] as [[OutputCalibration.Kind]]
    )
    func refuse(kinds: [OutputCalibration.Kind]) {
        #expect(throws: CalibrationError.self) {
            try OutputCalibration(output: "y", binColumns: [], kinds: kinds)
        }
    }

    @Test("Each axis of the bins has a column", arguments: 0...2, 0...2)
    func columns(axes: Int, count: Int) throws {
        let axis = try MondrianBins(edges: [1])
        let table = try ConformalPValues.fit(
            scores: [1],
            bins: MondrianGrid(axes: Array(repeating: axis, count: axes)),
            binColumns: Array(repeating: [0], count: axes)
        )
        let make = {
            try OutputCalibration(
                output: "y",
                binColumns: Array(
                    repeating: try BinColumn(source: .request, name: "s2"),
                    count: count
                ),
                kinds: [.pValues([ClassPValues(name: "er", table: table)])]
            )
        }
        if axes == count {
            #expect(try make().binColumns.count == count)
        } else {
            let error = #expect(throws: CalibrationError.self) { try make() }
            #expect(error?.what == "outputs[y].bin_columns")
        }
    }

    @Test("Only an input has features", arguments: BinColumn.Source.allCases)
    func feature(source: BinColumn.Source) throws {
        if source == .input {
            let column = try BinColumn(source: source, name: "features", feature: "s2c")
            #expect(column.feature == "s2c")
        } else {
            #expect(throws: CalibrationError.self) {
                try BinColumn(source: source, name: "features", feature: "s2c")
            }
        }
    }
}

/// A fit that cannot fail.
func fitted<Value>(_ fit: () throws -> Value) -> Value {
    do {
        return try fit()
    } catch {
        preconditionFailure("\(error)")
    }
}
