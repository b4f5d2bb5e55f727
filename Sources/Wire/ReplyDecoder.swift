internal import CProtobufC
internal import CWireMessages
public import Messages
internal import Tensors

/// A reply as a client sees it.
public enum DecodedReply: Sendable, Equatable {
    case score(ScoreAnswer)
    case control(ControlReply)
    case refusal(Refusal)
}

/// What came is no reply of this protocol.
public struct ReplyMalformed: Error, Sendable, CustomStringConvertible {
    /// What is wrong.
    public let description: String
}

/// Reads replies.
@safe
public struct ReplyDecoder {
    private let frames: UnsafeBufferPointer<LentFrame>

    /// The id of a reply, without reading the rest.
    public static func peekId(_ header: LentFrame) -> UInt64 { RequestDecoder.peekId(header) }

    /// Decodes a header and the tensor frames behind it; everything is copied.
    public static func decode(
        _ header: LentFrame,
        frames: UnsafeBufferPointer<LentFrame>
    ) throws(ReplyMalformed) -> (id: UInt64, reply: DecodedReply) {
        guard
            let message = unsafe vigil__v1__reply__unpack(
                nil,
                header.count,
                header.base?.assumingMemoryBound(to: UInt8.self)
            )
        else {
            throw ReplyMalformed(
                description: "the header frame of \(header.count) bytes is not a vigil.v1.Reply"
            )
        }
        defer { unsafe vigil__v1__reply__free_unpacked(message, nil) }
        let id = unsafe message.pointee.id
        if let status = unsafe message.pointee.status,
            unsafe status.pointee.code != VIGIL__V1__CODE__OK
        {
            return unsafe (id, .refusal(refusal(status.pointee)))
        }
        let decoder = unsafe ReplyDecoder(frames: frames)
        switch unsafe message.pointee.kind_case {
        case VIGIL__V1__REPLY__KIND_SCORE:
            return unsafe (id, .score(try decoder.answer(message.pointee.score.pointee)))
        case VIGIL__V1__REPLY__KIND_DAEMON:
            return unsafe (
                id, .control(.status(ControlDecoder.status(message.pointee.daemon.pointee)))
            )
        case VIGIL__V1__REPLY__KIND_MODELS:
            return unsafe (
                id, .control(.models(ControlDecoder.models(message.pointee.models.pointee)))
            )
        case VIGIL__V1__REPLY__KIND_RELOAD:
            let reload = unsafe message.pointee.reload.pointee
            return unsafe (
                id, .control(.reload(ControlDecoder.texts(reload.changes, reload.n_changes)))
            )
        case VIGIL__V1__REPLY__KIND_TRUTH:
            var answer = TruthAnswer()
            answer.taken = unsafe Int(clamping: message.pointee.truth.pointee.taken)
            answer.calibration = unsafe ControlDecoder.text(
                message.pointee.truth.pointee.calibration
            )
            return (id, .control(.truth(answer)))
        case VIGIL__V1__REPLY__KIND_CALIBRATIONS:
            return unsafe (
                id,
                .control(
                    .calibrations(ControlDecoder.report(message.pointee.calibrations.pointee))
                )
            )
        case VIGIL__V1__REPLY__KIND_MONITORING:
            return unsafe (
                id,
                .control(
                    .monitoring(MonitoringDecoder.models(message.pointee.monitoring.pointee))
                )
            )
        default:
            throw ReplyMalformed(description: "the reply holds no kind that is known")
        }
    }

    private static func refusal(_ status: Vigil__V1__Status) -> Refusal {
        let code =
            unsafe UInt8(exactly: status.code.rawValue).flatMap { Code(rawValue: $0) } ?? .internal
        return unsafe Refusal(
            code,
            ControlDecoder.text(status.message),
            field: status.field.map { unsafe ControlDecoder.text($0) },
            row: unsafe status.has_row != 0 ? Int(clamping: status.row) : nil,
            retryAfterMicroseconds: unsafe status.has_retry_after_microseconds != 0
                ? status.retry_after_microseconds : nil,
            near: unsafe ControlDecoder.texts(status.near, status.n_near)
        )
    }

    private func answer(_ score: Vigil__V1__ScoreReply) throws(ReplyMalformed) -> ScoreAnswer {
        var answer = ScoreAnswer()
        for index in unsafe 0..<score.n_outputs {
            guard let entry = unsafe score.outputs[index]?.pointee, let value = unsafe entry.value
            else {
                throw ReplyMalformed(description: "output \(index) has no value")
            }
            var output = unsafe ScoreAnswer.Output(value: try tensor(value.pointee))
            output.name = unsafe ControlDecoder.text(entry.name)
            output.unit = unsafe ControlDecoder.text(entry.unit)
            output.method = unsafe ControlDecoder.text(entry.method)
            output.coverage = unsafe entry.has_coverage != 0 ? entry.coverage : nil
            if let lower = unsafe entry.lower { output.lower = unsafe try tensor(lower.pointee) }
            if let upper = unsafe entry.upper { output.upper = unsafe try tensor(upper.pointee) }
            if let flags = unsafe entry.flags { output.flags = unsafe try tensor(flags.pointee) }
            if let set = unsafe entry.set { output.set = unsafe try tensor(set.pointee) }
            output.classes = unsafe ControlDecoder.texts(entry.classes, entry.n_classes)
            if let part = unsafe entry.aleatoric {
                output.aleatoric = unsafe try tensor(part.pointee)
            }
            if let part = unsafe entry.epistemic {
                output.epistemic = unsafe try tensor(part.pointee)
            }
            answer.outputs.append(output)
        }
        for index in unsafe 0..<score.n_p_values {
            guard let entry = unsafe score.p_values[index]?.pointee, let value = unsafe entry.value
            else {
                throw ReplyMalformed(description: "p-value \(index) has no value")
            }
            var pValue = unsafe ScoreAnswer.PValue(value: try tensor(value.pointee))
            pValue.name = unsafe ControlDecoder.text(entry.name)
            pValue.method = unsafe ControlDecoder.text(entry.method)
            answer.pValues.append(pValue)
        }
        for index in unsafe 0..<score.n_regions {
            guard let entry = unsafe score.regions[index]?.pointee,
                let ellipses = unsafe entry.ellipses
            else {
                throw ReplyMalformed(description: "region \(index) has no ellipses")
            }
            var region = unsafe ScoreAnswer.Region(ellipses: try tensor(ellipses.pointee))
            region.outputs = unsafe ControlDecoder.texts(entry.outputs, entry.n_outputs)
            region.unit = unsafe ControlDecoder.text(entry.unit)
            region.method = unsafe ControlDecoder.text(entry.method)
            region.coverages = unsafe ControlDecoder.numbers(entry.coverages, entry.n_coverages)
            if let flags = unsafe entry.flags { region.flags = unsafe try tensor(flags.pointee) }
            answer.regions.append(region)
        }
        if let ratio = unsafe score.log_likelihood_ratio {
            answer.logLikelihoodRatio = unsafe try tensor(ratio.pointee)
        }
        if let attributions = unsafe score.attributions {
            answer.attributions = unsafe try self.attributions(attributions.pointee)
        }
        if let provenance = unsafe score.provenance {
            answer.origin = unsafe ControlDecoder.origin(provenance.pointee)
        }
        if let timing = unsafe score.timing {
            answer.queueNanoseconds = unsafe timing.pointee.queue_nanoseconds
            answer.computeNanoseconds = unsafe timing.pointee.compute_nanoseconds
            answer.batch = unsafe Int(timing.pointee.batch)
        }
        return answer
    }

    private func attributions(
        _ message: Vigil__V1__Attributions
    ) throws(ReplyMalformed) -> Attributions {
        var attributions = Attributions()
        attributions.output = unsafe ControlDecoder.text(message.output)
        attributions.unit = unsafe ControlDecoder.text(message.unit)
        attributions.method = unsafe ControlDecoder.text(message.method)
        attributions.features = unsafe ControlDecoder.texts(message.features, message.n_features)
        guard let value = unsafe message.value, let scores = unsafe message.score else {
            throw ReplyMalformed(description: "attributions have no value or no score")
        }
        let score = unsafe try numbers(scores.pointee, "score", count: nil)
        let shares = score.count * attributions.features.count
        attributions.score = score
        attributions.value = unsafe try numbers(value.pointee, "value", count: shares)
        attributions.error = unsafe try message.error.map { error throws(ReplyMalformed) in
            unsafe try numbers(error.pointee, "error", count: shares)
        }
        attributions.base = unsafe try message.base_value.map { base throws(ReplyMalformed) in
            unsafe try numbers(base.pointee, "base", count: score.count)
        }
        attributions.residual = unsafe try message.residual.map { one throws(ReplyMalformed) in
            unsafe try numbers(one.pointee, "residual", count: score.count)
        }
        attributions.evaluations = unsafe Int(clamping: message.evaluations)
        attributions.background = unsafe message.background.map {
            unsafe ControlDecoder.text($0)
        }
        attributions.gradient = unsafe message.gradient.map { unsafe ControlDecoder.text($0) }
        return attributions
    }

    /// Numbers of attributions, so many if a count is known.
    private func numbers(
        _ message: Vigil__V1__Tensor,
        _ name: String,
        count: Int?
    ) throws(ReplyMalformed) -> [Double] {
        let tensor = unsafe try tensor(message)
        let found = tensor.bytes.count / MemoryLayout<Double>.stride
        guard tensor.type == .float64, count.map({ $0 == found }) ?? true else {
            throw ReplyMalformed(
                description: "attributions.\(name) is \(tensor.type.name)\(tensor.shape)"
                    + (count.map { ", expected float64 of \($0)" } ?? ", expected float64")
            )
        }
        return unsafe tensor.bytes.withUnsafeBytes { raw in
            (0..<found).map { unsafe raw.loadUnaligned(fromByteOffset: $0 * 8, as: Double.self) }
        }
    }

    private func tensor(_ message: Vigil__V1__Tensor) throws(ReplyMalformed) -> TensorValue {
        guard let code = unsafe UInt8(exactly: message.type.rawValue),
            let type = ElementType(rawValue: code)
        else {
            throw ReplyMalformed(
                description: unsafe "a tensor has the unknown type \(message.type.rawValue)"
            )
        }
        let shape = unsafe (0..<message.n_shape).map { unsafe Int(message.shape[$0]) }
        let content: LentFrame
        if unsafe message.has_frame != 0 {
            guard unsafe message.frame >= 1, unsafe Int(message.frame) <= frames.count else {
                throw ReplyMalformed(
                    description: unsafe "a tensor lies in frame \(message.frame) of \(frames.count)"
                )
            }
            content = unsafe frames[Int(message.frame) - 1]
        } else {
            content = unsafe LentFrame(
                base: UnsafeRawPointer(message.data.data),
                count: message.data.len
            )
        }
        guard let expected = Self.byteCount(type, shape), expected == content.count else {
            throw ReplyMalformed(
                description: "a tensor of \(type.name) and shape \(shape) has \(content.count) "
                    + "bytes, expected \(Self.byteCount(type, shape).map(String.init) ?? "a size")"
            )
        }
        return unsafe TensorValue(
            name: ControlDecoder.text(message.name),
            type: type,
            shape: shape,
            bytes: [UInt8](UnsafeRawBufferPointer(start: content.base, count: content.count))
        )
    }

    /// Bytes of a tensor, or nil for a shape that cannot be.
    private static func byteCount(_ type: ElementType, _ shape: [Int]) -> Int? {
        var count = type.byteCount
        for size in shape {
            let (product, isHuge) = count.multipliedReportingOverflow(by: size)
            guard size >= 0, !isHuge else { return nil }
            count = product
        }
        return count
    }
}
