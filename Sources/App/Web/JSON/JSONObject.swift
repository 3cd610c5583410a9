// The members of a JSON object in the order they were written. Names compare by their bytes, as RFC 8259 8.3 has it.

import Reactor

/// An ordered JSON object. Lookups are linear: request bodies have a handful of members, and a scan beats hashing there.
struct JSONObject: Sendable, Hashable {
    struct Member: Sendable, Hashable {
        let name: Text
        var value: JSONValue
    }

    var members: [Member]

    init() {
        members = []
    }

    /// - Parameter members: in order, names unique.
    init(members: [Member]) {
        self.members = members
    }

    init(_ pairs: [(String, JSONValue)]) {
        members = pairs.map { Member(name: Text($0.0), value: $0.1) }
    }

    var isEmpty: Bool { members.isEmpty }

    /// Reading finds the member; writing replaces it where it stands or appends it; writing nil removes it.
    subscript(name: String) -> JSONValue? {
        get { self[Text(name)] }
        set { self[Text(name)] = newValue }
    }

    subscript(name: Text) -> JSONValue? {
        get {
            members.first { $0.name == name }?.value
        }
        set {
            let index = members.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (nil, let value?): members.append(Member(name: name, value: value))
            case (let index?, nil): members.remove(at: index)
            case (nil, nil): break
            }
        }
    }

    /// These members followed by `others`, which win where a name is in both.
    func merging(_ others: JSONObject) -> JSONObject {
        var merged = self
        for member in others.members {
            merged[member.name] = member.value
        }
        return merged
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements)
    }
}
