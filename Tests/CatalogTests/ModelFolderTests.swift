import Catalog
import Digests
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct ModelFolderTests {
    @Test func `The newest versions are read, numbers by value`() throws {
        let names = ["1", "2", "10", "9.1", "9.10", "9.9", "9", "beta", "alpha", "10.0.1"]
        let models = try ModelText()
        try models.write(ModelText.least(["versions": "8"]), versions: names)
        let found = try models.scan().sources.map(\.version)
        #expect(found == ["10.0.1", "10", "9.10", "9.9", "9.1", "9", "2", "1"])
        try models.write(ModelText.least(["versions": "1"]), versions: [])
        #expect(try models.scan().sources.map(\.version) == ["10.0.1"])
    }

    @Test func `Other names come after numbers, the last in the alphabet first`() throws {
        let models = try ModelText()
        let text = ModelText.least(["versions": "8"])
        try models.write(text, versions: ["a", "c", "b", "3", "1.x", "1..2", ".hidden"])
        #expect(try models.scan().sources.map(\.version) == ["3", "c", "b", "a", "1.x", "1..2"])
    }

    @Test func `A version is read whole, with its digests`() throws {
        let models = try ModelText()
        let text = ModelText.least()
        try models.write(text, versions: ["7"])
        try models.folder.write("m/7/calibration.json", "{}")
        try models.folder.write("m/7/calibration-cuda.json", "two")
        try models.folder.write("m/7/references-cuda.json", "three")
        try models.folder.write("m/7/references.txt", "no")
        try models.folder.write("m/7/recalibration.json", "no")
        try models.folder.write("m/7/calibration.json.bak", "no")
        let scan = try models.scan()
        #expect(scan.problems.isEmpty)
        let source = try #require(scan.sources.first)
        #expect(source.version == "7")
        #expect(source.folder == models.folder.path + "/m/7")
        #expect(source.artefact == Array("artefact of 7".utf8))
        #expect(source.digest == Digest.text(of: source.artefact))
        #expect(source.manifestDigest == Digest.text(of: Array(text.utf8)))
        let names = source.calibrations.map { $0.path.split(separator: "/").last }
        #expect(names == ["calibration-cuda.json", "calibration.json"])
        #expect(source.references.map(\.bytes) == [Array("three".utf8)])
        #expect(source.calibrations[0].bytes == Array("two".utf8))
        #expect(source.calibrations[0].digest == Digest.text(of: Array("two".utf8)))
    }

    @Test func `A change of any file is another version of the same name`() throws {
        let models = try ModelText()
        try models.write(ModelText.least())
        try models.folder.write("m/1/calibration.json", "{}")
        let first = try #require(try models.scan().sources.first)
        #expect(first.isSame(as: try #require(try models.scan().sources.first)))
        let changes = [
            ("m/1/model.onnx", "other"), ("m/1/calibration.json", "{ }"),
            ("m/model.yaml", ModelText.least(["summary": "new"])), ("m/1/calibration-2.json", "{}"),
            ("m/1/references.json", "{}"), ("m/1/references.json", "{ }"),
            ("m/1/version.yaml", "precision: float32"), ("m/1/version.yaml", "precision: int8"),
        ]
        for (name, text) in changes {
            let before = try #require(try models.scan().sources.first)
            try models.folder.write(name, text)
            #expect(!before.isSame(as: try #require(try models.scan().sources.first)))
        }
    }

    @Test func `A version states its own precision, and no other version's`() throws {
        let models = try ModelText()
        try models.write(ModelText.least(["versions": "3"]), versions: ["1", "2", "3"])
        try models.folder.write("m/2/version.yaml", "precision: int8")
        let scan = try models.scan()
        #expect(scan.problems.isEmpty)
        #expect(scan.sources.map(\.manifest.precision) == [.float32, .int8, .float32])
        #expect(scan.sources[0].manifestDigest == scan.sources[2].manifestDigest)
        #expect(scan.sources[0].manifestDigest != scan.sources[1].manifestDigest)
    }

    @Test func `An older version that takes a newer one's place has its own precision`() throws {
        let models = try ModelText()
        try models.write(ModelText.least(), versions: ["1", "2"])
        try models.folder.write("m/2/version.yaml", "precision: int8")
        var scan = try models.scan()
        let newest = try #require(scan.sources.first)
        #expect(newest.manifest.precision == .int8)
        let older = ModelFolder(path: models.folder.path).nextOlder(than: newest, in: &scan)
        #expect(older?.version == "1")
        #expect(older?.manifest.precision == .float32)
    }

    @Test(arguments: [
        ("precision: int9", "found 'int9'"), ("", "is empty"),
        ("precision: int8\ndevice: cpu", "device"),
    ])
    func `A version.yaml that says something else is told`(text: String, part: String) throws {
        let models = try ModelText()
        try models.write(ModelText.least())
        try models.folder.write("m/1/version.yaml", text)
        let scan = try models.scan()
        #expect(scan.sources.isEmpty)
        let problem = try #require(scan.problems.first)
        #expect(problem.version == "1")
        #expect(problem.message.hasPrefix("\(models.folder.path)/m/1/version.yaml"))
        #expect(problem.message.contains(part))
    }

    @Test func `A bad model hides no other`() throws {
        let models = try ModelText()
        try models.write(ModelText.least(name: "good"), name: "good", versions: ["1"])
        try models.write("name: [", name: "broken")
        try models.write(ModelText.least(name: "bare"), name: "bare", versions: [])
        try models.folder.write("empty/1/model.onnx", "x")
        try models.folder.write("README.md", "not a model")
        try models.folder.write(".git/model.yaml", "hidden")
        let scan = try models.scan()
        #expect(scan.sources.map(\.manifest.name) == ["good"])
        #expect(scan.problems.map(\.model) == ["bare", "broken", "empty"])
        let path = models.folder.path
        #expect(scan.problems[0].message == "\(path)/bare: holds no version folder")
        #expect(scan.problems[1].message.hasPrefix("\(path)/broken/model.yaml:"))
        #expect(scan.problems[2].message == "\(path)/empty/model.yaml: No such file or directory")
        #expect(scan.problems.allSatisfy { $0.version == nil })
    }

    @Test func `A version without its artefact hides no older one`() throws {
        let models = try ModelText()
        try models.write(ModelText.least(["versions": "2"]), versions: ["1"])
        try models.folder.write("m/2/notes.txt", "not there yet")
        let scan = try models.scan()
        #expect(scan.sources.map(\.version) == ["1"])
        let path = models.folder.path + "/m/2/model.onnx"
        #expect(
            scan.problems == [
                ModelProblem(
                    model: "m",
                    version: "2",
                    message: "\(path): No such file or directory"
                )
            ]
        )
    }

    @Test func `An artefact that is a folder is refused`() throws {
        let models = try ModelText()
        try models.write(ModelText.least(), versions: [])
        try models.folder.write("m/1/model.onnx/x", "x")
        #expect(try models.scan().problems.first?.message.hasSuffix("not a regular file") ?? false)
    }

    @Test func `A pipe in a file's place is refused and holds nobody up`() throws {
        let models = try ModelText()
        try models.folder.write("m/1/model.onnx", "x")
        let pipe = models.folder.path + "/m/model.yaml"
        try #require(unsafe mkfifo(pipe, 0o600) == 0)
        let isDone = DispatchSemaphore(value: 0)
        let folder = ModelFolder(path: models.folder.path)
        Thread.detachNewThread {
            let scan = try? folder.scan()
            #expect(scan?.problems.first?.message == "\(pipe): not a regular file")
            isDone.signal()
        }
        #expect(isDone.wait(timeout: .now() + 10) == .success)
        // Frees the reader that a wrong program leaves in open(2).
        let writer = unsafe open(pipe, O_WRONLY | O_NONBLOCK)
        if writer >= 0 { close(writer) }
    }

    @Test func `An empty artefact has the digest of nothing`() throws {
        let models = try ModelText()
        try models.write(ModelText.least(), versions: [])
        try models.folder.write("m/1/model.onnx", "")
        let source = try #require(try models.scan().sources.first)
        #expect(source.artefact.isEmpty)
        #expect(source.digest == Digest.text(of: []))
    }

    @Test func `A model.yaml longer than is allowed is refused`() throws {
        let models = try ModelText()
        let comment = "# " + String(repeating: "x", count: 256 * 1024)
        try models.write(ModelText.least() + comment)
        let message = try models.scan().problems.first?.message
        #expect(message?.contains("bytes, allowed are 262144") ?? false)
    }

    @Test func `More models than are allowed are refused, not cut`() throws {
        let models = try ModelText()
        for index in 0...ModelFolder.maximumEntries { try models.folder.write("n\(index)/x", "") }
        let failure = #expect(throws: FileFailure.self) { try models.scan() }
        #expect(failure?.message == "more than 256 entries")
    }

    @Test func `A folder that is not there is named`() {
        let failure = #expect(throws: FileFailure.self) {
            try ModelFolder(path: "/no/such/folder").scan()
        }
        #expect(failure?.description == "/no/such/folder: No such file or directory")
    }
}
