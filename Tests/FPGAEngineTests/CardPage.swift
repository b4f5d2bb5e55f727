import Foundation
import TestSupport

/// The control page of emulated cards (Zoo/firmware/card/page.h): which calls are to fail.
struct CardPage {
    /// Calls that can be made to fail, in the page's order.
    enum Fault: Int, CaseIterable {
        case open, load, context, allocate, map, syncTo, syncFrom, start, wait, hang, state, bits
        case bus, register
    }

    /// Words of 64 bits before the first one.
    private static let firstFault = 16
    private static let goneWord = 9

    private let folder: TemporaryFolder
    private let file: FileHandle
    /// Where it is.
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        let magic = Array("VIGILCRD".utf8)
        let version: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0]
        path = try folder.write("page", magic + version + [UInt8](repeating: 0, count: 4096 - 16))
        file = try FileHandle(forUpdating: URL(filePath: path))
    }

    /// The next calls of this kind fail.
    func fail(_ fault: Fault, calls: UInt8 = 1) throws {
        try write(Self.firstFault + fault.rawValue, calls)
    }

    /// The card is gone, or there again.
    func setGone(_ gone: Bool) throws { try write(Self.goneWord, gone ? 1 : 0) }

    /// No more faults.
    func clear() throws {
        for fault in Fault.allCases { try fail(fault, calls: 0) }
        try setGone(false)
    }

    private func write(_ word: Int, _ value: UInt8) throws {
        try file.seek(toOffset: UInt64(word * 8))
        try file.write(contentsOf: [value, 0, 0, 0, 0, 0, 0, 0])
    }
}
