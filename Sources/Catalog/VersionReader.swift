internal import StrictYAML
internal import Tensors

/// Reads `version.yaml`, strictly: what one version states instead of its model's manifest.
///
/// The precision alone: the other keys are what clients know a model by, or how the daemon runs it, and
/// two versions that differ in those are two models.
enum VersionReader {
    static func precision(_ bytes: [UInt8], file: String) throws(YAMLError) -> Precision {
        var top = try YAMLDocument.mapping(bytes, file: file)
        let precision = try top.require("precision").choice(Precision.self)
        try top.finish()
        return precision
    }
}
