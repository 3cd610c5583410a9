// application/x-www-form-urlencoded: query strings and form bodies (WHATWG URL, section 5.1). Pure.

import Reactor

/// Decodes `a=1&b=two%20words`.
enum FormDecoding {
    /// The pairs as an object of strings. Of a name that occurs several times the last counts, as in Starlette; a name of more
    /// than 256 bytes names nothing, and its pair is left out.
    /// - Parameter bytes: without the question mark.
    static func object(_ bytes: some Collection<UInt8>) -> JSONObject {
        var object = JSONObject()
        var position: [Text: Int] = [:]
        for pair in bytes.split(separator: UInt8(ascii: "&")) {
            let equals = pair.firstIndex(of: UInt8(ascii: "="))
            let encodedName = pair[..<(equals ?? pair.endIndex)]
            // Too long even if all of it is escaped.
            guard encodedName.count <= 3 * JSONParser.maxNameBytes else { continue }
            let name = decode(encodedName)
            guard name.byteCount <= JSONParser.maxNameBytes else { continue }
            let value = equals.map { decode(pair[pair.index(after: $0)...]) } ?? ""
            if let known = position[name] {
                object.members[known].value = .string(value)
            } else {
                position[name] = object.members.count
                object.members.append(JSONObject.Member(name: name, value: .string(value)))
            }
        }
        return object
    }

    /// A percent sign that no two hex digits follow stands for itself and ill-formed UTF-8 becomes U+FFFD: queries are data,
    /// so nothing is decided by them (paths are another matter, see ``PathDecoding``).
    private static func decode(_ bytes: some Collection<UInt8>) -> Text {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var rest = bytes[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"):
                decoded.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                if let high = rest.first.flatMap(HexDigit.value), let low = rest.dropFirst().first.flatMap(HexDigit.value) {
                    decoded.append(high << 4 | low)
                    rest = rest.dropFirst(2)
                } else {
                    decoded.append(byte)
                }
            default:
                decoded.append(byte)
            }
        }
        return Text(decoding: decoded)
    }
}
