/// The roster tables that flights of a lane still need: the current one, and older ones until
/// their last flight is released.
///
/// Flights are counted here, in plain numbers of one thread, so that none of them has to count
/// references to the model that it runs on.
struct HeldTables {
    private struct Old {
        let generation: Int
        let table: RosterTable
        var flights: Int
    }

    /// The table that new flights are admitted by.
    private(set) var current: RosterTable
    /// Its number; never 0.
    private(set) var generation: Int
    private var flights = 0
    private var old: [Old] = []
    private let returns: TableReturns

    /// Of a lane that gives tables back to `returns`.
    init(_ table: RosterTable, generation: Int, returns: TableReturns) {
        current = table
        self.generation = generation
        self.returns = returns
    }

    /// A flight of the current table was admitted.
    mutating func hold() { flights &+= 1 }

    /// A flight of table `number` was released.
    mutating func letGo(_ number: Int) {
        if number == generation {
            flights &-= 1
            return
        }
        guard let place = old.firstIndex(where: { $0.generation == number }) else {
            preconditionFailure("a flight holds its table")
        }
        old[place].flights -= 1
        if old[place].flights == 0 { returns.giveBack(old.remove(at: place).table) }
    }

    /// Takes a new table over.
    mutating func replace(with table: RosterTable, generation: Int) {
        if flights > 0 {
            old.append(Old(generation: self.generation, table: current, flights: flights))
            current = table
        } else {
            // In this order, so that the last reference is not this one.
            let before = current
            current = table
            returns.giveBack(before)
        }
        self.generation = generation
        flights = 0
    }
}
