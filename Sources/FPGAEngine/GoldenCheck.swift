public import Execution
internal import Tensors

extension GoldenWords {
    /// Runs the golden events through `target`, as many at a time as the kernel takes, and refuses
    /// the first word that differs.
    public func check(
        _ target: any FirmwareTarget,
        _ firmware: Firmware
    ) throws(EngineFailure) {
        let widths = (inputs: inputs.count / events, outputs: outputs.count / events)
        let most = min(events, firmware.maximumEvents)
        let input = AlignedBuffer(byteCount: most * firmware.layout.inputStride)
        let output = AlignedBuffer(byteCount: most * firmware.layout.outputStride)
        for first in stride(from: 0, to: events, by: most) {
            let count = min(most, events - first)
            for event in 0..<count {
                let row = unsafe input.base + event * firmware.layout.inputStride
                for port in 0..<widths.inputs {
                    let word = inputs[(first + event) * widths.inputs + port]
                    unsafe row.storeBytes(of: word, toByteOffset: port * 4, as: Int32.self)
                }
            }
            unsafe try target.run(events: count, input: input.base, output: output.base)
            for event in 0..<count {
                let row = unsafe output.base + event * firmware.layout.outputStride
                for port in 0..<widths.outputs {
                    let found = unsafe row.load(fromByteOffset: port * 4, as: Int32.self)
                    let expected = outputs[(first + event) * widths.outputs + port]
                    guard found != expected else { continue }
                    throw EngineFailure(
                        call: "golden check of \(target.version)",
                        message:
                            "word \(port) of event \(first + event): found \(found), expected \(expected)"
                    )
                }
            }
        }
    }
}

extension Firmware {
    /// What the golden input words of a firmware with one input stand for, as values of `rows`
    /// events; they are gone round when there are fewer.
    package func goldenValues(rows: Int) -> [Float] {
        let ports = inputPorts
        return (0..<rows * ports.count).map { index in
            let port = ports[index % ports.count]
            let number = port.number(of: golden.inputs[index % golden.inputs.count])
            return Float(Double(number) * port.step)
        }
    }
}
