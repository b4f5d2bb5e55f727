import Execution
import Tensors
import Testing

@Suite struct ShapeProbeTests {
    @Test(
        "Powers of two are tried up to the limit, and the limit itself",
        arguments: [
            (1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (8, [1, 2, 4, 8]), (10, [1, 2, 4, 8, 10]),
        ]
    )
    func shapes(maximum: Int, wanted: [Int]) {
        #expect(ShapeProbe.shapes(maximumRows: maximum, fixedRows: nil) == wanted)
        #expect(ShapeProbe.shapes(maximumRows: maximum, fixedRows: 7) == [7])
        #expect(
            ShapeProbe.shapes(maximumRows: maximum, fixedRows: nil, isSingle: true) == [maximum]
        )
    }

    @Test func `An honest engine keeps every shape`() throws {
        let outcome = try measure(SumEngine(), shapes: [1, 2, 4, 8, 16, 32])
        #expect(outcome.refused.isEmpty)
        #expect(outcome.steps.map(\.rows) == [1, 2, 4, 8, 16, 32])
        #expect(outcome.steps.allSatisfy { $0.nanoseconds >= 1 })
    }

    @Test func `A shape that gives other bits is refused, unless bits do not matter`() throws {
        let engine = SumEngine(wrongShapes: [1, 32])
        let strict = try measure(engine, shapes: [1, 2, 16, 32])
        #expect(strict.refused == [1, 32])
        #expect(strict.steps.map(\.rows) == [2, 16])
        let loose = try measure(engine, shapes: [1, 2, 16, 32], isReproducible: false)
        #expect(loose.refused.isEmpty)
        #expect(loose.steps.map(\.rows) == [1, 2, 16, 32])
    }

    @Test func `An engine whose rows depend on their place is refused`() {
        let error = #expect(throws: EngineFailure.self) {
            try measure(SumEngine(dependsOnPlace: true), shapes: [1, 2, 4, 8, 16])
        }
        #expect(error?.description.contains("depend on its place") ?? false)
    }

    @Test func `A failing run fails the probe`() {
        #expect(throws: EngineFailure.self) {
            try measure(SumEngine(failingShape: 4), shapes: [1, 2, 4])
        }
    }

    @Test func `What is known is not timed again, but its bits are checked`() throws {
        let known = Ladder(
            steps: [.init(rows: 2, nanoseconds: 77), .init(rows: 16, nanoseconds: 99)],
            refused: [1]
        )
        let shapes = [1, 2, 16]
        #expect(try measure(SumEngine(), shapes: shapes, known: known) == known)
        let wrong = try measure(SumEngine(wrongShapes: [2]), shapes: shapes, known: known)
        #expect(wrong == Ladder(steps: [.init(rows: 16, nanoseconds: 99)], refused: [1, 2]))
    }

    @Test func `What is known of other shapes counts for nothing`() throws {
        let known = Ladder(steps: [.init(rows: 2, nanoseconds: 1 << 40)], refused: [])
        let found = try measure(SumEngine(), shapes: [1, 2], known: known)
        #expect(found.steps.map(\.rows) == [1, 2])
        #expect(found.steps.allSatisfy { $0.nanoseconds < 1 << 40 })
    }

    private func measure(
        _ engine: SumEngine,
        shapes: [Int],
        isReproducible: Bool = true,
        known: Ladder? = nil
    ) throws -> Ladder {
        try ShapeProbe(engine: engine, ranges: [[(low: -1, high: 1)]])
            .measure(shapes: shapes, isReproducible: isReproducible, known: known)
    }
}

/// Adds the three numbers of a row; lies where it is told to.
private final class SumEngine: Engine {
    let version = "sum 1"
    let inputs = [TensorSignature(name: "x", type: .float32, shape: [3])]
    let outputs = [TensorSignature(name: "y", type: .float32, shape: [])]
    let fixedRows: Int? = nil
    let wrongShapes: [Int]
    let dependsOnPlace: Bool
    let failingShape: Int?

    init(wrongShapes: [Int] = [], dependsOnPlace: Bool = false, failingShape: Int? = nil) {
        self.wrongShapes = wrongShapes
        self.dependsOnPlace = dependsOnPlace
        self.failingShape = failingShape
    }

    func makeInstance(
        maximumRows: Int,
        shapes: [Int]
    ) throws(EngineFailure) -> any EngineInstance {
        SumInstance(engine: self, maximumRows: maximumRows)
    }
}

@safe
private final class SumInstance: EngineInstance {
    private let engine: SumEngine
    private let input: AlignedBuffer
    private let output: AlignedBuffer

    init(engine: SumEngine, maximumRows: Int) {
        self.engine = engine
        input = AlignedBuffer(byteCount: maximumRows * 12)
        output = AlignedBuffer(byteCount: maximumRows * 4)
    }

    func inputMemory(_ index: Int) -> UnsafeMutableRawPointer { unsafe input.base }

    func outputMemory(_ index: Int) -> UnsafeRawPointer { unsafe UnsafeRawPointer(output.base) }

    func run(rows: Int) throws(EngineFailure) {
        try unsafe run(rows: rows, lentInput: UnsafeRawPointer(input.base))
    }

    func run(rows: Int, lentInput input: UnsafeRawPointer) throws(EngineFailure) {
        if rows == engine.failingShape { throw EngineFailure(call: "run", message: "told to") }
        for row in 0..<rows {
            var sum: Float = engine.wrongShapes.contains(rows) ? 1 : 0
            if engine.dependsOnPlace { sum += Float(row) }
            for place in 0..<3 {
                sum += unsafe input.loadUnaligned(
                    fromByteOffset: 12 * row + 4 * place,
                    as: Float.self
                )
            }
            unsafe output.base.storeBytes(of: sum, toByteOffset: 4 * row, as: Float.self)
        }
    }
}
