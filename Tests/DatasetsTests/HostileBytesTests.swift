import Datasets
import TestSupport
import Testing

@Suite struct HostileBytesTests {
    static let npy = NpyText.file(
        ">f4",
        shape: "(2, 3)",
        content: NpyText.bytes((0..<6).map { Float($0).bitPattern }, isBig: true),
        isFortran: true
    )

    /// Archives of every kind that is read.
    static let archives: [[UInt8]] = [false, true].flatMap { isWide in
        ZipText.Method.allCases.map { method in
            var zip = ZipText(isWide: isWide)
            zip.add("a.npy", npy, method: method)
            zip.add("b.npy", npy, method: method)
            return zip.finished(comment: [1, 2, 3])
        }
    }

    @Test func `An array cut anywhere is refused`() throws {
        let folder = try TemporaryFolder()
        for length in 0..<Self.npy.count {
            let path = try folder.write("a.npy", Array(Self.npy[..<length]))
            #expect(throws: DatasetError.self) { try Dataset(path: path) }
        }
    }

    @Test("An archive cut anywhere is refused or gives no wrong numbers", arguments: 0..<4)
    func cutArchive(index: Int) throws {
        let folder = try TemporaryFolder()
        let whole = Self.archives[index]
        // Behind the archive are the three bytes of its comment.
        for length in 0..<(whole.count - 3) {
            let path = try folder.write("a.npz", Array(whole[..<length]))
            #expect(throws: DatasetError.self) { try Dataset(path: path) }
        }
    }

    @Test("Damaged files are refused or read, never a crash", arguments: 0..<20)
    func mutations(round: UInt64) throws {
        var random = SeededRandom(seed: 4000 + round)
        let folder = try TemporaryFolder()
        for count in 0..<1000 {
            let original = count.isMultiple(of: 5) ? Self.npy : Self.archives[count % 5 - 1]
            let path = try folder.write("a", Damage.mutated(original, &random))
            guard let dataset = try? Dataset(path: path) else {
                continue  // Refused, as most are.
            }
            for name in dataset.names {
                guard let array = try? dataset.array(name) else {
                    continue  // An entry may be refused alone.
                }
                #expect(array.doubles.count == array.count)
                #expect(array.floats.count == array.count)
            }
        }
    }
}
