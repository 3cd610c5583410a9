// The world table as the tests read and write it. A value of lets; on its pool's loop.

import Actors
import Reactor

/// Single reads, many single reads at once, and changes.
struct WorldTable: Sendable {
    let database: DatabasePool
    private let random = BenchRandom()
    private let selectOne: SQLStatement

    private static let maxCollisions = 3

    /// - Parameter syncsEach: see ``BenchSettings/syncsEachQuery``. What is declared as a write has a Sync of its own.
    init(_ database: DatabasePool, syncsEach: Bool) {
        let select = "SELECT id, randomnumber FROM world WHERE id = $1"
        self.database = database
        selectOne = syncsEach ? .write(select) : .read(select)
    }

    /// A row at random.
    func any() async throws(DatabaseError) -> World {
        guard let row = try await database.execute(selectOne, [.int(random.next())]).first else { throw Self.incomplete }
        return try World(row)
    }

    /// Rows at random, each by a query of its own; some may be the same.
    func any(_ count: Int) async throws(DatabaseError) -> [World] {
        try await rows((0..<count).map { _ in random.next() })
    }

    func rows(_ ids: [Int64]) async throws(DatabaseError) -> [World] {
        var worlds: [World] = []
        worlds.reserveCapacity(ids.count)
        for result in try await database.execute(selectOne, batch: ids.map { [.int($0)] }) {
            guard let row = try result.get().first else { throw Self.incomplete }
            worlds.append(try World(row))
        }
        return worlds
    }

    /// Reads rows at random, gives each another number, and writes them.
    /// - Returns: the rows as they are afterwards, by id.
    func change(_ count: Int) async throws -> [World] {
        let worlds = WorldTable.renumbered(try await any(count)) { random.next() }
        try await write(worlds)
        return worlds
    }

    /// The worlds by id, with new numbers. One that was drawn twice has one number, or the answer would show a row that the table has not.
    static func renumbered(_ worlds: [World], _ number: () -> Int64) -> [World] {
        var worlds = worlds.sorted { $0.id < $1.id }
        for index in worlds.indices {
            let isRepeated = index > 0 && worlds[index - 1].id == worlds[index].id
            worlds[index].randomNumber = isRepeated ? worlds[index - 1].randomNumber : number()
        }
        return worlds
    }

    /// One statement for all rows, which the rules of this test allow: N statements would be N commits, each waiting for the disk.
    /// - Parameter worlds: sorted by id, so that rows are locked in that order and two writers seldom wait for each other.
    private func write(_ worlds: [World]) async throws {
        let changed = worlds.enumerated().filter { $0.offset == 0 || worlds[$0.offset - 1].id != $0.element.id }.map(\.element)
        switch database.dialect {
        case .postgres: try await writeAtOnce(changed)
        case .sqlite: try await writeOneByOne(changed)
        }
    }

    private func writeAtOnce(_ worlds: [World]) async throws(DatabaseError) {
        let ids = WorldTable.arrayLiteral(worlds.map(\.id))
        let numbers = WorldTable.arrayLiteral(worlds.map(\.randomNumber))
        var collisions = 0
        while true {
            do throws(DatabaseError) {
                _ = try await database.execute(WorldTable.updateMany, [ids, numbers])
                return
            } catch {
                // The planner may join in another order than that of the ids. Who loses a deadlock is undone, and may try again.
                collisions += 1
                guard error == .serialization, collisions <= WorldTable.maxCollisions else { throw error }
            }
        }
    }

    private func writeOneByOne(_ worlds: [World]) async throws {
        let bindings = worlds.map { world -> [SQLValue] in [.int(world.randomNumber), .int(world.id)] }
        try await database.withTransaction { transaction in
            for result in try await transaction.execute(WorldTable.updateOne, batch: bindings) { _ = try result.get() }
        }
    }

    /// `{1,2,3}`: an array in PostgreSQL's text form.
    private static func arrayLiteral(_ numbers: [Int64]) -> SQLValue {
        var text: [UInt8] = []
        text.reserveCapacity(2 + numbers.count * 6)
        text.append(UInt8(ascii: "{"))
        for (position, number) in numbers.enumerated() {
            if position > 0 { text.append(UInt8(ascii: ",")) }
            text.append(decimal: number)
        }
        text.append(UInt8(ascii: "}"))
        return .text(String(decoding: text, as: UTF8.self))
    }

    private static let updateMany = SQLStatement.write(
        """
        UPDATE world SET randomnumber = ($2::integer[])[array_position($1::integer[], id)] WHERE id = ANY ($1::integer[])
        """)
    private static let updateOne = SQLStatement.write("UPDATE world SET randomnumber = $1 WHERE id = $2")
    private static let incomplete = DatabaseError.decoding("a row of the world table is missing")
}
