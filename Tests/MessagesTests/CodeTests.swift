import Messages
import Testing

@Suite struct CodeTests {
    /// Raw value, name, gRPC, HTTP: as the protocol's documentation has them.
    static let table: [(Code, UInt8, String, Int, Int)] = [
        (.ok, 0, "OK", 0, 200),
        (.invalid, 1, "INVALID", 3, 400),
        (.notFound, 2, "NOT_FOUND", 5, 404),
        (.overloaded, 3, "OVERLOADED", 8, 429),
        (.deadlineExceeded, 4, "DEADLINE_EXCEEDED", 4, 504),
        (.unavailable, 5, "UNAVAILABLE", 14, 503),
        (.unauthenticated, 6, "UNAUTHENTICATED", 16, 401),
        (.forbidden, 7, "FORBIDDEN", 7, 403),
        (.unsupported, 8, "UNSUPPORTED", 12, 501),
        (.internal, 9, "INTERNAL", 13, 500),
    ]

    @Test("Each code has one name, one gRPC and one HTTP code", arguments: table.indices)
    func entry(index: Int) {
        let (code, raw, name, grpc, http) = Self.table[index]
        #expect(code.rawValue == raw)
        #expect(code.name == name)
        #expect(code.grpc == grpc)
        #expect(code.http == http)
    }

    @Test func `The table is complete and no two codes share anything`() {
        #expect(Self.table.map(\.0) == Code.allCases)
        #expect(Set(Code.allCases.map(\.name)).count == Code.allCases.count)
        #expect(Set(Code.allCases.map(\.grpc)).count == Code.allCases.count)
        #expect(Set(Code.allCases.map(\.http)).count == Code.allCases.count)
    }

    @Test func `Only what may pass may be sent again`() {
        #expect(Code.allCases.filter(\.isRetryable) == [.overloaded, .unavailable])
    }

    @Test func `Priorities have the protocol's numbers, and TRIGGER goes first`() {
        #expect(Priority.allCases.map(\.rawValue) == [1, 2, 3])
        #expect(Priority.allCases.map(\.name) == ["TRIGGER", "STANDARD", "BULK"])
        #expect(Priority.allCases.map(\.index) == [0, 1, 2])
    }

    @Test func `A refusal is one line with all it knows`() {
        #expect(Refusal(.invalid, "why").description == "INVALID: why")
        let refusal = Refusal(.notFound, "why", field: "model", row: 3, near: ["a", "b"])
        #expect(refusal.description == "NOT_FOUND: why (field model) (row 3); near: a, b")
    }

    @Test func `A refusal that says OK is a bug`() async {
        await #expect(processExitsWith: .failure) { _ = Refusal(.ok, "fine") }
    }
}
