internal import Execution
internal import Calibration
internal import Messages
internal import Tensors

/// How one kind of answer of a model version is written: the layout, and the steps that fill
/// its sections from the engine's outputs.
final class AnswerPlan: Sendable {
    /// A raw output copied as it is.
    struct RawCopy: Sendable {
        let output: Int
        let section: Int
        let strideBytes: Int
        /// Section of the flags, or -1.
        let flags: Int
        let type: ElementType
    }

    let layout: AnswerLayout
    /// The layout of answers by other devices than the one asked for, as provenance lists them.
    let byDevices: [AnswerLayout]
    let steps: [any AnswerStep]
    let regions: [RegionStep]
    /// Keeps what truths are compared with, or nil.
    let observation: ObservationStep?
    let rawCopies: [RawCopy]
    /// Sections that hold flags, of outputs and regions; each once.
    private let flagSections: Set<Int>

    init(
        layout: AnswerLayout,
        byDevices: [AnswerLayout],
        steps: [any AnswerStep],
        regions: [RegionStep],
        observation: ObservationStep?,
        rawCopies: [RawCopy]
    ) {
        self.layout = layout
        self.byDevices = byDevices
        self.steps = steps
        self.regions = regions
        self.observation = observation
        self.rawCopies = rawCopies
        flagSections = Set(layout.outputs.compactMap(\.flags) + layout.regions.map(\.flags))
    }

    /// Fills a segment's rows of the answer from the micro-batch; rows at `flagged` positions carry
    /// no value.
    ///
    /// Returns bit i for a flag in output i, of regions as the layout counts them.
    func write(
        _ segment: BatchQueues.Segment,
        position: Int,
        outputs: RawOutputs,
        flagged: [Int]
    ) -> UInt32 {
        guard let answer = unsafe AnswerSections(segment.flight) else { return 0 }
        var mask: UInt32 = 0
        for index in steps.indices
        where steps[index].write(
            segment,
            position: position,
            outputs: outputs,
            sections: answer
        ) {
            mask |= 1 << UInt32(steps[index].output)
        }
        for index in regions.indices
        where regions[index].write(
            segment,
            position: position,
            outputs: outputs,
            sections: answer
        ) {
            mask |= 1 << UInt32(layout.outputs.count + index)
        }
        observation?.observe(
            segment,
            position: position,
            outputs: outputs,
            flagged: flagged,
            sections: answer
        )
        for index in rawCopies.indices {
            let copy = rawCopies[index]
            let memory = unsafe outputs.instance.outputMemory(copy.output)
            unsafe (answer.base(copy.section) + segment.firstRow * copy.strideBytes).copyMemory(
                from: memory + position * copy.strideBytes,
                byteCount: segment.rows * copy.strideBytes
            )
            if copy.flags >= 0 {
                unsafe (answer.base(copy.flags) + segment.firstRow).initializeMemory(
                    as: UInt8.self,
                    repeating: 0,
                    count: segment.rows
                )
            }
        }
        for place in flagged
        where place >= position && place < position + segment.rows {
            blank(segment.firstRow + place - position, answer)
            mask = UInt32.max
        }
        return mask
    }

    /// Flags the segment's rows among `positions` of the micro-batch whose inputs the artefact took
    /// by its rule, for they were beyond what it holds.
    ///
    /// Returns the mask of flagged outputs, as `write` does.
    func flagOutOfRange(
        _ segment: BatchQueues.Segment,
        position: Int,
        positions: [Int]
    ) -> UInt32 {
        guard let answer = unsafe AnswerSections(segment.flight) else { return 0 }
        var mask: UInt32 = 0
        for place in positions where place >= position && place < position + segment.rows {
            let row = segment.firstRow + place - position
            for section in flagSections {
                let byte = unsafe (answer.base(section) + row).assumingMemoryBound(to: UInt8.self)
                // What carries no value has no more to say.
                if unsafe byte.pointee & EventFlag.nonfinite == 0 {
                    unsafe byte.pointee |= EventFlag.outOfRange
                }
            }
            mask = .max
        }
        return mask
    }

    /// Takes every value of a row away and says why.
    private func blank(_ row: Int, _ answer: AnswerSections) {
        for (index, section) in layout.sections.enumerated() {
            let place = unsafe answer.base(index) + row * section.strideBytes
            if flagSections.contains(index) {
                unsafe place.storeBytes(of: EventFlag.nonfinite, as: UInt8.self)
            } else {
                unsafe Self.blank(place, section)
            }
        }
    }

    /// NaN for floats, 0 for whole numbers, which have no other way to say nothing.
    private static func blank(_ place: UnsafeMutableRawPointer, _ section: AnswerLayout.Section) {
        let count = section.shape.reduce(1, *)
        switch section.type {
        case .float32:
            for index in 0..<count {
                unsafe place.storeBytes(of: Float.nan, toByteOffset: index * 4, as: Float.self)
            }
        case .float64:
            for index in 0..<count {
                unsafe place.storeBytes(of: Double.nan, toByteOffset: index * 8, as: Double.self)
            }
        case .float16:
            for index in 0..<count {
                unsafe place.storeBytes(of: 0x7E00, toByteOffset: index * 2, as: UInt16.self)
            }
        case .bfloat16:
            for index in 0..<count {
                unsafe place.storeBytes(of: 0x7FC0, toByteOffset: index * 2, as: UInt16.self)
            }
        default:
            unsafe place.initializeMemory(as: UInt8.self, repeating: 0, count: section.strideBytes)
        }
    }
}
