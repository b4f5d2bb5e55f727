import Messages
import Tensors
import TestSupport
import Wire

/// An answer as a worker leaves it, and as a client must see it.
@safe
final class AnswerExample {
    let rows: Int
    let layout: AnswerLayout
    let flagged: UInt32
    private let origin: ScoreAnswer.Origin
    private let block: UnsafeMutableRawPointer
    private let content: [[UInt8]]
    /// Put into the encoded answer; a template has none.
    var attributions: Attributions?

    convenience init(_ random: inout SeededRandom) {
        let rows = random.int(0...5)
        var sections: [AnswerLayout.Section] = []
        func section(_ random: inout SeededRandom) -> Int {
            let shape = (0..<random.int(0...2)).map { _ in random.int(1...4) }
            sections.append(.init(type: random.type(), shape: shape))
            return sections.count - 1
        }
        var outputs: [AnswerLayout.Output] = []
        for _ in 0..<random.int(0...6) {
            outputs.append(
                .init(
                    name: random.text(),
                    unit: random.text(),
                    method: random.text(),
                    hasCoverage: random.flip(),
                    value: section(&random),
                    lower: random.flip() ? section(&random) : nil,
                    upper: random.flip() ? section(&random) : nil,
                    flags: random.flip() ? section(&random) : nil,
                    set: random.flip() ? section(&random) : nil,
                    classes: (0..<random.int(0...3)).map { _ in random.text() },
                    doubt: random.flip()
                        ? .init(aleatoric: section(&random), epistemic: section(&random)) : nil
                )
            )
        }
        var pValues: [AnswerLayout.PValue] = []
        for _ in 0..<random.int(0...3) {
            pValues.append(
                .init(name: random.text(), method: random.text(), value: section(&random))
            )
        }
        var regions: [AnswerLayout.Region] = []
        for _ in 0..<random.int(0...2) {
            regions.append(
                .init(
                    outputs: [random.text(), random.text()],
                    unit: random.text(),
                    method: random.text(),
                    coverages: (0..<random.int(0...3)).map { _ in random.number() },
                    ellipses: section(&random),
                    flags: section(&random)
                )
            )
        }
        let ratio = random.flip() ? section(&random) : nil
        var origin = ScoreAnswer.Origin()
        origin.model = random.text()
        origin.version = random.text()
        origin.digest = random.text()
        origin.engine = random.text()
        origin.precision = random.text()
        origin.device = random.text()
        origin.calibration = random.flip() ? random.text() : nil
        origin.calibrationDate = random.flip() ? random.text() : nil
        origin.bins = random.bins()
        origin.isReproducible = random.flip()
        let provenance = Provenance(
            model: origin.model,
            version: origin.version,
            digest: origin.digest,
            engine: origin.engine,
            precision: origin.precision,
            device: origin.device,
            calibration: origin.calibration,
            calibrationDate: origin.calibrationDate,
            bins: origin.bins,
            isReproducible: origin.isReproducible
        )
        let layout = AnswerLayout(
            outputs: outputs,
            regions: regions,
            pValues: pValues,
            logLikelihoodRatio: ratio,
            sections: sections,
            provenance: provenance
        )
        self.init(layout, origin, rows: rows, &random)
    }

    /// Another answer of the layout of `other`.
    convenience init(like other: AnswerExample, rows: Int, _ random: inout SeededRandom) {
        self.init(other.layout, other.origin, rows: rows, &random)
    }

    private init(
        _ layout: AnswerLayout,
        _ origin: ScoreAnswer.Origin,
        rows: Int,
        _ random: inout SeededRandom
    ) {
        self.rows = rows
        self.layout = layout
        self.origin = origin
        flagged = UInt32(truncatingIfNeeded: random.next())
        unsafe block = .allocate(byteCount: layout.byteCount(rows: rows) + 1, alignment: 64)
        var content: [[UInt8]] = []
        for index in layout.sections.indices {
            let bytes = random.bytes(layout.sections[index].strideBytes * rows)
            content.append(bytes)
            unsafe (block + layout.offset(of: index, rows: rows))
                .copyMemory(from: bytes, byteCount: bytes.count)
        }
        self.content = content
    }

    deinit { unsafe block.deallocate() }

    /// Encodes the answer: the header, then the frames that it names.
    func encoded(by encoder: inout ReplyEncoder, id: UInt64, isFramed: Bool) -> [[UInt8]] {
        var offsets = AnswerLayout.SectionNumbers(repeating: 0)
        for index in layout.sections.indices {
            offsets[index] = layout.offset(of: index, rows: rows)
        }
        let draft = unsafe encoder.answer(
            .init(
                layout: layout,
                rows: rows,
                base: block,
                offsets: offsets,
                flaggedOutputs: flagged,
                coverage: 0.75,
                queueNanoseconds: 11,
                computeNanoseconds: .max,
                batch: 33
            ),
            attributions: attributions,
            id: id,
            isFramed: isFramed
        )
        let frames = (0..<encoder.frameCount).map { content[encoder.frames[$0]] }
        let numbers = encoder.attributionFrames.map { frame in
            unsafe frame.withUnsafeBytes { unsafe [UInt8]($0) }
        }
        return [draft.packed()] + frames + numbers
    }

    /// Writes the answer by a template: the header, then the frames that it names.
    func written(
        by templates: ReplyTemplates,
        id: UInt64,
        isFramed: Bool,
        queueNanoseconds: UInt64 = 11,
        computeNanoseconds: UInt64 = .max,
        batch: Int = 33
    ) -> [[UInt8]] {
        let template = unsafe templates.find(
            layout: Unmanaged.passUnretained(layout),
            rows: rows,
            block: block,
            isFramed: isFramed,
            coverage: 0.75,
            flaggedOutputs: flagged
        )
        let count = template.byteCount(id: id)
        var memory = [UInt8](repeating: 0xA5, count: count + 8)
        unsafe memory.withUnsafeMutableBytes { raw in
            guard let base = raw.baseAddress else { return }
            unsafe template.write(
                id: id,
                queueNanoseconds: queueNanoseconds,
                computeNanoseconds: computeNanoseconds,
                batch: batch,
                into: base
            )
        }
        precondition(memory.suffix(8).allSatisfy { $0 == 0xA5 })
        let frames = (0..<template.frameCount).map { index in
            let frame = template.frame(index)
            precondition(frame.byteCount == content[frame.section].count)
            return content[frame.section]
        }
        return [Array(memory.prefix(count))] + frames
    }

    /// What a client must see.
    var wanted: ScoreAnswer {
        var answer = ScoreAnswer()
        for (index, entry) in layout.outputs.enumerated() {
            var output = ScoreAnswer.Output(value: tensor(entry.value))
            output.name = entry.name.string
            output.unit = entry.unit.string
            output.method = entry.method.string
            output.coverage = entry.hasCoverage ? 0.75 : nil
            output.lower = entry.lower.map(tensor)
            output.upper = entry.upper.map(tensor)
            output.flags = flagged >> UInt32(index) & 1 == 1 ? entry.flags.map(tensor) : nil
            output.set = entry.set.map(tensor)
            output.classes = entry.set == nil ? [] : entry.classes.map(\.string)
            output.aleatoric = entry.doubt.map { tensor($0.aleatoric) }
            output.epistemic = entry.doubt.map { tensor($0.epistemic) }
            answer.outputs.append(output)
        }
        for entry in layout.pValues {
            var pValue = ScoreAnswer.PValue(value: tensor(entry.value))
            pValue.name = entry.name.string
            pValue.method = entry.method.string
            answer.pValues.append(pValue)
        }
        for (index, entry) in layout.regions.enumerated() {
            var region = ScoreAnswer.Region(ellipses: tensor(entry.ellipses))
            region.outputs = entry.outputs.map(\.string)
            region.unit = entry.unit.string
            region.method = entry.method.string
            region.coverages = entry.coverages
            let bit = UInt32(layout.outputs.count + index)
            region.flags = flagged >> bit & 1 == 1 ? tensor(entry.flags) : nil
            answer.regions.append(region)
        }
        answer.logLikelihoodRatio = layout.logLikelihoodRatio.map(tensor)
        answer.attributions = attributions
        answer.origin = origin
        answer.queueNanoseconds = 11
        answer.computeNanoseconds = .max
        answer.batch = 33
        return answer
    }

    private func tensor(_ section: Int) -> TensorValue {
        TensorValue(
            name: "",
            type: layout.sections[section].type,
            shape: [rows] + layout.sections[section].shape,
            bytes: content[section]
        )
    }
}

extension ReplyEncoder.Draft {
    /// The packed header; what lies beyond it must stay untouched.
    func packed() -> [UInt8] {
        let count = byteCount
        var memory = [UInt8](repeating: 0xA5, count: count + 8)
        unsafe memory.withUnsafeMutableBytes { raw in
            guard let base = raw.baseAddress else { return }
            unsafe pack(into: base)
        }
        precondition(memory.suffix(8).allSatisfy { $0 == 0xA5 })
        return Array(memory.prefix(count))
    }
}
