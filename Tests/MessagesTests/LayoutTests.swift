import Messages
import Tensors
import Testing

@Suite struct LayoutTests {
    @Test func `Sections follow each other, each aligned to 64 bytes`() {
        let sections: [AnswerLayout.Section] = [
            .init(type: .float32, shape: []), .init(type: .uint8, shape: [3]),
            .init(type: .float64, shape: [2, 2]), .init(type: .float16, shape: []),
        ]
        let layout = layout(sections)
        #expect(layout.sections.map(\.strideBytes) == [4, 3, 32, 2])
        #expect(layout.rowBytes == 41)
        #expect((0...4).map { layout.offset(of: $0, rows: 0) } == [0, 0, 0, 0, 0])
        #expect((0...4).map { layout.offset(of: $0, rows: 1) } == [0, 64, 128, 192, 256])
        #expect((0...4).map { layout.offset(of: $0, rows: 17) } == [0, 128, 192, 768, 832])
        #expect(layout.byteCount(rows: 17) == 832)
    }

    @Test("Sections never overlap", arguments: [1, 2, 15, 16, 17, 64, 1000, 65_536])
    func apart(rows: Int) {
        let sections = (1...AnswerLayout.maximumSections).map {
            AnswerLayout.Section(type: .float32, shape: [$0])
        }
        let layout = layout(sections)
        for index in sections.indices {
            let start = layout.offset(of: index, rows: rows)
            let next = layout.offset(of: index + 1, rows: rows)
            #expect(start.isMultiple(of: 64))
            #expect(next - start >= sections[index].strideBytes * rows)
            #expect(next - start < sections[index].strideBytes * rows + 64)
        }
    }

    @Test func `More sections than an answer may have are a bug`() async {
        await #expect(processExitsWith: .failure) {
            _ = LayoutTests().layout(
                [AnswerLayout.Section](
                    repeating: .init(type: .int8, shape: []),
                    count: AnswerLayout.maximumSections + 1
                )
            )
        }
    }

    private func layout(_ sections: [AnswerLayout.Section]) -> AnswerLayout {
        AnswerLayout(
            outputs: [],
            pValues: [],
            logLikelihoodRatio: nil,
            sections: sections,
            provenance: Provenance(
                model: "",
                version: "",
                digest: "",
                engine: "",
                precision: "",
                device: "",
                calibration: nil,
                calibrationDate: nil,
                bins: []
            )
        )
    }
}
