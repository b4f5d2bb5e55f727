/// Look-up tables with an element for every word that the operand's format has, found by its low
/// bits.
///
/// Words that da4ml's table leaves out give 0; da4ml's own interpreter refuses them.
struct PaddedTables {
    private struct Form: Hashable {
        let number: Int
        let padding: Int
        let width: Int
        let isSigned: Bool
    }

    private(set) var tables: [[Int32]] = []
    /// Bounds of each table's elements.
    private(set) var ranges: [NumberRange] = []
    private var found: [Form: Int] = [:]
    private var elements = 0

    /// Widest operand: a table of a million elements.
    private static let maximumWidth = 20
    /// Most elements of all tables: 64 MiB.
    private static let maximumElements = 1 << 24

    /// What finds an element by an operand of the format.
    static func mask(_ format: DAISFormat) -> Int64 {
        (1 << min(format.width, maximumWidth)) - 1
    }

    /// Index of the table for operands of a format, made if it is new; `table` starts `padding`
    /// after the lowest.
    mutating func add(
        _ table: [Int32],
        number: Int,
        padding: Int,
        _ format: DAISFormat,
        place: String
    ) throws(FirmwareError) -> Int {
        let form = Form(
            number: number,
            padding: padding,
            width: format.width,
            isSigned: format.isSigned
        )
        if let index = found[form] { return index }
        let size = 1 << min(format.width, Self.maximumWidth)
        guard format.width <= Self.maximumWidth, elements + size <= Self.maximumElements else {
            throw FirmwareError(
                place,
                found: "a table for \(format.width) bits",
                allowed:
                    "\(Self.maximumWidth) bits, and \(Self.maximumElements) elements in all tables"
            )
        }
        guard padding >= 0, padding + table.count <= size else {
            throw FirmwareError(
                place,
                found: "\(table.count) elements from \(padding) on",
                allowed: "the \(size) of \(format.width) bits"
            )
        }
        // Numbers below zero have the high bit set: they come behind the others.
        let lowest = format.isSigned ? size / 2 : 0
        var elements = [Int32](repeating: 0, count: size)
        for (index, element) in table.enumerated() {
            elements[(index + padding + lowest) % size] = element
        }
        self.elements += size
        found[form] = tables.count
        tables.append(elements)
        ranges.append(
            NumberRange(Int128(elements.min() ?? 0), Int128(elements.max() ?? 0))
        )
        return tables.count - 1
    }
}
