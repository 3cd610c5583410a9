// The fields of a response, in order. A value; any thread.

/// Header fields as an ordered list of names and values; names compare without case.
public struct HTTPHeaders: Sendable, Sequence, ExpressibleByDictionaryLiteral {
    public typealias Element = (name: String, value: String)

    private var fields: [Element] = []

    public init() {}

    public init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { (name: $0.0, value: $0.1) }
    }

    /// Makes room for so many fields at once.
    public mutating func reserveCapacity(_ count: Int) {
        fields.reserveCapacity(count)
    }

    public var isEmpty: Bool { fields.isEmpty }
    public var count: Int { fields.count }

    /// Adds a field behind the others, also where there is one of that name.
    public mutating func append(_ name: String, _ value: String) {
        fields.append((name, value))
    }

    /// Makes this the one field of that name.
    public mutating func set(_ name: String, _ value: String) {
        guard let index = index(of: name) else { return append(name, value) }
        fields[index].value = value
        let rest = fields.index(after: index)
        if fields[rest...].contains(where: { HTTPHeaders.equal($0.name, name) }) {
            fields = fields.enumerated().filter { $0.offset <= index || !HTTPHeaders.equal($0.element.name, name) }.map(\.element)
        }
    }

    public mutating func remove(_ name: String) {
        fields.removeAll { HTTPHeaders.equal($0.name, name) }
    }

    /// The value of the first field of that name.
    public subscript(_ name: String) -> String? {
        index(of: name).map { fields[$0].value }
    }

    public func makeIterator() -> IndexingIterator<[Element]> {
        fields.makeIterator()
    }

    private func index(of name: String) -> Int? {
        fields.firstIndex { HTTPHeaders.equal($0.name, name) }
    }

    private static func equal(_ left: String, _ right: String) -> Bool {
        guard left.utf8.count == right.utf8.count else { return false }
        let (left, right) = (left.utf8.span, right.utf8.span)
        for index in left.indices where HTTPCharacters.lowercased(left[index]) != HTTPCharacters.lowercased(right[index]) { return false }
        return true
    }
}
