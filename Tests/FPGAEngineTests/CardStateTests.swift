import Testing

@testable import FPGAEngine

@Suite struct CardStateTests {
    @Test func `A card that answers is not tried`() {
        let state = CardState(now: 5)
        #expect(state.isServing && state.reason == nil && state.retryTime == nil)
    }

    @Test func `A card that is not there from the beginning is tried after the first delay`() {
        let state = CardState(now: 5, reason: "no card")
        #expect(!state.isServing && state.reason == "no card")
        #expect(state.retryTime == 5 + CardState.firstDelay)
    }

    @Test func `The wait doubles with every failure, up to the longest`() {
        var state = CardState(now: 0)
        var wanted = CardState.firstDelay
        var now: UInt64 = 0
        for turn in 0..<12 {
            #expect(state.lose("failure \(turn)", now: now) == (turn == 0))
            #expect(state.retryTime == now + wanted && state.reason == "failure \(turn)")
            now += wanted
            wanted = min(wanted * 2, CardState.longestDelay)
        }
        #expect(wanted == CardState.longestDelay)
    }

    @Test func `A card that comes and goes is not tried more often`() {
        var state = CardState(now: 0)
        state.lose("once", now: 0)
        state.recover(now: 10)
        #expect(state.isServing && state.reason == nil)
        let didServe = state.lose("twice", now: 20)
        #expect(didServe)
        #expect(state.retryTime == 20 + 2 * CardState.firstDelay)
    }

    @Test func `A card that served long is tried soon`() {
        var state = CardState(now: 0)
        for turn in 0..<6 { state.lose("again", now: UInt64(turn)) }
        state.recover(now: 100)
        state.lose("after long", now: 100 + CardState.longestDelay)
        #expect(state.retryTime == 100 + CardState.longestDelay + CardState.firstDelay)
    }
}
