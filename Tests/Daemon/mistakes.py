"""Broken models for tests: what is done to a good one, and what must be said of it."""

import re
import shutil

from daemon import MODELS, copy_models
from frames import variant

GOOD = ("er-nr-tree", "position-cnn")
# Without its explanation, whose gradient graph the broken ones do not bring.
BASE = re.sub(
    r"^explain:.*\n", "", (MODELS / "er-nr-mlp" / "model.yaml").read_text(), flags=re.MULTILINE
)
TASKS = "regression, binary, classes, anomaly"
TASK, ENGINE, SHAPE = "task: binary\n", "engine: onnx\n", "    shape: [5]\n"
BATCHING = "batching: {maximum_rows: 1024}\n"
OUTPUT = "  - {name: spread, meaning: standard"
METHOD, EDGES = "method: venn-abers", "edges: [6, 10, 15, 22, 30, 40, 55]"
ENTRY = "uncertainty.outputs[0]"

# Name: what is replaced, by what, text in the line that is quoted, key, parts of the message.
MISTAKES = {
    "unknown-key": (TASK, TASK + "colour: blue\n", "colour:", "colour", "unknown key 'colour'",
                    "allowed are artefact, batching, device"),
    "unknown-nested": (BATCHING, "batching: {maximum_row: 3}\n", "maximum_row:",
                       "batching.maximum_row", "delay_microseconds, maximum_rows"),
    "unknown-in-input": (SHAPE, SHAPE + "    units: phd\n", "units:", "inputs[0].units",
                         "unknown key", "features, meaning, name, nonfinite, ragged"),
    "unknown-in-feature": ("{name: s2c, unit", "{name: s2c, units", "s2c, units",
                           "inputs[0].features[1].units", "name, range, unit"),
    "unknown-in-bins": ("bins: {input", "bins: {from: 1, input", "bins:", f"{ENTRY}.bins.from",
                        "edges, feature, input, output, request"),
    "missing-key": (TASK, "", "name: missing-key", "", "the key 'task' is missing"),
    "missing-in-input": ("  - name: features\n    shape", "  - shape", "shape:", "inputs[0]",
                         "the key 'name' is missing"),
    "missing-truth": ("      truth: kind\n", "", "output: margin", ENTRY, "'truth' is missing"),
    "missing-bin-feature": ("feature: s1c, ", "", "bins:", f"{ENTRY}.bins.input", "'feature'"),
    "not-a-number": (BATCHING, "instances: two\n", "instances:", "instances", "'two'",
                     "a whole number"),
    "not-whole": (BATCHING, "instances: 1.5\n", "instances:", "instances", "'1.5'",
                  "a whole number"),
    "quoted-number": (BATCHING, 'instances: "2"\n', "instances:", "instances", "'2'",
                      "a whole number"),
    "not-a-boolean": (TASK, TASK + "reproducible: yes\n", "reproducible:", "reproducible", "'yes'",
                      "true or false"),
    "not-a-string": ("summary: nuclear against", "summary: 7 #", "summary:", "summary", "7",
                     "a string"),
    "not-a-list": (SHAPE, "    shape: 5\n", "shape:", "inputs[0].shape", "'5'", "a list"),
    "not-a-mapping": (BATCHING, "batching: 1024\n", "batching:", "batching", "'1024'",
                      "a mapping"),
    "list-for-number": (BATCHING, "instances: [1, 2]\n", "instances:", "instances", "a list of 2",
                        "a whole number"),
    "nothing-for-string": (TASK, "task: ~\n", "task:", "task", "'~'", TASKS),
    "too-small": (BATCHING, "instances: 0\n", "instances:", "instances", "0", "1 to 64"),
    "too-large": (BATCHING, "instances: 65\n", "instances:", "instances", "65", "1 to 64"),
    "beyond-integers": (BATCHING, f"threads: 1{'0' * 30}\n", "threads:", "threads", "10000000",
                        "whole number"),
    "negative-delay": (BATCHING, "batching: {delay_microseconds: -1}\n", "delay_microseconds:",
                       "batching.delay_microseconds", "-1", "0 to 1000000, or auto"),
    "queue-too-large": (BATCHING, "queue:\n  mebibytes: 1048577\n", "mebibytes:",
                        "queue.mebibytes", "1048577", "1 to 1048576"),
    "coverage-one": ("  required: true\n", "  coverage: 1\n", "coverage:", "uncertainty.coverage",
                     "1", "0.01 to 0.9999"),
    "coverage-nan": ("  required: true\n", "  coverage: .nan\n", "coverage:",
                     "uncertainty.coverage", "'.nan'", "a finite number"),
    "empty-axis": (SHAPE, "    shape: [0]\n", "shape:", "inputs[0].shape[0]", "0", "1 to 1000000"),
    "too-many-elements": (SHAPE, "    shape: [5000, 5000]\n", "shape:", "inputs[0].shape",
                          "[5000, 5000]", "16777216"),
    "features-not-shape": (SHAPE, "    shape: [6]\n", "name: s1c, unit", "inputs[0].features",
                           "5 entries", "6 to 6"),
    "range-upside-down": ("[3, 80]", "[80, 3]", "s1c", "inputs[0].features[0].range",
                          "[80.0, 3.0]", "low <= high"),
    "three-axes": ("bins: {input", "bins: [{output: margin, edges: [0]}, {output: margin, edges: [0]"
                   "}, {output: margin, edges: [1]}]\n      unused: {input", "bins:",
                   f"{ENTRY}.bins", "3 entries", "1 to 2"),
    "side-of-a-probability": ("      truth: kind\n", "      truth: kind\n      side: upper\n",
                              "side:", f"{ENTRY}.side", "unknown key", "bins, classes, method"),
    "edges-fall": (EDGES, "edges: [6, 10, 9]", "bins:", f"{ENTRY}.bins.edges[2]", "9.0 after 10.0",
                   "rising"),
    "no-inputs": ("outputs:\n  - {name: margin", "inputs_: []\noutputs:\n  - {name: margin",
                  "inputs_:", "inputs_", "unknown key"),
    "duplicated-key": (ENGINE, ENGINE + TASK, TASK.strip(), "task", "twice"),
    "duplicated-nested": (SHAPE, SHAPE * 2, "shape:", "shape", "twice"),
    "duplicated-feature": ("{name: s2c,", "{name: s1c,", "s1c, unit: phd, range: [645",
                           "inputs[0].features[1].name", "'s1c'", "twice"),
    "duplicated-output": (OUTPUT, OUTPUT.replace("spread", "margin"), "name: duplicated-output",
                          "", "outputs", "'margin'", "twice"),
    "duplicated-label": ("labels: [1]", "labels: [0]", "{name: nr",
                         f"{ENTRY}.classes[1].labels[0]", "0.0", "two classes"),
    "unknown-task": (TASK, "task: ranking\n", "task:", "task", "'ranking'", TASKS),
    "unknown-engine": (ENGINE, "engine: torch\n", "engine:", "engine", "'torch'", "onnx, tree"),
    "unknown-device": (ENGINE, ENGINE + "device: gpu\n", "device:", "device", "'gpu'",
                       "cpu, cuda:0"),
    "unknown-precision": (ENGINE, ENGINE + "precision: float8\n", "precision:", "precision",
                          "'float8'", "float32"),
    "unknown-session": (ENGINE, ENGINE + "session: own\n", "session:", "session", "'own'",
                        "shared, each"),
    "unknown-type": (SHAPE, SHAPE + "    type: double\n", "type:", "inputs[0].type", "'double'",
                     "float32, float64"),
    "unknown-method": (METHOD, "method: dropout", "method:", f"{ENTRY}.method", "'dropout'",
                       "venn-abers"),
    "method-of-another-task": (METHOD, "method: cqr", "method:", f"{ENTRY}.method", "cqr",
                               "binary", "venn-abers"),
    "missing-for-onnx": ("nonfinite: flag", "nonfinite: missing", "nonfinite:",
                         "inputs[0].nonfinite", "'missing'", "refuse, flag"),
    "trees-on-cuda": (ENGINE, "engine: tree\ndevice: cuda:0\n", "device:", "device", "'cuda:0'",
                      "cpu"),
    "thresholds-of-onnx": (ENGINE, ENGINE + "thresholds: 8-bit\n", "thresholds:", "thresholds",
                           "those of trees"),
    "output-unknown": ("output: margin", "output: margn", "output: margn", f"{ENTRY}.output",
                       "'margn'", "margin, spread"),
    "feature-unknown": ("feature: s1c,", "feature: s3c,", "feature: s3c",
                        f"{ENTRY}.bins.feature", "'s3c'", "s1c, s2c"),
    "monitored-unknown": ("[s1c, s2c, drift_time, margin]", "[s1c, s9]", "monitored:",
                          "monitored[1]", "'s9'", "drift_time"),
    "artefact-elsewhere": (ENGINE, ENGINE + "artefact: ../../other.onnx\n", "artefact:",
                           "artefact", "'../../other.onnx'", "a file name"),
    "name-of-another": ("name: name-of-another", "name: er-nr-tree", "name:", "name",
                        "'er-nr-tree'", "'name-of-another'"),
    "bracket-open": (SHAPE, "    shape: [5\n", "meaning: corrected", "", "','", "']'"),
    "quote-open": ("summary: ", 'summary: "', None, "", "end of stream"),
    "tab": (SHAPE, "\tshape: [5]\n", "shape:", "", "tab"),
    "unknown-alias": (SHAPE, "    shape: *shape\n", "shape:", "", "alias"),
    "second-document": ("monitored:", "---\nmonitored:", "---", "", "document"),
    "nested-too-deep": (SHAPE, f"    shape: {'[' * 5000}{']' * 5000}\n", "shape:", "", "nesting"),
    "aliases-bomb": (TASK, TASK + "a0: &a0 [1, 1]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    ), "a0:", "", "begins with &", "aliases are not allowed"),
    "aliases-bomb-at-a-key": (SHAPE, "    shape: &a0 [1, 1]\n    range: " + "".join(
        f"&a{n} [" for n in range(9, 0, -1)
    ) + "*a0" + "".join(f"{', *a0' * 9}]" for n in range(1, 10)) + "\n", "&a0",
        "", "begins with &", "aliases are not allowed"),
}  # fmt: skip


def whole_file(text, *parts):
    """A manifest that is replaced as a whole."""
    return (None, text, None, "", *parts)


MISTAKES |= {
    "empty": whole_file("", "the file is empty"),
    "only-comments": whole_file("# later\n", "the file is empty"),
    "a-list": whole_file("- name: a-list\n", "a list of 1", "a mapping"),
    "a-word": whole_file("model\n", "'model'", "a mapping"),
}


def artefact(name, change):
    """A change of a version folder's artefact; `change` makes new bytes of the old."""

    def apply(version):
        path = version / name
        path.write_bytes(change(path.read_bytes()))

    return apply


def instead(name, make):
    """Something else where a file or folder was."""

    def apply(version):
        path = version / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        make(path)

    return apply


def linked_to_itself(path):
    path.symlink_to(path.name)


MLP, TREE, ANOMALY, ONNX = "er-nr-mlp", "er-nr-tree", "pattern-autoencoder", "model.onnx"
HITS = "name: hits\n    shape: [61]\n"

# Name: model, edit of its manifest, change of its version folder, parts of the message.
UNFIT = {
    "no-artefact": (MLP, None, lambda v: (v / ONNX).unlink(), f"1/{ONNX}", "No such file"),
    "another-artefact": (MLP, (ENGINE, ENGINE + "artefact: b.onnx\n"), None, "1/b.onnx", "No such"),
    "truncated-onnx": (MLP, None, artefact(ONNX, lambda b: b[: len(b) // 2]), ONNX, "protobuf"),
    "onnx-of-one-byte-less": (MLP, None, artefact(ONNX, lambda b: b[:-1]), ONNX),
    "empty-onnx": (MLP, None, artefact(ONNX, lambda _: b""), ONNX),
    "garbage-onnx": (MLP, None, artefact(ONNX, lambda b: b[::-1]), ONNX, "protobuf"),
    "truncated-json": (TREE, None, artefact("model.json", lambda b: b[:9999]), "end of the file"),
    "garbage-json": (TREE, None, artefact("model.json", lambda _: b'{"a": no'), "found 'n'"),
    "deep-json": (TREE, None, artefact("model.json", lambda _: b"[" * 10**6), "model.json"),
    "json-of-something-else": (TREE, None, artefact("model.json", lambda _: b'{"learner": {}}'),
                               "learner.", "is missing"),
    "folder-for-artefact": (MLP, None, instead(ONNX, lambda p: p.mkdir()), "not a regular file"),
    "artefact-loop": (MLP, None, instead(ONNX, linked_to_itself), "symbolic links"),
    "empty-version": (MLP, None, instead("", lambda p: p.mkdir()), f"1/{ONNX}", "No such file"),
    "wrong-shape": (ANOMALY, (HITS, HITS.replace("61", "60")), None, "input 'hits'",
                    "float32[batch, 60] in model.yaml", "float32[batch, 61] in the artefact"),
    "wrong-type": (ANOMALY, (HITS, HITS + "    type: float64\n"), None, "input 'hits'",
                   "float64[batch, 61] in model.yaml", "float32[batch, 61] in the artefact"),
    "wrong-input": (ANOMALY, ("name: hits", "name: hit"), None, "input 'hit'", "has hits"),
    "an-input-too-many": (ANOMALY, ("outputs:", "  - {name: more, shape: [2]}\noutputs:"), None,
                          "input 'more'", "has hits"),
    "wrong-output": (MLP, ("name: spread", "name: sprad"), None, "'sprad'", "margin, spread"),
    "wrong-output-shape": (MLP, ("name: spread", "name: spread, shape: [2]"), None, "'spread'",
                           "float32[batch, 2] in model.yaml", "float32[batch] in the artefact"),
    "wrong-output-type": (MLP, ("name: spread", "name: spread, type: int64"), None, "'spread'",
                          "int64[batch] in model.yaml", "float32[batch] in the artefact"),
}  # fmt: skip

# Name: replaced text of the calibration, by what, parts of the reason.
UNCALIBRATED = {
    "calibration-of-another-digest": ('digest": "sha256:39', 'digest": "sha256:00',
                                      "artefact_digest is sha256:00", "what runs is sha256:39"),
    "calibration-of-another-engine": ('"engine": "onnxruntime"', '"engine": "tensorrt"',
                                      "engine is tensorrt", "what runs is onnxruntime"),
    "calibration-of-another-precision": ('"float32"', '"float16"', "precision is float16"),
    "calibration-of-another-device": ('"cpu"', '"cuda"', "device_class is cuda", "runs is cpu"),
    "calibration-of-another-model": ('"model": "', '"model": "x', "model is x", "what runs is"),
    "calibration-with-unknown-key": ('"format": 2,', '"format": 2, "colour": 2,', "colour",
                                     "allowed: format, model"),
    "calibration-of-another-format": ('"format": 2,', '"format": 1,', "format: found 1",
                                      "allowed: 2"),
    "calibration-with-duplicated-key": ('"format": 2,', '"format": 2, "format": 2,', '"format"',
                                        "each key once"),
    "calibration-with-nan": ('"p0": [', '"p0": [NaN, ', "found 'N'"),
    "calibration-of-other-bins": ("[6, 10,", "[7, 10,", "bins are not those"),
    "calibration-truncated": (None, lambda text: text[: len(text) // 2], "found the end"),
    "calibration-empty": (None, lambda text: "", "found the end"),
    "calibration-garbage": (None, lambda text: "?" + text, "found '?'"),
}  # fmt: skip


def manifest_text(name):
    """The manifest of a case of MISTAKES."""
    old, new, *_ = MISTAKES[name]
    if old is None:
        return new
    text = BASE.replace("name: er-nr-mlp", f"name: {name}", 1)
    assert old in text, old
    return text.replace(old, new, 1)


# Name: parts of the message of what is wrong with the files of the model itself.
FILES = {
    "huge": ("huge/model.yaml", "allowed are 262144"),
    "no-manifest": ("no-manifest/model.yaml", "No such file"),
    "no-version": ("no-version", "no version folder"),
    "version-loop": ("version-loop", "no version folder"),
    "manifest-loop": ("manifest-loop/model.yaml", "symbolic links"),
}
FAILED = [*MISTAKES, *UNFIT, *FILES]


def write_models(models):
    """Every broken model beside good ones, in the folder `models`."""
    copy_models(models, *GOOD)
    for name in MISTAKES:
        (models / name / "1").mkdir(parents=True)
        shutil.copy(MODELS / MLP / "1" / ONNX, models / name / "1")
        (models / name / "model.yaml").write_text(manifest_text(name))
    for name, (source, edit, change, *_) in UNFIT.items():
        version = variant(models, source, name, *([edit] if edit else []), calibrated=False)
        if change:
            change(version)
    for name, (old, new, *_) in UNCALIBRATED.items():
        (path,) = variant(models, MLP, name).glob("calibration*.json")
        text = path.read_text()
        assert old is None or old in text
        path.write_text(new(text) if old is None else text.replace(old, new, 1))
    (models / "huge" / "1").mkdir(parents=True)
    (models / "huge" / "model.yaml").write_text(f"name: huge\n#{'x' * 2**20}\n")
    (models / "no-manifest" / "1").mkdir(parents=True)
    (models / "no-version").mkdir()
    (models / "no-version" / "model.yaml").write_text(BASE.replace(MLP, "no-version", 1))
    (models / "version-loop").mkdir()
    (models / "version-loop" / "model.yaml").write_text(BASE.replace(MLP, "version-loop", 1))
    linked_to_itself(models / "version-loop" / "1")
    (models / "manifest-loop" / "1").mkdir(parents=True)
    linked_to_itself(models / "manifest-loop" / "model.yaml")
    linked_to_itself(models / "model-loop")
    (models / "notes.txt").write_text("not a model\n")
