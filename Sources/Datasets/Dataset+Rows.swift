internal import Tensors

extension Dataset {
    /// The same arrays with the rows `chosen` of each that has `count`; the others are left out.
    public func rows(_ chosen: [Int], of count: Int) -> Dataset {
        var part = Dataset(path: path, fileBytes: fileBytes)
        for name in names {
            guard let array = self[name], !array.shape.isEmpty, array.rows == count else {
                continue
            }
            let stride = array.bytes.count / max(count, 1)
            var bytes: [UInt8] = []
            bytes.reserveCapacity(chosen.count * stride)
            for row in chosen { bytes += array.bytes[row * stride..<(row + 1) * stride] }
            part[name] = NumericArray(
                type: array.type,
                shape: [chosen.count] + array.shape.dropFirst(),
                bytes: bytes
            )
        }
        return part
    }
}
