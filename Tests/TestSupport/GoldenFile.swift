internal import Foundation

/// What reference libraries made of some inputs: `Reference/golden.json` beside a test's file.
public enum GoldenFile {
    /// Reads it; one that cannot be read is a broken checkout.
    public static func read<Content: Decodable>(
        _ type: Content.Type,
        beside path: String = #filePath
    ) -> Content {
        let file = URL(filePath: path).deletingLastPathComponent()
            .appending(path: "Reference/golden.json")
        do {
            return try JSONDecoder().decode(type, from: Data(contentsOf: file))
        } catch {
            preconditionFailure("\(file.path): \(error)")
        }
    }
}
