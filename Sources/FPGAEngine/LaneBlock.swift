/// One block of events in the middle of a program: the loops that do the work.
///
/// Each loop is over numbers that lie side by side and writes a slot that it does not read, which
/// the compiler turns into vector instructions. Sums wrap: the program was checked beforehand to
/// stay within its lanes, so they never do.
@safe
struct LaneBlock<Lane: FixedWidthInteger & SignedInteger> {
    private let slots: UnsafeMutablePointer<Lane>
    private let count: Int

    init(slots: UnsafeMutablePointer<Lane>, count: Int) {
        unsafe self.slots = slots
        self.count = count
    }

    /// Runs every kind but those that read words and tables.
    @inline(__always)
    func run(_ step: LaneStep<Lane>) {
        let left = Lane(truncatingIfNeeded: step.left)
        let leftSecond = Lane(truncatingIfNeeded: step.leftSecond)
        let right = Lane(truncatingIfNeeded: step.right)
        let (mask, sign, constant) = (step.mask, step.sign, step.constant)
        let (negation, negationSecond) = (step.negation, step.negationSecond)
        switch step.kind {
        case .add: each(step) { $0 &+ ($1 &<< left) }
        case .subtract: each(step) { $0 &- ($1 &<< left) }
        case .subtractFrom: each(step) { ($1 &<< left) &- $0 }
        case .rectify:
            each(step) {
                let number = max(($0 ^ negation) &- negation, 0) &>> right
                return ((number & mask) ^ sign) &- sign
            }
        case .quantize:
            each(step) {
                let number = (($0 ^ negation) &- negation) &>> right
                return ((number & mask) ^ sign) &- sign
            }
        case .addConstant: each(step) { ($0 &<< left) &+ constant }
        case .select:
            let keys = unsafe slots + Int(step.key)
            each(step) { (first, second, index) in
                let one = ((first ^ negation) &- negation) &<< left
                let other = ((second ^ negationSecond) &- negationSecond) &<< leftSecond
                let number = unsafe keys[index] < constant ? one : other
                return ((number & mask) ^ sign) &- sign
            }
        case .multiply: each(step) { $0 &* $1 }
        case .invert: each(step) { ~(($0 ^ negation) &- negation) & mask }
        case .anyBit: each(step) { $0 != 0 ? 1 : 0 }
        case .allBits: each(step) { ($0 ^ negation) &- negation == constant ? 1 : 0 }
        case .and, .or, .xor: combine(step)
        case .input, .constant, .lookup: break
        }
    }

    @inline(__always)
    private func combine(_ step: LaneStep<Lane>) {
        let left = Lane(truncatingIfNeeded: step.left)
        let leftSecond = Lane(truncatingIfNeeded: step.leftSecond)
        let (negation, negationSecond) = (step.negation, step.negationSecond)
        func pair(_ first: Lane, _ second: Lane) -> (Lane, Lane) {
            (
                ((first ^ negation) &- negation) &<< left,
                ((second ^ negationSecond) &- negationSecond) &<< leftSecond
            )
        }
        switch step.kind {
        case .and:
            each(step) {
                let (one, other) = pair($0, $1)
                return one & other
            }
        case .or:
            each(step) {
                let (one, other) = pair($0, $1)
                return one | other
            }
        default:
            each(step) {
                let (one, other) = pair($0, $1)
                return one ^ other
            }
        }
    }

    /// The words of a port, as the port and then the step's format hold them.
    func read(
        _ step: LaneStep<Lane>,
        port: FixedPointFormat,
        _ words: UnsafeRawPointer,
        stride: Int
    ) {
        var held = Instruction(.input)
        held.hold(width: port.width, isSigned: port.isSigned)
        let portMask = Lane(truncatingIfNeeded: held.mask)
        let portSign = Lane(truncatingIfNeeded: held.sign)
        let left = Lane(truncatingIfNeeded: step.left)
        let right = Lane(truncatingIfNeeded: step.right)
        let target = unsafe slots + Int(step.target)
        var place = unsafe words + Int(step.first) * WordLayout.wordBytes
        for index in 0..<count {
            let word = unsafe Lane(truncatingIfNeeded: place.load(as: Int32.self))
            let number = ((word & portMask) ^ portSign) &- portSign
            let moved = (number &<< left) &>> right
            unsafe target[index] = ((moved & step.mask) ^ step.sign) &- step.sign
            unsafe place += stride
        }
    }

    /// Elements of a table, which has one for every number that the mask leaves.
    func lookUp(_ step: LaneStep<Lane>, _ table: [Lane]) {
        let target = unsafe slots + Int(step.target)
        let source = unsafe slots + Int(step.first)
        for index in 0..<count {
            unsafe target[index] = table[Int(truncatingIfNeeded: source[index] & step.mask)]
        }
    }

    /// The words that a port holds of the numbers.
    func write(_ output: LaneOutput<Lane>, _ words: UnsafeMutableRawPointer, stride: Int) {
        var place = unsafe words
        guard let start = output.start else {
            for _ in 0..<count {
                unsafe place.storeBytes(of: 0, as: Int32.self)
                unsafe place += stride
            }
            return
        }
        let source = unsafe slots + start
        for index in 0..<count {
            let number = unsafe (source[index] ^ output.negation) &- output.negation
            let held = ((number & output.mask) ^ output.sign) &- output.sign
            unsafe place.storeBytes(of: Int32(truncatingIfNeeded: held), as: Int32.self)
            unsafe place += stride
        }
    }

    @inline(__always)
    private func each(_ step: LaneStep<Lane>, _ number: (Lane) -> Lane) {
        let target = unsafe slots + Int(step.target)
        let first = unsafe slots + Int(step.first)
        for index in 0..<count { unsafe target[index] = number(first[index]) }
    }

    @inline(__always)
    private func each(_ step: LaneStep<Lane>, _ number: (Lane, Lane) -> Lane) {
        let target = unsafe slots + Int(step.target)
        let first = unsafe slots + Int(step.first)
        let second = unsafe slots + Int(step.second)
        for index in 0..<count { unsafe target[index] = number(first[index], second[index]) }
    }

    @inline(__always)
    private func each(_ step: LaneStep<Lane>, _ number: (Lane, Lane, Int) -> Lane) {
        let target = unsafe slots + Int(step.target)
        let first = unsafe slots + Int(step.first)
        let second = unsafe slots + Int(step.second)
        for index in 0..<count {
            unsafe target[index] = number(first[index], second[index], index)
        }
    }
}
