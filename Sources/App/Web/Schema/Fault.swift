// One thing wrong with an input, in the shape Pydantic v2 gives it: clients written against FastAPI parse exactly this.

import Reactor

/// A fault of validation: what is wrong, where, and with which input.
struct Fault: Error, Sendable, Hashable {
    let kind: FaultKind
    /// Outermost first: `body`, `title`.
    let location: [LocationPart]
    /// What was found there; nil leaves `input` null.
    let input: JSONValue?

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.name("type")
        writer.string(kind.type)
        writer.name("loc")
        writer.beginArray()
        for part in location {
            writer.separate()
            switch part {
            case .name(let name): writer.string(name)
            case .index(let index): writer.integer(index)
            }
        }
        writer.endArray()
        writer.name("msg")
        writer.string(kind.message)
        writer.name("input")
        writer.value(input ?? .null)
        if let context = kind.context {
            writer.name("ctx")
            writer.value(.object(context))
        }
        writer.endObject()
    }
}

/// A step on the way to a faulty input.
enum LocationPart: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case name(Text)
    case index(Int)

    /// The name of a field that the program declares.
    static func name(_ name: String) -> LocationPart { .name(Text(name)) }

    init(stringLiteral value: String) { self = .name(Text(value)) }
    init(integerLiteral value: Int) { self = .index(value) }
}
