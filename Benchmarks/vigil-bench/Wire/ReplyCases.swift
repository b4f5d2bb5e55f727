import Messages
import Tensors
import Wire

/// Writing of one regression's reply: value, lower and upper end of 16 events, 64 bytes each.
@safe
final class ReplyCases {
    private static let rows = 16
    private static let memoryBytes = 4096

    private let isFramed: Bool
    private let layout: AnswerLayout
    private let block: UnsafeMutableRawPointer
    private let memory: UnsafeMutableRawPointer
    private let offsets: UnsafeMutablePointer<AnswerLayout.SectionNumbers>
    private let templates = ReplyTemplates()
    private let arena = Arena()

    /// A reply with its sections in frames or in the header.
    init(isFramed: Bool) {
        self.isFramed = isFramed
        let output = AnswerLayout.Output(
            name: "energy",
            unit: "keV",
            method: "cqr",
            hasCoverage: true,
            value: 0,
            lower: 1,
            upper: 2,
            flags: 3
        )
        let section = AnswerLayout.Section(type: .float32, shape: [])
        let bins = BinEvents(
            output: "energy",
            events: [4000, 4000, 4000, 4000],
            axes: [BinAxis(source: "output", name: "energy", edges: [10, 20, 30])]
        )
        let provenance = Provenance(
            model: "er-nr-mlp",
            version: "3",
            digest: "sha256:" + String(repeating: "0", count: 64),
            engine: "onnxruntime 1.32.0",
            precision: "float32",
            device: "cpu",
            calibration: "2026-01",
            calibrationDate: "2026-01-31",
            bins: [bins]
        )
        layout = AnswerLayout(
            outputs: [output],
            pValues: [],
            logLikelihoodRatio: nil,
            sections: [section, section, section, .init(type: .uint8, shape: [])],
            provenance: provenance
        )
        let blockBytes = layout.byteCount(rows: Self.rows)
        unsafe block = .allocate(byteCount: blockBytes, alignment: 64)
        unsafe block.initializeMemory(as: UInt8.self, repeating: 1, count: blockBytes)
        unsafe memory = .allocate(byteCount: Self.memoryBytes, alignment: 16)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: Self.memoryBytes)
        unsafe offsets = .allocate(capacity: 1)
        unsafe offsets.initialize(to: .init(repeating: 0))
        for index in layout.sections.indices {
            unsafe offsets.pointee[index] = layout.offset(of: index, rows: Self.rows)
        }
    }

    deinit {
        unsafe block.deallocate()
        unsafe memory.deallocate()
        unsafe offsets.deallocate()
    }

    /// Both ways of writing it, and what of the template's way is no writing.
    var cases: [WireCommand.Case] {
        let placement = isFramed ? "framed" : "inline, 64 B a section"
        let bytes = find().byteCount(id: 1_000_000)
        return [
            WireCommand.Case(what: "reply by template, \(placement)") { [self] count in
                for id in 1_000_000..<1_000_000 + UInt64(count) {
                    let template = find()
                    precondition(template.byteCount(id: id) <= Self.memoryBytes)
                    unsafe template.write(
                        id: id,
                        queueNanoseconds: 40_000,
                        computeNanoseconds: 50_000,
                        batch: 64,
                        into: memory
                    )
                }
            },
            WireCommand.Case(what: "look-up of a template, \(placement)") { [self] count in
                for _ in 0..<count { precondition(find().byteCount(id: 1_000_000) == bytes) }
            },
            WireCommand.Case(what: "reply by encoder, \(placement)") { [self] count in
                for id in 1_000_000..<1_000_000 + UInt64(count) { encode(id) }
            },
            WireCommand.Case(what: "copy of \(bytes) bytes") { [self] count in
                for index in 0..<count {
                    unsafe memory.copyMemory(
                        from: memory + Self.memoryBytes / 2 + (index & 1),
                        byteCount: bytes
                    )
                }
            },
        ]
    }

    @inline(__always)
    private func find() -> ReplyTemplate {
        unsafe templates.find(
            layout: Unmanaged.passUnretained(layout),
            rows: Self.rows,
            block: block,
            isFramed: isFramed,
            coverage: 0.9,
            flaggedOutputs: 0
        )
    }

    private func encode(_ id: UInt64) {
        var encoder = ReplyEncoder(arena: arena)
        let draft = unsafe encoder.answer(
            ReplyEncoder.Answer(
                layout: layout,
                rows: Self.rows,
                base: block,
                offsets: offsets.pointee,
                flaggedOutputs: 0,
                coverage: 0.9,
                queueNanoseconds: 40_000,
                computeNanoseconds: 50_000,
                batch: 64
            ),
            id: id,
            isFramed: isFramed
        )
        precondition(draft.byteCount <= Self.memoryBytes)
        unsafe draft.pack(into: memory)
    }
}
