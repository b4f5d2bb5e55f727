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

    /// Pixels of an image [height, width] or [channels, height, width], or patches of it; nil for
    /// other shapes, for more places than are drawn, and where the features are neither.
    init?(image shape: [Int], features: Int) {
        guard shape.count == 2 || shape.count == 3 else { return nil }
        let channels = shape.count == 3 ? shape[0] : 1
        let (height, width) = (shape[shape.count - 2], shape[shape.count - 1])
        // Pixels with a share in every channel are patches of side 1 but for the channels.
        let (side, perPlace) =
            features == channels * height * width
            ? (1, channels) : (Self.side(height, width, patches: features), 1)
        guard let side else { return nil }
        let columns = (width + side - 1) / side
        let rows = (height + side - 1) / side
        guard rows * columns <= Self.mostPlaces else { return nil }
        places = (0..<rows * columns).map { index in
            let (top, left) = (index / columns * side, index % columns * side)
            let (bottom, right) = (min(top + side, height), min(left + side, width))
            return Place(
                x: Double(left + right) / 2,
                y: Double(top + bottom) / 2,
                width: Double(right - left),
                height: Double(bottom - top),
                features: (0..<perPlace).map { $0 * rows * columns + index }
            )
        }
        isRound = false
    }

    /// Side of the square patches that an image falls into, if there is one for that number.
    private static func side(_ height: Int, _ width: Int, patches: Int) -> Int? {
        (1...max(height, width)).first {
            ((height + $0 - 1) / $0) * ((width + $0 - 1) / $0) == patches
        }
    }

    /// The features' numbers summed at every place.
    func sums(_ numbers: [Double]) -> [Double] {
        places.map { place in place.features.reduce(0) { $0 + numbers[$1] } }
    }
}
