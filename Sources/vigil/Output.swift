import FoundationEssentials
import Glibc

/// What commands print: tables for people, JSON for programs, progress beside both.
enum Output {
    /// One JSON object or list on standard output, keys sorted.
    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// Prints a table.
    static func table(_ header: [String], _ rows: [[String]]) {
        for line in lines(header, rows) { print(line) }
    }

    /// A table's lines: columns are as wide as their widest cell, numbers to the right.
    static func lines(_ header: [String], _ rows: [[String]]) -> [String] {
        var widths = header.map(\.count)
        for row in rows {
            for (column, cell) in row.enumerated() {
                widths[column] = max(widths[column], cell.count)
            }
        }
        func line(_ cells: [String], isHeader: Bool) -> String {
            cells.enumerated().map { column, cell in
                let pad = String(repeating: " ", count: widths[column] - cell.count)
                let isNumber = rows.allSatisfy { isNumeric($0[column]) }
                return isNumber ? pad + cell : cell + pad
            }.joined(separator: "  ").trimmedRight
        }
        let rule = widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")
        return [line(header, isHeader: true), rule] + rows.map { line($0, isHeader: false) }
    }

    private static func isNumeric(_ cell: String) -> Bool {
        cell.isEmpty || cell.first.map { $0.isNumber || $0 == "-" || $0 == "+" } ?? true
    }

    /// A number with `digits` decimals.
    static func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return "\(value)" }
        let scale = pow(10, Double(digits))
        let scaled = (abs(value) * scale).rounded()
        guard scaled < 1e15 else { return "\(value)" }
        let whole = String(Int(scaled))
        let padded = String(repeating: "0", count: max(0, digits + 1 - whole.count)) + whole
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return sign + padded }
        return sign + padded.dropLast(digits) + "." + padded.suffix(digits)
    }

    /// A number with `digits` significant digits, small and large ones with an exponent.
    static func significant(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
        var exponent = Int(log10(abs(value)).rounded(.down))
        // Rounding may carry into the next decade: 0.09996 has four digits as 0.1000.
        if fixed(abs(value) / pow(10, Double(exponent)), digits - 1).hasPrefix("10") {
            exponent += 1
        }
        guard (-4..<digits + 3).contains(exponent) else {
            return "\(fixed(value / pow(10, Double(exponent)), digits - 1))e\(exponent)"
        }
        return fixed(value, max(0, digits - 1 - exponent))
    }

    /// A number as people write it: whole ones without a point.
    static func shortest(_ value: Double) -> String {
        let text = "\(value)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// A share in percent, with as many decimals as it needs and at most two.
    static func percent(_ share: Double) -> String {
        "\(shortest((share * 1e4).rounded() / 100)) %"
    }

    /// A line on standard error.
    static func note(_ text: String) {
        var line = text + "\n"
        line.withUTF8 { _ = unsafe write(2, $0.baseAddress, $0.count) }
    }
}

/// A number in JSON, null where it is none.
@propertyWrapper
struct JSONNumber: Encodable {
    var wrappedValue: Double

    init(wrappedValue: Double) {
        self.wrappedValue = wrappedValue
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if wrappedValue.isFinite {
            try container.encode(wrappedValue)
        } else {
            try container.encodeNil()
        }
    }
}

/// Progress on standard error: redrawn on a terminal, silent elsewhere.
struct Progress {
    private let title: String
    private let total: Int
    private var done = 0
    private var shown = -1
    private let isTerminal = isatty(2) == 1

    init(_ title: String, total: Int) {
        self.title = title
        self.total = max(total, 1)
    }

    mutating func advance(_ count: Int) {
        done += count
        guard isTerminal else { return }
        let percent = 100 * done / total
        guard percent != shown else { return }
        shown = percent
        let end = done >= total ? "\n" : ""
        var line = "\r\(title) \(done) of \(total) (\(percent) %)\(end)"
        line.withUTF8 { _ = unsafe write(2, $0.baseAddress, $0.count) }
    }
}

extension String {
    fileprivate var trimmedRight: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
