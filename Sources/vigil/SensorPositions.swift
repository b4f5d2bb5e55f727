import Datasets
import Catalog

/// Where the sensors of an array are: a CSV file with a line `x,y` for each, in the order of the
/// model's input; a first line of words is a heading.
struct SensorPositions {
    let places: [(x: Double, y: Double)]

    /// Longest file that is read, bytes.
    private static let maximumBytes = 1 << 20

    init(path: String) throws {
        let bytes: [UInt8]
        do {
            bytes = try FileReading.bytes(path, limit: Self.maximumBytes)
        } catch {
            throw Complaint("\(error)")
        }
        var places: [(x: Double, y: Double)] = []
        let lines = String(decoding: bytes, as: UTF8.self).split(
            omittingEmptySubsequences: false,
            whereSeparator: \.isNewline
        )
        for (number, line) in lines.enumerated() {
            let cells = line.split(separator: ",", omittingEmptySubsequences: false).map {
                $0.filter { !$0.isWhitespace }
            }
            if cells.allSatisfy(\.isEmpty) { continue }
            let numbers = cells.compactMap { Double($0) }.filter(\.isFinite)
            if number == 0, cells.allSatisfy({ Double($0) == nil }) { continue }
            guard cells.count == 2, numbers.count == 2 else {
                throw Complaint(
                    "\(path), line \(number + 1): found '\(line.prefix(40))', allowed are two numbers, x and y of a sensor"
                )
            }
            places.append((numbers[0], numbers[1]))
        }
        guard !places.isEmpty else { throw Complaint("\(path) holds no positions") }
        guard places.count <= FeatureMap.mostPlaces else {
            throw Complaint(
                "\(path) holds \(places.count) positions, at most \(FeatureMap.mostPlaces) are drawn"
            )
        }
        self.places = places
    }
}
