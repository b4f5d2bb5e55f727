internal import Calibration
internal import Messages
internal import Tensors

/// Finds the Mondrian bin of an event.
struct BinReader: Sendable {
    /// Where the value of the bin column lies.
    enum Source: Sendable {
        /// There is one bin.
        case none
        /// Component of a dense float32 input.
        case input(index: Int, elements: Int, component: Int)
        /// Scalar float32 raw output.
        case output(index: Int)
        /// Column of the request, by the number of the uncertainty entry.
        case request(entry: Int)
    }

    let source: Source
    let bins: MondrianBins

    /// Bin of row `row` of the flight, which lies at `position` of the micro-batch; nil for NaN.
    @inline(__always)
    func bin(
        _ flight: FlightPointer,
        row: Int,
        position: Int,
        outputs: RawOutputs
    ) -> Int? {
        switch source {
        case .none:
            return 0
        case .input(let index, let elements, let component):
            guard let base = unsafe flight.pointee.inputs[index] else { return nil }
            let value = unsafe base.loadUnaligned(
                fromByteOffset: (row * elements + component) * 4,
                as: Float.self
            )
            return bins.index(of: Double(value))
        case .output(let index):
            return bins.index(of: outputs.float(index, position))
        case .request(let entry):
            guard let base = unsafe flight.pointee.binColumns[entry] else { return nil }
            if unsafe flight.pointee.wideColumns & (1 << UInt8(entry)) != 0 {
                let value = unsafe base.loadUnaligned(fromByteOffset: row * 8, as: Double.self)
                return bins.index(of: value)
            }
            let value = unsafe base.loadUnaligned(fromByteOffset: row * 4, as: Float.self)
            return bins.index(of: Double(value))
        }
    }
}
