import Calibration
import Foundation
import Testing

@Suite struct CalibrationFileRefusalTests {
    struct Change: Sendable, CustomTestStringConvertible {
        var part: String
        var other: String
        var what: String
        var testDescription: String { "\(part) -> \(other.prefix(40))" }

        init(_ part: String, _ other: String, _ what: String) {
            self.part = part
            self.other = other
            self.what = what
        }
    }

    static let changes = [
        Change(#""format": 2,"#, #""format": 1,"#, "format"),
        Change(#""format": 2,"#, #""format": 2.5,"#, "format"),
        Change(#""format": 2,"#, #""format": "2","#, "format"),
        Change(#""format": 2,"#, "", "format"),
        Change(#""format": 2,"#, #""format": 2, "colour": 3,"#, "colour"),
        Change(#""version": "3""#, #""version": """#, "version"),
        Change(#""version": "3""#, #""version": 3"#, "version"),
        Change(#""version": "3""#, #""version": null"#, "version"),
        Change(#""version": "3""#, #""version": "a\nb""#, "version"),
        Change(
            #""artefact_digest": "sha256:0"#,
            #""artefact_digest": "sha256:"#,
            "artefact_digest"
        ),
        Change(
            #""artefact_digest": "sha256:0"#,
            #""artefact_digest": "sha256:A"#,
            "artefact_digest"
        ),
        Change(#""data_digest": "sha"#, #""data_digest": "md5"#, "data_digest"),
        Change("2026-11-24T06:34:00Z", "24.11.2026", "date"),
        Change("2026-11-24T06:34:00Z", "2026-11-24T06:34:00", "date"),
        Change(#""events": 60,\#n  "outputs""#, #""events": 0,\#n  "outputs""#, "events"),
        Change(#""events": 60,\#n  "outputs""#, #""events": 1e300,\#n  "outputs""#, "events"),
        Change(
            #""events": 60,\#n  "outputs""#,
            #""events": 59,\#n  "outputs""#,
            "outputs[0].venn_abers"
        ),
        Change(#""method": "raps""#, #""method": "best""#, "outputs[6].sets.free_ranks"),
        Change(#""method": "raps""#, #""method": "lac""#, "outputs[6].sets.free_ranks"),
        Change(#""penalty": 0.125"#, #""penalty": -1"#, "outputs[6].sets.penalty"),
        Change(#""penalty": 0.125"#, #""penalty": "much""#, "outputs[6].sets.penalty"),
        Change(#""free_ranks": 1"#, #""free_ranks": 1.5"#, "outputs[6].sets.free_ranks"),
        Change(#""output": "x_mm_cqr","#, #""output": "p_nr","#, "outputs[3].output"),
        Change(
            #""source": "request",\#n          "name": "s1c""#,
            #""source": "file", "name": "s1c""#,
            "outputs[0].bin_columns[0].source"
        ),
        Change(
            #""source": "request",\#n          "name": "s1c""#,
            #""source": "request", "feature": "a", "name": "s1c""#,
            "outputs[0].bin_columns[0].feature"
        ),
        Change(
            #""name": "s2"\#n        },"#,
            #""name": "s2"}, {"source": "output", "name": "s3"},"#,
            "outputs[5].bin_columns"
        ),
        Change("[33.3, 66],", "[33.3, 33.3],", "outputs[5].interval.bin_edges[0][1]"),
        Change("[33.3, 66],", "[33.3, 66], [7],", "outputs[5].interval.bin_edges"),
        Change("[33.3, 66],", "[33.3],", "outputs[5].interval.events_per_bin"),
        Change(#""x",\#n        "y""#, #""x""#, "regions[0].outputs"),
        Change(#""x",\#n        "y""#, #""x", "x""#, "regions[0].outputs"),
        Change(#""x",\#n        "y""#, #""x", 1"#, "regions[0].outputs[1]"),
        Change("[48.5]", "[48.5], [1]", "regions[0].events_per_bin"),
        Change("[48.5]", "", "regions[0].events_per_bin"),
        Change(#""shapes": ["#, #""shapes": [[1, 2, 1],"#, "regions[0].shapes"),
        Change(#""side": "upper""#, #""side": "left""#, "outputs[5].interval.side"),
        Change(
            #""class_one_events": 30"#,
            #""class_one_events": 60"#,
            "outputs[0].venn_abers.class_one_events"
        ),
        Change(
            #""class_one_events": 30"#,
            #""class_one_events": -1"#,
            "outputs[0].venn_abers.class_one_events"
        ),
        Change(#""p0": [0,"#, #""p0": [0.001,"#, "outputs[0].venn_abers.p0"),
        Change(#""p0": [0,"#, #""p0": [0, 0,"#, "outputs[0].venn_abers.p0[1]"),
        Change(#""p0": [0,"#, #""p0": [0, 0.000001,"#, "outputs[0].venn_abers.p0"),
        Change(#""p1_to": ["#, #""p1_to": [-1e400,"#, "JSON at byte"),
        Change(#""p1_to": ["#, #""p1_to": [-9,"#, "outputs[0].venn_abers.p1"),
        Change(#""class": "er""#, #""class": "nr""#, "outputs[0].p_values[1].class"),
        Change(#""method": "absolute","#, #""method": "best","#, "outputs[1].interval.method"),
        Change(
            #""method": "cqr","#,
            #""method": "cqr-asymmetric","#,
            "outputs[3].interval.scores_below"
        ),
        Change(
            #""method": "cqr-asymmetric",\#n        "side": "both""#,
            #""method": "cqr-asymmetric", "side": "lower""#,
            "outputs[4].interval.side"
        ),
        Change(#""method": "cqr","#, #""method": "cqr", "metod": 1,"#, "outputs[3].interval.metod"),
    ]

    @Test("A file that says something else is refused with its key path", arguments: changes)
    func refuse(change: Change) throws {
        let json = try CalibrationFileExamples.small(
            replacing: change.part,
            with: change.other
        )
        let error = #expect(throws: CalibrationError.self) { try CalibrationFile(json: json) }
        let what = try #require(error?.what)
        #expect(what == change.what || (change.what.hasPrefix("JSON") && what.hasPrefix("JSON")))
    }

    @Test(
        "Tables that contradict themselves are refused",
        arguments: [
            ("[[1, 2, 3]]", "[3]", "[1]", "[[1, 2]]", "outputs[0].p_values[0].events_per_bin"),
            ("[]", "[2]", "[2]", "[[1, 2, 3]]", "outputs[0].p_values[0].scores[0]"),
            ("[]", "[2]", "[2]", "[[2, 1]]", "outputs[0].p_values[0].scores[0][1]"),
            ("[]", "[2]", "[2]", "[[1, 2], [3]]", "outputs[0].p_values[0].scores"),
            ("[]", "[2]", "[2]", "[1, 2]", "outputs[0].p_values[0].scores"),
            ("[]", "[2]", "[2]", "[[1, \"2\"]]", "outputs[0].p_values[0].scores[0]"),
            ("[]", "[2]", "[2]", "[]", "outputs[0].p_values[0].scores"),
            ("[]", "[2]", "[0]", "[[]]", "outputs[0].p_values[0].scores"),
            ("[]", "[2]", "[-1]", "[[]]", "outputs[0].p_values[0].events_per_bin[0]"),
            ("[]", "[2]", "[1]", "[[1e39]]", "outputs[0].p_values[0].scores[0][0]"),
            ("[[2, 1]]", "[2]", "[1]", "[[1]]", "outputs[0].p_values[0].bin_edges[0][1]"),
            ("[2, 1]", "[2]", "[1]", "[[1]]", "outputs[0].p_values[0].bin_edges[0]"),
            ("[[1], [1]]", "[2]", "[1]", "[[1]]", "outputs[0].p_values[0].events_per_bin"),
        ]
    )
    func contradict(edges: String, _: String, counts: String, scores: String, what: String) {
        let error = #expect(throws: CalibrationError.self) {
            try CalibrationFile(
                json: file(
                    """
                    "p_values": [{"class": "er", "bin_edges": \(edges), "events_per_bin": \(counts),
                    "score_type": "float32", "scores": \(scores)}]
                    """
                )
            )
        }
        #expect(error?.what == what)
    }

    @Test(
        "Steps that no sample can make are refused",
        arguments: [
            ("[]", "[0]", "[]", "[1]", nil),
            ("[1]", "[0, 0.5]", "[1]", "[0.6, 1]", nil),
            ("[1]", "[0, 0.5]", "[1]", "[0.4, 1]", "p0[1]"),
            ("[1]", "[0, 1.5]", "[]", "[1]", "p0"),
            ("[1, 1]", "[0, 0.5, 0.6]", "[]", "[1]", "p0_from[1]"),
            ("[]", "[0]", "[1]", "[-0.5, 1]", "p1"),
            ("[]", "[0]", "[1]", "[0.5, 0.9]", "p1"),
            ("[]", "[]", "[]", "[1]", "p0"),
            ("[]", "[0]", "[]", "[]", "p1"),
        ] as [(String, String, String, String, String?)]
    )
    func steps(from: String, p0: String, to: String, p1: String, key: String?) throws {
        let json = file(
            """
            "venn_abers": {"events": 9, "class_one_events": 3, "score_type": "float64",
            "p0_from": \(from), "p0": \(p0), "p1_to": \(to), "p1": \(p1)}
            """
        )
        guard let key else {
            _ = try CalibrationFile(json: json)
            return
        }
        let error = #expect(throws: CalibrationError.self) { try CalibrationFile(json: json) }
        #expect(error?.what == "outputs[0].venn_abers.\(key)")
    }

    @Test(
        "Curves that no sample can make are refused",
        arguments: [
            (#""method": "platt", "coefficients": [1, -0.5]"#, nil),
            (#""method": "beta", "coefficients": [1, 0.5, 2]"#, nil),
            (#""method": "temperature", "coefficients": [0.5]"#, nil),
            (#""method": "platt", "coefficients": [1]"#, "coefficients"),
            (#""method": "platt", "coefficients": 1"#, "coefficients"),
            (#""method": "venn-abers", "coefficients": [1]"#, "method"),
            (#""method": "platt", "coefficients": [1, 2], "slope": 1"#, "slope"),
            (Self.isotonic("[1, 2]", "[0.1, 0.9]"), nil),
            (Self.isotonic("[1, 1]", "[0.1, 0.9]"), "places[1]"),
            (Self.isotonic("[1, 2]", "[0.9, 0.1]"), "values[1]"),
            (Self.isotonic("[1, 2]", "[0, 0.1]"), "values[0]"),
            (Self.isotonic("[1, 2]", "[0.1, 1]"), "values[1]"),
            (Self.isotonic("[1, 2]", "[0.1]"), "values"),
            (Self.isotonic("[]", "[]"), "values"),
        ] as [(String, String?)]
    )
    func curves(content: String, key: String?) throws {
        let json = file(
            """
            "venn_abers": {"events": 9, "class_one_events": 3, "score_type": "float64",
            "p0_from": [], "p0": [0], "p1_to": [], "p1": [1]}, "curve": {\(content)}
            """
        )
        guard let key else {
            let read = try CalibrationFile(json: json)
            #expect(try CalibrationFile(json: read.json()) == read)
            #expect(read.outputs[0].curve != nil)
            return
        }
        let error = #expect(throws: CalibrationError.self) { try CalibrationFile(json: json) }
        #expect(error?.what == "outputs[0].curve.\(key)")
    }

    @Test(
        "Ellipses that no sample can make are refused",
        arguments: [
            ("[[1, 0.5, 1]]", "[3]", "[[0.5, 1]]", nil),
            ("[[1, 1, 1]]", "[1]", "[[0.5]]", "shapes[0]"),
            ("[[0, 0, 1]]", "[1]", "[[0.5]]", "shapes[0]"),
            ("[[1, 0]]", "[1]", "[[0.5]]", "shapes[0]"),
            ("[[1, 0, 1], [1, 0, 1]]", "[1]", "[[0.5]]", "shapes"),
            ("[[1, 0, 1]]", "[1]", "[[0.5, 1]]", "scores[0]"),
            ("[[1, 0, 1]]", "[2]", "[[1, 0.5]]", "scores[0][1]"),
            ("[[1, 0, 1]]", "[2]", "[[-1, 0.5]]", "scores[0][0]"),
            ("[[1, 0, 1]]", "[99]", "[[0.5]]", ""),
        ] as [(String, String, String, String?)]
    )
    func ellipses(shapes: String, counts: String, scores: String, key: String?) throws {
        let json = file(
            #""venn_abers": {"events": 9, "class_one_events": 3, "score_type": "float64","#
                + #""p0_from": [], "p0": [0], "p1_to": [], "p1": [1]}"#,
            #""regions": [{"outputs": ["x", "y"], "bin_edges": [], "events_per_bin": \#(counts),"#
                + #""shapes": \#(shapes), "score_type": "float64", "scores": \#(scores)}]"#
        )
        guard let key else {
            let read = try CalibrationFile(json: json)
            #expect(try CalibrationFile(json: read.json()) == read)
            let ellipses = read.regions[0].ellipses
            #expect(ellipses.radius(bin: 0, coverage: 0.5) == 1)
            #expect(ellipses.radius(bin: 0, coverage: 0.75) == .infinity)
            return
        }
        let error = #expect(throws: CalibrationError.self) { try CalibrationFile(json: json) }
        #expect(error?.what == (key.isEmpty ? "regions[0]" : "regions[0].\(key)"))
    }

    private static func isotonic(_ places: String, _ values: String) -> String {
        #""method": "isotonic", "events": 9, "score_type": "float32", "places": \#(places), "#
            + #""values": \#(values)"#
    }

    private func file(_ calibration: String, _ regions: String? = nil) -> [UInt8] {
        Array(
            """
            {"format": 2, "model": "m", "version": "1", "engine": "onnx", "engine_version": "1",
            "precision": "fp32", "device_class": "cpu", "date": "2026-11-24", "events": 9,
            "artefact_digest": "\(CalibrationFileExamples.digest)",
            "data_digest": "\(CalibrationFileExamples.digest)",
            "outputs": [{"output": "y", \(calibration)}]\(regions.map { ", " + $0 } ?? "")}
            """.utf8
        )
    }
}
