internal import Calibration
internal import Catalog
internal import Messages

/// The calibrations that fit a version: those beside its artefact, and those that it learned.
struct CalibrationStore: Sendable {
    let source: ModelSource
    let running: LoadedCalibration.Running
    /// Where learned ones lie; nil where none are kept.
    let folder: StateFolder?

    /// The calibration to begin with: what was in use last, unless one that was made since lies beside
    /// the artefact.
    func first() -> Result<LoadedCalibration, CalibrationAbsence> {
        let found = LoadedCalibration.find(source, running: running)
        guard let folder else { return found }
        do throws(FileFailure) {
            guard let choice = try folder.choice() else { return found }
            if case .success(let newest) = found, newest.file.date > choice.date { return found }
            if let chosen = try find(choice.id) { return .success(chosen) }
            return .failure(
                .init(
                    reason:
                        "\(folder.path): the calibration in use, \(choice.id), does not fit or is gone"
                )
            )
        } catch {
            return .failure(.init(reason: "\(error)"))
        }
    }

    /// The one of an id, or nil.
    func find(_ id: String) throws(FileFailure) -> LoadedCalibration? {
        for candidate in try candidates() {
            if let loaded = load(candidate), loaded.id == id { return loaded }
        }
        return nil
    }

    /// Every one, oldest first, as it is listed while that of an id is in use.
    func states(inUse used: String) throws(FileFailure) -> [CalibrationState] {
        try candidates().compactMap { candidate in
            load(candidate).map { loaded in
                CalibrationState(
                    id: loaded.id,
                    date: loaded.file.date,
                    parent: loaded.file.parent ?? "",
                    truths: loaded.file.truths,
                    events: loaded.file.events,
                    isInUse: loaded.id == used
                )
            }
        }
    }

    /// Keeps a learned calibration on disk as the one in use.
    func keep(_ file: CalibrationFile, in folder: StateFolder) throws(FileFailure)
        -> LoadedCalibration
    {
        let bytes = file.json()
        let learned = ModelSource.CalibrationSource(path: "learned", bytes: bytes)
        switch LoadedCalibration.load(learned, source, running) {
        case .success(let loaded):
            try folder.keep(bytes, id: loaded.id)
            try folder.use(.init(id: loaded.id, date: file.date))
            return loaded
        case .failure(let absence):
            throw FileFailure(path: learned.path, message: absence.reason)
        }
    }

    /// Has a restart begin with the one of an id.
    func choose(_ id: String) throws(FileFailure) {
        try folder?.use(.init(id: id, date: Timestamp.now()))
    }

    private func candidates() throws(FileFailure) -> [ModelSource.CalibrationSource] {
        source.calibrations + (try folder?.sources() ?? [])
    }

    private func load(_ candidate: ModelSource.CalibrationSource) -> LoadedCalibration? {
        guard case .success(let loaded) = LoadedCalibration.load(candidate, source, running)
        else { return nil }
        return loaded
    }
}
