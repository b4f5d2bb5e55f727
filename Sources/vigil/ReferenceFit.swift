internal import Tensors
import Calibration
import Messages
import Monitoring

/// Makes a file of references from scored events.
struct ReferenceFit {
    let model: ModelDescription
    /// Bins of a value, where there are none yet.
    let bins: Int

    /// The numbers of every monitored value, by name.
    func columns(
        _ source: EventSource,
        _ outcome: Scoring.Outcome
    ) throws -> [(name: String, values: [Double])] {
        var columns: [(name: String, values: [Double])] = []
        for name in model.monitored where !columns.contains(where: { $0.name == name }) {
            if let axis = inputAxis(name) {
                columns.append((name, try source.values(of: axis, outcome)))
            } else if isNumber(name) {
                columns.append((name, try outcome.column(name)))
            } else {
                Output.note("warning: \(name) is no float of an event: it is not watched")
            }
        }
        guard !columns.isEmpty else {
            throw Complaint("model '\(model.name)' monitors nothing that is one number an event")
        }
        return columns
    }

    /// The feature of a dense float32 input.
    private func inputAxis(_ name: String) -> BinAxis? {
        let input = model.inputs.first { input in
            input.signature.type == .float32 && input.raggedMaximum == 0
                && input.features.contains(name)
        }
        return input.map {
            BinAxis(source: "input", name: $0.signature.name, feature: name, edges: [])
        }
    }

    private func isNumber(_ output: String) -> Bool {
        model.outputs.contains {
            $0.signature.name == output && $0.signature.type.isFloat
                && $0.signature.elementCount == 1
        }
    }

    /// The file: bins and the reference of the other kind are those of `known` where that is of the
    /// same artefact and values.
    func file(
        kind: ReferenceFile.Kind,
        columns: [(name: String, values: [Double])],
        date: String,
        dataDigest: String,
        known: ReferenceFile?
    ) throws -> ReferenceFile {
        let others = known.map { kept($0, than: kind, columns) } ?? []
        var values: [ReferenceFile.Value] = []
        if let known, !others.isEmpty {
            values = known.values
        } else {
            for column in columns {
                values.append(
                    .init(
                        name: column.name,
                        bins: try ReferenceHistogram.equalShares(column.values, count: bins)
                    )
                )
            }
        }
        let counts = values.map { value in
            let finite = columns.first { $0.name == value.name }?.values.filter(\.isFinite) ?? []
            var counts = [Int](repeating: 0, count: value.bins.count)
            for number in finite { counts[value.bins.index(of: number) ?? 0] += 1 }
            return counts
        }
        let made = ReferenceFile.Reference(
            kind: kind,
            date: date,
            dataDigest: dataDigest,
            events: columns[0].values.count,
            counts: counts
        )
        return try ReferenceFile(
            model: model.name,
            version: model.version,
            artefactDigest: model.digest,
            engine: model.engine,
            precision: model.precision,
            deviceClass: model.deviceClass,
            values: values,
            references: (others + [made]).sorted { $0.kind.rawValue > $1.kind.rawValue }
        )
    }

    /// References of other kinds that a file holds of what runs now.
    private func kept(
        _ known: ReferenceFile,
        than kind: ReferenceFile.Kind,
        _ columns: [(name: String, values: [Double])]
    ) -> [ReferenceFile.Reference] {
        guard known.model == model.name, known.artefactDigest == model.digest,
            known.engine == model.engine, known.precision == model.precision,
            known.deviceClass == model.deviceClass,
            Set(known.values.map(\.name)) == Set(columns.map(\.name))
        else { return [] }
        return known.references.filter { $0.kind != kind }
    }
}
