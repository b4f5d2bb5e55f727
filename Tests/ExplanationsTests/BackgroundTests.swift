import Explanations
import Testing

@Suite struct BackgroundTests {
    @Test func `A missing value is let through, and the mean of its feature unknown`() throws {
        let background = try Background(numbers: [1, .nan, 3, 2], features: 2)
        #expect(background.rows == 2 && background.features == 2)
        let mean = background.mean()
        #expect(mean[0] == 2 && mean[1].isNaN)
    }

    @Test(
        "What is no background is refused",
        arguments: [
            ([], 2, "background: found 0 numbers, allowed: rows of 2, at least one"),
            ([1, 2, 3], 2, "background: found 3 numbers, allowed: rows of 2, at least one"),
            ([1], 0, "features: found 0, allowed: 1 to 1048576"),
            (
                [1, 2, 3, .infinity], 2,
                "background row 1, feature 1: found inf, "
                    + "allowed: finite numbers, or NaN for a missing one"
            ),
            (
                [Float](repeating: 0, count: 4097), 1,
                "background: found 4097 rows, allowed: at most 4096 of 1 features"
            ),
        ] as [([Float], Int, String)]
    )
    func refusals(numbers: [Float], features: Int, message: String) {
        let error = #expect(throws: ExplanationError.self) {
            try Background(numbers: numbers, features: features)
        }
        #expect(error?.description == message)
    }

    @Test func `Its numbers have a limit`() {
        let features = 1 << 20
        let numbers = [Float](repeating: 0, count: 17 * features)
        let error = #expect(throws: ExplanationError.self) {
            try Background(numbers: numbers, features: features)
        }
        #expect(error?.allowed == "at most 16 of 1048576 features")
    }
}
