internal import CProtobufC
internal import CWireMessages
public import Messages
internal import Tensors

/// Builds a reply in an arena, tells its size, and packs it where the transport wants it.
@safe
public struct ReplyEncoder {
    /// A reply that is built but not packed; valid until the arena is reset.
    @safe
    public struct Draft {
        fileprivate let reply: UnsafeMutablePointer<Vigil__V1__Reply>

        /// Bytes of the packed header.
        public var byteCount: Int { unsafe vigil__v1__reply__get_packed_size(reply) }

        /// Packs the header into `memory`, which has `byteCount` bytes.
        public func pack(into memory: UnsafeMutableRawPointer) {
            unsafe vigil__v1__reply__pack(reply, memory.assumingMemoryBound(to: UInt8.self))
        }
    }

    /// A complete answer as it lies in its block.
    @safe
    public struct Answer {
        /// What it holds.
        public let layout: AnswerLayout
        /// Events.
        public let rows: Int
        /// Block of the sections.
        public let base: UnsafeMutableRawPointer
        /// Offset of each section.
        public let offsets: AnswerLayout.SectionNumbers
        /// Bit i: output i has flags that are not 0.
        public let flaggedOutputs: UInt32
        /// Coverage of the intervals.
        public let coverage: Double
        /// Timing.
        public let queueNanoseconds: UInt64
        /// From the first row run to the last row done.
        public let computeNanoseconds: UInt64
        /// Rows of the largest micro-batch that a row of the request shared.
        public let batch: Int

        /// An answer.
        public init(
            layout: AnswerLayout,
            rows: Int,
            base: UnsafeMutableRawPointer,
            offsets: AnswerLayout.SectionNumbers,
            flaggedOutputs: UInt32,
            coverage: Double,
            queueNanoseconds: UInt64,
            computeNanoseconds: UInt64,
            batch: Int
        ) {
            self.layout = layout
            self.rows = rows
            unsafe self.base = unsafe base
            self.offsets = offsets
            self.flaggedOutputs = flaggedOutputs
            self.coverage = coverage
            self.queueNanoseconds = queueNanoseconds
            self.computeNanoseconds = computeNanoseconds
            self.batch = batch
        }
    }

    /// Sections of the answer's tensors in the message's order, which is that of the frames.
    public private(set) var frames: AnswerLayout.SectionNumbers = .init(repeating: 0)
    /// Sections that travel as frames: all of them, or none when the bytes are in the header.
    public private(set) var frameCount = 0
    /// Used entries of `frames`.
    private(set) var tensorCount = 0
    /// Numbers of attributions that travel as frames, behind those of the sections.
    public private(set) var attributionFrames: [[Double]] = []

    private let arena: Arena

    /// An encoder that resets and uses `arena`.
    public init(arena: Arena) {
        self.arena = arena
    }

    /// A refusal.
    public mutating func refusal(_ refusal: Refusal, id: UInt64) -> Draft {
        let reply = unsafe begin(id: id)
        let status = unsafe arena.make(Vigil__V1__Status.self)
        unsafe vigil__v1__status__init(status)
        unsafe status.pointee.has_code = 1
        unsafe status.pointee.code = Vigil__V1__Code(rawValue: UInt32(refusal.code.rawValue))
        unsafe status.pointee.message = unsafe arena.text(refusal.message)
        if let field = refusal.field { unsafe status.pointee.field = unsafe arena.text(field) }
        if let row = refusal.row {
            unsafe status.pointee.has_row = 1
            unsafe status.pointee.row = UInt64(row)
        }
        if let after = refusal.retryAfterMicroseconds {
            unsafe status.pointee.has_retry_after_microseconds = 1
            unsafe status.pointee.retry_after_microseconds = after
        }
        unsafe status.pointee.n_near = refusal.near.count
        unsafe status.pointee.near = unsafe texts(refusal.near)
        unsafe reply.pointee.status = unsafe status
        return unsafe Draft(reply: reply)
    }

    /// An answer, its sections in frames of their own or in the header; the numbers of attributions
    /// lie likewise.
    public mutating func answer(
        _ answer: Answer,
        attributions: Attributions? = nil,
        id: UInt64,
        isFramed: Bool
    ) -> Draft {
        let reply = unsafe begin(id: id)
        let score = unsafe arena.make(Vigil__V1__ScoreReply.self)
        unsafe vigil__v1__score_reply__init(score)
        unsafe reply.pointee.kind_case = VIGIL__V1__REPLY__KIND_SCORE
        unsafe reply.pointee.score = unsafe score
        let layout = answer.layout
        unsafe score.pointee.n_outputs = layout.outputs.count
        unsafe score.pointee.outputs = unsafe arena.make(
            UnsafeMutablePointer<Vigil__V1__Output>?.self,
            count: layout.outputs.count
        )
        for index in layout.outputs.indices {
            unsafe score.pointee.outputs[index] = unsafe output(index, answer, isFramed)
        }
        unsafe score.pointee.n_p_values = layout.pValues.count
        unsafe score.pointee.p_values = unsafe arena.make(
            UnsafeMutablePointer<Vigil__V1__PValue>?.self,
            count: layout.pValues.count
        )
        for index in layout.pValues.indices {
            let entry = layout.pValues[index]
            let value = unsafe arena.make(Vigil__V1__PValue.self)
            unsafe vigil__v1__pvalue__init(value)
            unsafe value.pointee.name = unsafe entry.name.base
            unsafe value.pointee.method = unsafe entry.method.base
            unsafe value.pointee.value = unsafe tensor(entry.value, answer, isFramed)
            unsafe score.pointee.p_values[index] = unsafe value
        }
        if let ratio = layout.logLikelihoodRatio {
            unsafe score.pointee.log_likelihood_ratio = unsafe tensor(ratio, answer, isFramed)
        }
        // Last, as in the message, so that frames and templates count them alike.
        unsafe score.pointee.n_regions = layout.regions.count
        unsafe score.pointee.regions = unsafe arena.make(
            UnsafeMutablePointer<Vigil__V1__Region>?.self,
            count: layout.regions.count
        )
        for index in layout.regions.indices {
            unsafe score.pointee.regions[index] = unsafe region(index, answer, isFramed)
        }
        unsafe score.pointee.provenance = unsafe provenance(layout.provenance)
        unsafe score.pointee.timing = unsafe timing(answer)
        if let attributions {
            unsafe score.pointee.attributions = unsafe message(
                attributions,
                rows: answer.rows,
                isFramed
            )
        }
        return unsafe Draft(reply: reply)
    }

    /// The head of every reply: id and a status that says OK.
    mutating func begin(id: UInt64) -> UnsafeMutablePointer<Vigil__V1__Reply> {
        arena.reset()
        frameCount = 0
        tensorCount = 0
        attributionFrames = []
        let reply = unsafe arena.make(Vigil__V1__Reply.self)
        unsafe vigil__v1__reply__init(reply)
        unsafe reply.pointee.has_id = 1
        unsafe reply.pointee.id = id
        let status = unsafe arena.make(Vigil__V1__Status.self)
        unsafe vigil__v1__status__init(status)
        unsafe status.pointee.has_code = 1
        unsafe status.pointee.code = VIGIL__V1__CODE__OK
        unsafe reply.pointee.status = unsafe status
        return unsafe reply
    }

    private mutating func output(
        _ index: Int,
        _ answer: Answer,
        _ isFramed: Bool
    ) -> UnsafeMutablePointer<Vigil__V1__Output> {
        let entry = answer.layout.outputs[index]
        let output = unsafe arena.make(Vigil__V1__Output.self)
        unsafe vigil__v1__output__init(output)
        unsafe output.pointee.name = unsafe entry.name.base
        unsafe output.pointee.unit = unsafe entry.unit.base
        unsafe output.pointee.method = unsafe entry.method.base
        if entry.hasCoverage {
            unsafe output.pointee.has_coverage = 1
            unsafe output.pointee.coverage = answer.coverage
        }
        unsafe output.pointee.value = unsafe tensor(entry.value, answer, isFramed)
        if let lower = entry.lower {
            unsafe output.pointee.lower = unsafe tensor(lower, answer, isFramed)
        }
        if let upper = entry.upper {
            unsafe output.pointee.upper = unsafe tensor(upper, answer, isFramed)
        }
        if let flags = entry.flags, answer.flaggedOutputs & (1 << UInt32(index)) != 0 {
            unsafe output.pointee.flags = unsafe tensor(flags, answer, isFramed)
        }
        if let set = entry.set {
            unsafe output.pointee.set = unsafe tensor(set, answer, isFramed)
            unsafe output.pointee.n_classes = entry.classes.count
            unsafe output.pointee.classes = unsafe lent(entry.classes)
        }
        if let doubt = entry.doubt {
            unsafe output.pointee.aleatoric = unsafe tensor(doubt.aleatoric, answer, isFramed)
            unsafe output.pointee.epistemic = unsafe tensor(doubt.epistemic, answer, isFramed)
        }
        return unsafe output
    }

    private mutating func region(
        _ index: Int,
        _ answer: Answer,
        _ isFramed: Bool
    ) -> UnsafeMutablePointer<Vigil__V1__Region> {
        let entry = answer.layout.regions[index]
        let region = unsafe arena.make(Vigil__V1__Region.self)
        unsafe vigil__v1__region__init(region)
        unsafe region.pointee.n_outputs = entry.outputs.count
        unsafe region.pointee.outputs = unsafe lent(entry.outputs)
        unsafe region.pointee.unit = unsafe entry.unit.base
        unsafe region.pointee.method = unsafe entry.method.base
        unsafe region.pointee.n_coverages = entry.coverages.count
        unsafe region.pointee.coverages = unsafe numbers(entry.coverages)
        unsafe region.pointee.ellipses = unsafe tensor(entry.ellipses, answer, isFramed)
        let bit = UInt32(answer.layout.outputs.count + index)
        if answer.flaggedOutputs & (1 << bit) != 0 {
            unsafe region.pointee.flags = unsafe tensor(entry.flags, answer, isFramed)
        }
        return unsafe region
    }

    private mutating func tensor(
        _ index: Int,
        _ answer: Answer,
        _ isFramed: Bool
    ) -> UnsafeMutablePointer<Vigil__V1__Tensor> {
        let section = answer.layout.sections[index]
        let tensor = unsafe arena.make(Vigil__V1__Tensor.self)
        unsafe vigil__v1__tensor__init(tensor)
        unsafe tensor.pointee.has_type = 1
        unsafe tensor.pointee.type = Vigil__V1__DataType(rawValue: UInt32(section.type.rawValue))
        let shape = unsafe arena.make(Int64.self, count: section.shape.count + 1)
        unsafe shape[0] = Int64(answer.rows)
        for axis in section.shape.indices { unsafe shape[axis + 1] = Int64(section.shape[axis]) }
        unsafe tensor.pointee.n_shape = section.shape.count + 1
        unsafe tensor.pointee.shape = unsafe shape
        frames[tensorCount] = index
        tensorCount += 1
        if isFramed {
            frameCount = tensorCount
            unsafe tensor.pointee.has_frame = 1
            unsafe tensor.pointee.frame = UInt32(frameCount)
        } else {
            unsafe tensor.pointee.has_data = 1
            unsafe tensor.pointee.data.len = section.strideBytes * answer.rows
            unsafe tensor.pointee.data.data = unsafe (answer.base + answer.offsets[index])
                .assumingMemoryBound(to: UInt8.self)
        }
        return unsafe tensor
    }

    private func timing(_ answer: Answer) -> UnsafeMutablePointer<Vigil__V1__Timing> {
        let timing = unsafe arena.make(Vigil__V1__Timing.self)
        unsafe vigil__v1__timing__init(timing)
        unsafe timing.pointee.has_queue_nanoseconds = 1
        unsafe timing.pointee.queue_nanoseconds = answer.queueNanoseconds
        unsafe timing.pointee.has_compute_nanoseconds = 1
        unsafe timing.pointee.compute_nanoseconds = answer.computeNanoseconds
        unsafe timing.pointee.has_batch = 1
        unsafe timing.pointee.batch = UInt32(clamping: answer.batch)
        return unsafe timing
    }

    private func provenance(_ entry: Provenance) -> UnsafeMutablePointer<Vigil__V1__Provenance> {
        let provenance = unsafe arena.make(Vigil__V1__Provenance.self)
        unsafe vigil__v1__provenance__init(provenance)
        unsafe provenance.pointee.model = unsafe entry.model.base
        unsafe provenance.pointee.version = unsafe entry.version.base
        unsafe provenance.pointee.digest = unsafe entry.digest.base
        unsafe provenance.pointee.engine = unsafe entry.engine.base
        unsafe provenance.pointee.precision = unsafe entry.precision.base
        unsafe provenance.pointee.device = unsafe entry.device.base
        unsafe provenance.pointee.calibration = unsafe entry.calibration?.base
        unsafe provenance.pointee.calibration_date = unsafe entry.calibrationDate?.base
        unsafe (provenance.pointee.n_bins, provenance.pointee.bins) = unsafe binEvents(entry.bins)
        if !entry.isReproducible { unsafe provenance.pointee.has_reproducible = 1 }
        return unsafe provenance
    }

    func binEvents(
        _ list: [BinEvents]
    ) -> (Int, UnsafeMutablePointer<UnsafeMutablePointer<Vigil__V1__BinEvents>?>) {
        let entries = unsafe arena.make(
            UnsafeMutablePointer<Vigil__V1__BinEvents>?.self,
            count: list.count
        )
        for (index, bins) in list.enumerated() {
            let entry = unsafe arena.make(Vigil__V1__BinEvents.self)
            unsafe vigil__v1__bin_events__init(entry)
            unsafe entry.pointee.output = unsafe arena.text(bins.output)
            unsafe entry.pointee.n_events = bins.events.count
            unsafe entry.pointee.events = unsafe numbers(bins.events)
            unsafe (entry.pointee.n_axes, entry.pointee.axes) = unsafe axes(bins.axes)
            unsafe entry.pointee.n_effective_events = bins.effectiveEvents.count
            unsafe entry.pointee.effective_events = unsafe numbers(bins.effectiveEvents)
            unsafe entries[index] = unsafe entry
        }
        return unsafe (list.count, entries)
    }

    func axes(
        _ list: [BinAxis]
    ) -> (Int, UnsafeMutablePointer<UnsafeMutablePointer<Vigil__V1__BinAxis>?>) {
        let entries = unsafe arena.make(
            UnsafeMutablePointer<Vigil__V1__BinAxis>?.self,
            count: list.count
        )
        for (index, axis) in list.enumerated() {
            let entry = unsafe arena.make(Vigil__V1__BinAxis.self)
            unsafe vigil__v1__bin_axis__init(entry)
            unsafe entry.pointee.source = unsafe arena.text(axis.source)
            unsafe entry.pointee.name = unsafe arena.text(axis.name)
            if !axis.feature.isEmpty {
                unsafe entry.pointee.feature = unsafe arena.text(axis.feature)
            }
            unsafe entry.pointee.n_edges = axis.edges.count
            unsafe entry.pointee.edges = unsafe numbers(axis.edges)
            unsafe entries[index] = unsafe entry
        }
        return unsafe (list.count, entries)
    }

    /// Puts numbers of attributions into a frame, or into the header.
    mutating func place(
        _ numbers: [Double],
        shape: [Int],
        isFramed: Bool
    ) -> UnsafeMutablePointer<Vigil__V1__Tensor> {
        let tensor = unsafe arena.make(Vigil__V1__Tensor.self)
        unsafe vigil__v1__tensor__init(tensor)
        unsafe tensor.pointee.has_type = 1
        unsafe tensor.pointee.type = VIGIL__V1__DATA_TYPE__FLOAT64
        unsafe tensor.pointee.n_shape = shape.count
        unsafe tensor.pointee.shape = unsafe self.numbers(shape.map(Int64.init))
        if isFramed {
            attributionFrames.append(numbers)
            unsafe tensor.pointee.has_frame = 1
            unsafe tensor.pointee.frame = UInt32(frameCount + attributionFrames.count)
        } else {
            unsafe tensor.pointee.has_data = 1
            unsafe tensor.pointee.data.len = numbers.count * MemoryLayout<Double>.stride
            unsafe tensor.pointee.data.data = unsafe UnsafeMutableRawPointer(self.numbers(numbers))
                .assumingMemoryBound(to: UInt8.self)
        }
        return unsafe tensor
    }

    /// Texts that outlive the reply.
    private func lent(_ list: [OwnedText]) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
        let texts = unsafe arena.make(UnsafeMutablePointer<CChar>?.self, count: list.count)
        for (index, text) in list.enumerated() { unsafe texts[index] = unsafe text.base }
        return unsafe texts
    }

    func texts(_ list: [String]) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
        let texts = unsafe arena.make(UnsafeMutablePointer<CChar>?.self, count: list.count)
        for (index, text) in list.enumerated() { unsafe texts[index] = unsafe arena.text(text) }
        return unsafe texts
    }

    func numbers<Number>(_ list: [Number]) -> UnsafeMutablePointer<Number> {
        let numbers = unsafe arena.make(Number.self, count: list.count)
        for (index, number) in list.enumerated() { unsafe numbers[index] = number }
        return unsafe numbers
    }

    func make<Value>(_ type: Value.Type, count: Int = 1) -> UnsafeMutablePointer<Value> {
        unsafe arena.make(type, count: count)
    }

    func text(_ string: String) -> UnsafeMutablePointer<CChar> { unsafe arena.text(string) }

    func draft(_ reply: UnsafeMutablePointer<Vigil__V1__Reply>) -> Draft {
        unsafe Draft(reply: reply)
    }
}
