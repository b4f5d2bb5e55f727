/// Fields that may come once, and lists of scalars.
extension JSONReader {
    /// Stores a field's value, or refuses a second one under the same key.
    func store<Value>(_ value: Value, in field: inout Value?) throws(TreeModelError) {
        guard field == nil else {
            throw .malformed(path: place, found: "the key twice", allowed: "each key once")
        }
        field = value
    }

    /// Reads a list of whole numbers, `limit` at most; true and false count as 1 and 0.
    mutating func integers(
        into field: inout [Int32]?,
        limit: Int
    ) throws(TreeModelError) {
        var values: [Int32] = []
        try array { (reader, index) throws(TreeModelError) in
            try reader.check(index + 1, limit)
            reader.skipSpace()
            let isWord = reader.current == UInt8(ascii: "t") || reader.current == UInt8(ascii: "f")
            values.append(isWord ? try reader.boolean() ? 1 : 0 : try reader.integer())
        }
        try store(values, in: &field)
    }

    /// Reads a list of numbers, `limit` at most.
    mutating func floats(into field: inout [Float]?, limit: Int) throws(TreeModelError) {
        var values: [Float] = []
        try array { (reader, index) throws(TreeModelError) in
            try reader.check(index + 1, limit)
            values.append(try reader.float())
        }
        try store(values, in: &field)
    }

    /// Reads a list of finite numbers, `limit` at most.
    mutating func doubles(into field: inout [Double]?, limit: Int) throws(TreeModelError) {
        var values: [Double] = []
        try array { (reader, index) throws(TreeModelError) in
            try reader.check(index + 1, limit)
            values.append(try reader.double())
        }
        try store(values, in: &field)
    }

    /// Reads a list of strings, `limit` at most.
    mutating func strings(into field: inout [String]?, limit: Int) throws(TreeModelError) {
        var values: [String] = []
        try array { (reader, index) throws(TreeModelError) in
            try reader.check(index + 1, limit)
            values.append(try reader.string())
        }
        try store(values, in: &field)
    }

    /// Reads a whole number of zero or more that XGBoost writes as a string (`"5"`).
    mutating func quotedCount(into field: inout Int?) throws(TreeModelError) {
        let text = try string()
        guard let value = Int32(text), value >= 0 else {
            throw .malformed(
                path: place,
                found: TreeModelError.quote(text),
                allowed: "a whole number of zero or more in a string"
            )
        }
        try store(Int(value), in: &field)
    }

    /// Refuses a count beyond its limit.
    func check(_ count: Int, _ limit: Int) throws(TreeModelError) {
        guard count <= limit else { throw .overLimit(path: place, found: count, limit: limit) }
    }
}
