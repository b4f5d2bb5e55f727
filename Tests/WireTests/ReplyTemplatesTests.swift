import Messages
import Tensors
import TestSupport
import Testing
import Wire

@Suite struct ReplyTemplatesTests {
    /// A layout of one float an event; the version tells it from others.
    private static func layout(version: String) -> AnswerLayout {
        AnswerLayout(
            outputs: [
                .init(name: "y", unit: "", method: "raw", hasCoverage: true, value: 0, flags: 1)
            ],
            pValues: [],
            logLikelihoodRatio: nil,
            sections: [.init(type: .float32, shape: []), .init(type: .uint8, shape: [])],
            provenance: Provenance(
                model: "m",
                version: version,
                digest: "",
                engine: "",
                precision: "",
                device: "",
                calibration: nil,
                calibrationDate: nil,
                bins: []
            )
        )
    }

    /// The reply of a layout's answer to one event of 1.5.
    private static func reply(
        _ templates: ReplyTemplates,
        _ layout: AnswerLayout,
        coverage: Double = 0.5,
        flaggedOutputs: UInt32 = 0
    ) throws -> ScoreAnswer {
        var block: [Float] = .init(repeating: 1.5, count: 32)
        let header = unsafe block.withUnsafeMutableBytes { raw -> [UInt8] in
            guard let base = raw.baseAddress else { return [] }
            let template = unsafe templates.find(
                layout: Unmanaged.passUnretained(layout),
                rows: 1,
                block: base,
                isFramed: false,
                coverage: coverage,
                flaggedOutputs: flaggedOutputs
            )
            var header = [UInt8](repeating: 0, count: template.byteCount(id: 8))
            unsafe header.withUnsafeMutableBytes { raw in
                guard let memory = raw.baseAddress else { return }
                unsafe template.write(
                    id: 8,
                    queueNanoseconds: 1,
                    computeNanoseconds: 2,
                    batch: 3,
                    into: memory
                )
            }
            return header
        }
        guard case .score(let answer) = try LentFrames(header).reply().reply else {
            throw ReplyMissing()
        }
        return answer
    }

    private struct ReplyMissing: Error {}

    @Test func `A layout that takes a dropped one's memory gets its own template`() throws {
        let templates = ReplyTemplates()
        for round in 0..<1000 {
            let layout = Self.layout(version: "\(round)")
            #expect(try Self.reply(templates, layout).origin.version == "\(round)")
        }
        #expect(templates.made == 1000)
    }

    @Test func `Coverage and flags tell templates apart`() throws {
        let templates = ReplyTemplates()
        let layout = Self.layout(version: "1")
        for _ in 0..<2 {
            for coverage in [0.5, 0.9, 0.95, .nan] {
                for flagged in [0, 1] as [UInt32] {
                    let answer = try Self.reply(
                        templates,
                        layout,
                        coverage: coverage,
                        flaggedOutputs: flagged
                    )
                    #expect(answer.outputs[0].coverage?.bitPattern == coverage.bitPattern)
                    #expect((answer.outputs[0].flags != nil) == (flagged == 1))
                    #expect(answer.outputs[0].value.floats == [1.5])
                }
            }
        }
        #expect(templates.made >= 8)
    }

    @Test func `A template in use outlives any number of others`() throws {
        let templates = ReplyTemplates()
        let kept = Self.layout(version: "kept")
        for round in 0..<2000 {
            #expect(try Self.reply(templates, kept).origin.version == "kept")
            _ = try Self.reply(templates, Self.layout(version: "\(round)"))
        }
        #expect(templates.made == 2001)
    }

    @Test func `Four templates in turn are never made again`() throws {
        let templates = ReplyTemplates()
        let layouts = (0..<4).map { Self.layout(version: "\($0)") }
        for _ in 0..<50 {
            for (index, layout) in layouts.enumerated() {
                #expect(try Self.reply(templates, layout).origin.version == "\(index)")
            }
        }
        #expect(templates.made == 4)
    }

    @Test func `A layout lives as long as its template and no longer`() throws {
        var templates: ReplyTemplates? = ReplyTemplates()
        weak let first = try fill(templates, rounds: 1)
        #expect(first != nil)
        // Many times what there is room for.
        weak let last = try fill(templates, rounds: 20 * ReplyTemplates.capacity)
        #expect(first == nil)
        #expect(last != nil)
        templates = nil
        #expect(last == nil)
    }

    /// Makes templates of layouts that nobody else keeps afterwards; returns the last one.
    private func fill(_ templates: ReplyTemplates?, rounds: Int) throws -> AnswerLayout? {
        // All at once: one that came in the memory of another would only replace that.
        let layouts = (0..<rounds).map { Self.layout(version: "\($0)") }
        for layout in layouts {
            if let templates { _ = try Self.reply(templates, layout) }
        }
        return layouts.last
    }
}
