import Messages
import Testing
import VigilClient
import Wire

@Suite struct CallTableTests {
    private let outcome = Outcomes()

    @Test func `A call is sent once and ends with its reply`() {
        var table = table()
        #expect(sendable(table, 0) == [7])
        #expect(table.request(7)?.header == RequestEncoder.encode(.status, id: 7).header)
        table.sent(7, now: 0)
        #expect(sendable(table, 0).isEmpty)
        table.reply(7, .success(.control(.reload([]))), now: 1)
        #expect(outcome.texts == ["7: reply"])
        #expect(table.count == 0)
        #expect(table.request(7) == nil)
    }

    @Test func `A late reply to a call that has ended is dropped`() {
        var table = table()
        table.sent(7, now: 0)
        for _ in 0..<2 { table.reply(7, .success(.control(.reload([]))), now: 1) }
        table.reply(99, .success(.control(.reload([]))), now: 1)
        #expect(outcome.texts == ["7: reply"])
    }

    @Test(
        "A refusal that will stay ends the call",
        arguments: [Code.invalid, .notFound, .deadlineExceeded, .internal, .unsupported]
    )
    func finalRefusal(code: Code) {
        var table = table()
        table.sent(7, now: 0)
        table.reply(7, .success(.refusal(Refusal(code, "why"))), now: 1)
        #expect(outcome.texts == ["7: \(code.name): why"])
    }

    @Test(
        "A refusal that may pass is tried again elsewhere, after a pause",
        arguments: [Code.overloaded, .unavailable]
    )
    func again(code: Code) {
        var table = table(endpoints: 3)
        table.sent(7, now: 0)
        table.reply(7, .success(.refusal(Refusal(code, "why"))), now: 1000)
        #expect(outcome.texts.isEmpty)
        #expect(sendable(table, 1000).isEmpty)
        // 5 ms doubled for one attempt, and half of that for jitter.
        #expect(sendable(table, 1000 + Self.milliseconds(10) - 1).isEmpty)
        #expect(sendable(table, 1000 + Self.milliseconds(15)) == [7])
        #expect(table.sendable(now: .max).map(\.endpoint) == [1])
        table.sent(7, now: Self.milliseconds(20))
        table.reply(7, .success(.control(.reload([]))), now: Self.milliseconds(21))
        #expect(outcome.texts == ["7: reply"])
    }

    @Test func `The pause that a refusal names is kept, within the longest`() {
        for (wanted, least, most) in [(100_000, 100, 150), (60_000_000, 1000, 1500)]
            as [(UInt64, UInt64, UInt64)]
        {
            var table = table()
            table.sent(7, now: 0)
            let refusal = Refusal(.overloaded, "why", retryAfterMicroseconds: wanted)
            table.reply(7, .success(.refusal(refusal)), now: 0)
            #expect(sendable(table, Self.milliseconds(least) - 1).isEmpty)
            #expect(sendable(table, Self.milliseconds(most)) == [7])
        }
    }

    @Test func `A pause of any length that a hostile daemon names does no harm`() {
        var table = table()
        table.sent(7, now: 0)
        let refusal = Refusal(.overloaded, "why", retryAfterMicroseconds: .max)
        table.reply(7, .success(.refusal(refusal)), now: 0)
        #expect(sendable(table, Self.milliseconds(1500)) == [7])
    }

    @Test func `Pauses double and are bounded`() {
        var options = ClientOptions(endpoints: ["a"])
        options.maximumAttempts = 1000
        var table = CallTable(options: options)
        add(&table, 7, end: .max)
        var now: UInt64 = 0
        for attempt in 1...40 {
            table.sent(7, now: now)
            table.reply(7, .success(.refusal(Refusal(.overloaded, "why"))), now: now)
            let pause = min(5 << min(attempt, 6), 1000)
            let due = table.nextDue() ?? 0
            #expect(due - now >= Self.milliseconds(UInt64(pause)))
            #expect(due - now <= Self.milliseconds(UInt64(pause)) * 3 / 2)
            now = due
        }
    }

    @Test func `After the last attempt the refusal is the answer`() {
        var options = ClientOptions(endpoints: ["a", "b"])
        options.maximumAttempts = 3
        var table = CallTable(options: options)
        add(&table, 7, end: .max)
        for attempt in 1...3 {
            #expect(outcome.texts.isEmpty)
            table.sent(7, now: 0)
            table.reply(7, .success(.refusal(Refusal(.overloaded, "\(attempt)"))), now: 0)
        }
        #expect(outcome.texts == ["7: OVERLOADED: 3"])
    }

    @Test func `An attempt without a reply is made again, the call ends at its end`() {
        var table = table(endpoints: 2, end: Self.milliseconds(60_000))
        table.sent(7, now: 0)
        table.expire(now: Self.milliseconds(19_999))
        #expect(table.sendable(now: .max).isEmpty)
        table.expire(now: Self.milliseconds(20_000))
        #expect(table.sendable(now: .max).map(\.endpoint) == [1])
        table.sent(7, now: Self.milliseconds(20_100))
        table.expire(now: Self.milliseconds(59_999))
        #expect(outcome.texts.isEmpty)
        table.expire(now: Self.milliseconds(60_000))
        #expect(outcome.texts == ["7: no reply: 2 attempts at 0, 1"])
        #expect(table.count == 0)
    }

    @Test func `A call that ends after a refusal ends with it`() {
        var table = table(end: 1000)
        table.sent(7, now: 0)
        table.reply(7, .success(.refusal(Refusal(.unavailable, "draining"))), now: 1)
        table.expire(now: 1000)
        #expect(outcome.texts == ["7: UNAVAILABLE: draining"])
    }

    @Test func `A lost connection sends its calls again elsewhere, and no others`() {
        var table = table(endpoints: 2)
        add(&table, 8, end: .max)
        add(&table, 9, end: .max)
        table.sent(7, now: 0)
        table.sent(8, now: 0)
        table.unsent(9, now: 0)
        table.lost(endpoint: 0, now: 0)
        let due = table.sendable(now: .max).sorted { $0.id < $1.id }
        #expect(due.map(\.id) == [7, 8, 9])
        #expect(due.map(\.endpoint) == [1, 1, 1])
        table.sent(7, now: 0)
        table.lost(endpoint: 0, now: 0)
        #expect(table.sendable(now: .max).map(\.id).sorted() == [8, 9])
    }

    @Test func `A call that cannot be handed over waits shortly for the next endpoint`() {
        var table = table(endpoints: 2)
        table.unsent(7, now: 0)
        #expect(sendable(table, Self.milliseconds(5) - 1).isEmpty)
        #expect(table.sendable(now: Self.milliseconds(5)).map(\.endpoint) == [1])
        table.unsent(7, now: 0)
        #expect(table.sendable(now: .max).map(\.endpoint) == [0])
    }

    @Test func `What is due next is the soonest attempt or end`() {
        var table = CallTable(options: ClientOptions(endpoints: ["a"]))
        #expect(table.nextDue() == nil)
        add(&table, 1, end: 500)
        #expect(table.nextDue() == 0)
        table.sent(1, now: 0)
        #expect(table.nextDue() == 500)
        add(&table, 2, end: 300)
        table.sent(2, now: 0)
        #expect(table.nextDue() == 300)
    }

    @Test func `Closing ends every call`() {
        var table = table()
        add(&table, 8, end: .max)
        table.sent(8, now: 0)
        table.closeAll()
        #expect(outcome.texts.sorted() == ["7: the client is closed", "8: the client is closed"])
        #expect(table.count == 0 && table.nextDue() == nil)
    }

    static func milliseconds(_ count: UInt64) -> UInt64 { count * 1_000_000 }

    private func table(endpoints: Int = 1, end: UInt64 = .max) -> CallTable {
        let names = (0..<endpoints).map(String.init)
        var table = CallTable(options: ClientOptions(endpoints: names))
        add(&table, 7, end: end)
        return table
    }

    private func add(_ table: inout CallTable, _ id: UInt64, end: UInt64) {
        let call = CallTable.Call(
            request: RequestEncoder.encode(.status, id: id),
            end: end
        ) { [outcome] in outcome.add(id, $0) }
        table.add(call, id: id)
    }

    private func sendable(_ table: CallTable, _ now: UInt64) -> [UInt64] {
        table.sendable(now: now).map(\.id)
    }
}
