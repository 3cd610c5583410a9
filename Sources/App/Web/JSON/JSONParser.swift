// Bytes -> JSONValue, strictly by RFC 8259. Pure; a value that lives for one parse.
// Stricter than the RFC asks where leniency has been a hole: duplicate names are refused (two readers of one document that
// disagree about which of them counts are an attack), so are unpaired surrogates; nesting and names are bounded.

import Reactor

/// Parses one JSON text.
struct JSONParser {
    /// Containers inside containers: 64 is more than any body here needs and keeps the recursion shallow.
    static let defaultMaxDepth = 64
    /// The most bytes that a member's name may have; those of the API's schemas are under 40. Names are looked up and compared before any
    /// field has measured its value.
    static let maxNameBytes = 256

    /// - Parameters:
    ///   - bytes: the whole text; nothing but white space may surround the value.
    ///   - maxDepth: how many arrays and objects may stand inside each other.
    /// - Throws: `JSONError` with the offset of the first offending byte.
    static func parse(_ bytes: [UInt8], maxDepth: Int = defaultMaxDepth) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes: bytes, maxDepth: maxDepth)
        parser.skipWhitespace()
        let value = try parser.parseValue()
        parser.skipWhitespace()
        guard parser.index == bytes.count else { throw parser.error(.extraData) }
        return value
    }

    let bytes: [UInt8]
    let maxDepth: Int
    var index = 0
    private var depth = 0

    private init(bytes: [UInt8], maxDepth: Int) {
        self.bytes = bytes
        self.maxDepth = maxDepth
    }

    /// The byte at `index`, or nil at the end.
    var next: UInt8? {
        index < bytes.count ? bytes[index] : nil
    }

    func error(_ reason: JSONError.Reason, at offset: Int? = nil) -> JSONError {
        JSONError(offset: offset ?? index, reason: reason)
    }

    private mutating func skipWhitespace() {
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): index += 1
            default: return
            }
        }
    }

    private mutating func parseValue() throws(JSONError) -> JSONValue {
        guard let next else { throw error(.expectedValue) }
        switch next {
        case UInt8(ascii: "{"): return .object(try parseObject())
        case UInt8(ascii: "["): return .array(try parseArray())
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
        case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
        case UInt8(ascii: "n"): return try parseWord("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try parseNumber())
        default: throw error(.expectedValue)
        }
    }

    private mutating func parseWord(_ word: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let start = index
        for expected in word.utf8 {
            guard next == expected else { throw error(.expectedValue, at: start) }
            index += 1
        }
        return value
    }
}

// MARK: - Containers

extension JSONParser {
    private mutating func enter() throws(JSONError) {
        guard depth < maxDepth else { throw error(.tooDeep(limit: maxDepth)) }
        depth += 1
        index += 1
        skipWhitespace()
    }

    private mutating func leave() {
        depth -= 1
        index += 1
    }

    private mutating func parseArray() throws(JSONError) -> [JSONValue] {
        try enter()
        var elements: [JSONValue] = []
        guard next != UInt8(ascii: "]") else {
            leave()
            return elements
        }
        while true {
            elements.append(try parseValue())
            guard try continues(until: UInt8(ascii: "]")) else { return elements }
        }
    }

    private mutating func parseObject() throws(JSONError) -> JSONObject {
        try enter()
        var object = JSONObject()
        var names = NameSet()
        guard next != UInt8(ascii: "}") else {
            leave()
            return object
        }
        while true {
            guard next == UInt8(ascii: "\"") else { throw error(.expectedName) }
            let nameOffset = index
            let name = try parseString()
            guard name.byteCount <= JSONParser.maxNameBytes else {
                throw error(.nameTooLong(limit: JSONParser.maxNameBytes), at: nameOffset)
            }
            guard names.insert(name, members: object.members) else { throw error(.duplicateName, at: nameOffset) }
            skipWhitespace()
            guard next == UInt8(ascii: ":") else { throw error(.expectedColon) }
            index += 1
            skipWhitespace()
            object.members.append(JSONObject.Member(name: name, value: try parseValue()))
            guard try continues(until: UInt8(ascii: "}")) else { return object }
        }
    }

    /// After an element: true past a comma that another element follows, false past the closing bracket.
    private mutating func continues(until closing: UInt8) throws(JSONError) -> Bool {
        skipWhitespace()
        if next == closing {
            leave()
            return false
        }
        guard next == UInt8(ascii: ",") else { throw error(.expectedComma) }
        let comma = index
        index += 1
        skipWhitespace()
        guard next != closing else { throw error(.trailingComma, at: comma) }
        return true
    }

    /// The names seen in one object. Scanning is fastest while there are few; a body of 100,000 members must not cost their square.
    private struct NameSet {
        private var names: Set<Text> = []

        mutating func insert(_ name: Text, members: [JSONObject.Member]) -> Bool {
            guard members.count >= 16 else { return !members.contains { $0.name == name } }
            if names.isEmpty { names = Set(members.map(\.name)) }
            return names.insert(name).inserted
        }
    }
}
