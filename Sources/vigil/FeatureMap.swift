/// Where the features of an input lie in a plane: pixels, patches of them, or sensors.
struct FeatureMap {
    /// A place of the map, and the features whose shares are summed there.
    struct Place {
        /// Centre, right and down.
        let x: Double
        let y: Double
        let width: Double
        let height: Double
        let features: [Int]
    }

    let places: [Place]
    let isRound: Bool

    /// More places than this would make a page that no viewer opens.
    static let mostPlaces = 1 << 14

    /// Sensors, one a feature; as large as their neighbours leave room.
    init(_ sensors: SensorPositions) {
        let places = sensors.places
        var nearest = Double.infinity
        for (index, one) in places.enumerated() {
            for other in places[(index + 1)...] {
                let distance =
                    ((one.x - other.x) * (one.x - other.x)
                    + (one.y - other.y) * (one.y - other.y)).squareRoot()
                if distance > 0 { nearest = min(nearest, distance) }
            }
        }
        let size = nearest.isFinite ? 0.94 * nearest : 1
        self.places = places.enumerated().map { index, place in
            // Up is where y grows.
            Place(x: place.x, y: -place.y, width: size, height: size, features: [index])
        }
        isRound = true
    }

    /// Pixels of an image [height, width] or [channels, height, width], channels summed; nil for other
    /// shapes and for more places than are drawn.
    init?(pixels shape: [Int]) {
        guard shape.count == 2 || shape.count == 3 else { return nil }
        let (height, width) = (shape[shape.count - 2], shape[shape.count - 1])
        let pixels = height * width
        guard pixels <= Self.mostPlaces else { return nil }
        let channels = shape.count == 3 ? shape[0] : 1
        places = (0..<pixels).map { pixel in
            Place(
                x: Double(pixel % width) + 0.5,
                y: Double(pixel / width) + 0.5,
                width: 1,
                height: 1,
                features: (0..<channels).map { $0 * pixels + pixel }
            )
        }
        isRound = false
    }

    /// Patches of an image by their slices, rows then columns, as "0:4,8:12"; nil for other names.
    init?(patches names: [String]) {
        guard names.count <= Self.mostPlaces else { return nil }
        var places: [Place] = []
        for (feature, name) in names.enumerated() {
            let slices = name.split(separator: ",").map { slice in
                slice.split(separator: ":").compactMap { Double($0) }
            }
            guard slices.count == 2, slices.allSatisfy({ $0.count == 2 && $0[0] < $0[1] }) else {
                return nil
            }
            let (rows, columns) = (slices[0], slices[1])
            places.append(
                Place(
                    x: (columns[0] + columns[1]) / 2,
                    y: (rows[0] + rows[1]) / 2,
                    width: columns[1] - columns[0],
                    height: rows[1] - rows[0],
                    features: [feature]
                )
            )
        }
        self.places = places
        isRound = false
    }

    /// The features' numbers summed at every place.
    func sums(_ numbers: [Double]) -> [Double] {
        places.map { place in place.features.reduce(0) { $0 + numbers[$1] } }
    }
}
