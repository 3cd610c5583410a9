// One row of the world table, and several as JSON. Values; any thread.

import Reactor

/// An id and its random number.
struct World: Sendable, Equatable {
    let id: Int64
    var randomNumber: Int64

    /// What is chosen at random, both as an id and as a number.
    static let range: ClosedRange<Int64> = 1...Int64(BenchTables.worldCount)

    init(id: Int64, randomNumber: Int64) {
        self.id = id
        self.randomNumber = randomNumber
    }

    /// - Parameter row: id and randomnumber, in this order.
    init(_ row: SQLRow) throws(DatabaseError) {
        id = try row.int(0)
        randomNumber = try row.int(1)
    }

    /// The longest form, `{"id":10000,"randomNumber":10000},`, to reserve room by.
    static let maxJSONBytes = 34

    func appendJSON(to body: inout [UInt8]) {
        body.append(contentsOf: #"{"id":"#.utf8)
        body.append(decimal: id)
        body.append(contentsOf: #","randomNumber":"#.utf8)
        body.append(decimal: randomNumber)
        body.append(UInt8(ascii: "}"))
    }

    static func json(_ worlds: [World]) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(2 + worlds.count * maxJSONBytes)
        body.append(UInt8(ascii: "["))
        for (position, world) in worlds.enumerated() {
            if position > 0 { body.append(UInt8(ascii: ",")) }
            world.appendJSON(to: &body)
        }
        body.append(UInt8(ascii: "]"))
        return body
    }
}
