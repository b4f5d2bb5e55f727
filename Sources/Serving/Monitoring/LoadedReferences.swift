package import Calibration
internal import Catalog
package import Monitoring
internal import Tensors

/// The references of a model version that belong to what runs, and where its watched values lie.
package struct LoadedReferences: Sendable {
    /// Where the numbers of a watched value lie.
    package enum Source: Sendable, Equatable {
        /// Component of a dense float32 input.
        case input(index: Int, elements: Int, component: Int)
        /// Scalar output of 32 or 16 bits, by its place as float32.
        case output(index: Int)
    }

    /// A watched value.
    package struct Value: Sendable {
        package let name: String
        package let unit: String
        package let source: Source

        /// A value.
        package init(name: String, unit: String, source: Source) {
            self.name = name
            self.unit = unit
            self.source = source
        }
    }

    package let file: ReferenceFile
    /// Of the file's values, in its order.
    package let values: [Value]
    /// Of the file's references, in its order.
    package let references: [StreamDrift.Reference]

    /// References, with the places of their file's values.
    package init(_ file: ReferenceFile, values: [Value]) throws(CalibrationError) {
        precondition(file.values.map(\.name) == values.map(\.name), "a place for each value")
        var references: [StreamDrift.Reference] = []
        for reference in file.references {
            references.append(
                .init(kind: reference.kind, histograms: try file.histograms(reference))
            )
        }
        self.file = file
        self.values = values
        self.references = references
    }

    /// The newest references of `source` that match what runs, or in one line why there are none.
    static func find(
        _ source: ModelSource,
        running: LoadedCalibration.Running
    ) -> Result<LoadedReferences, ReferenceAbsence> {
        guard !source.manifest.monitored.isEmpty else {
            return .failure(.init(reason: "the manifest names nothing to be monitored"))
        }
        guard !source.references.isEmpty else {
            return .failure(.init(reason: "there is no file of references in \(source.folder)"))
        }
        var reasons: [String] = []
        var best: LoadedReferences?
        for candidate in source.references {
            switch load(candidate, source, running) {
            case .success(let loaded):
                if best.map({ $0.date < loaded.date }) ?? true { best = loaded }
            case .failure(let absence):
                reasons.append("\(candidate.path): \(absence.reason)")
            }
        }
        if let best { return .success(best) }
        return .failure(.init(reason: reasons.joined(separator: "; ")))
    }

    /// When the newest of its references was made.
    private var date: String { file.references.map(\.date).max() ?? "" }

    private static func load(
        _ candidate: ModelSource.CalibrationSource,
        _ source: ModelSource,
        _ running: LoadedCalibration.Running
    ) -> Result<LoadedReferences, ReferenceAbsence> {
        let manifest = source.manifest
        do {
            let file = try ReferenceFile(json: candidate.bytes)
            let facts = [
                ("model", file.model, manifest.name),
                ("artefact_digest", file.artefactDigest, source.digest),
                ("engine", file.engine, running.engine),
                ("precision", file.precision, running.precision),
                ("device_class", file.deviceClass, running.deviceClass),
            ]
            for (key, found, wanted) in facts where found != wanted {
                return .failure(.init(reason: "\(key) is \(found), what runs is \(wanted)"))
            }
            var values: [Value] = []
            for value in file.values {
                guard manifest.monitored.contains(value.name) else {
                    return .failure(
                        .init(reason: "the manifest does not name \(value.name) to be monitored")
                    )
                }
                guard let found = Self.value(value.name, manifest) else {
                    return .failure(.init(reason: "\(value.name) is no float of an event"))
                }
                values.append(found)
            }
            return .success(try LoadedReferences(file, values: values))
        } catch {
            return .failure(.init(reason: "\(error)"))
        }
    }

    /// Where a feature or an output lies, or nil where it is not one float32 number an event.
    private static func value(_ name: String, _ manifest: Manifest) -> Value? {
        for (index, input) in manifest.inputs.enumerated()
        where input.signature.type == .float32 && input.raggedMaximum == nil {
            guard let component = input.features.firstIndex(where: { $0.name == name }) else {
                continue
            }
            return Value(
                name: name,
                unit: input.features[component].unit,
                source: .input(
                    index: index,
                    elements: input.signature.elementCount,
                    component: component
                )
            )
        }
        guard let index = manifest.outputs.firstIndex(where: { $0.signature.name == name }),
            manifest.outputs[index].signature.type.isFloat,
            manifest.outputs[index].signature.elementCount == 1
        else { return nil }
        return Value(
            name: name,
            unit: manifest.outputs[index].unit,
            source: .output(
                index: WidenedEngine.place(of: index, among: manifest.outputs.map(\.signature))
            )
        )
    }
}

/// Why a version is not monitored.
struct ReferenceAbsence: Error {
    let reason: String
}
