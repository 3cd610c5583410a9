// application/x-www-form-urlencoded: query strings and form bodies (WHATWG URL, section 5.1). Pure.

import Reactor

/// Decodes `a=1&b=two%20words`.
enum FormDecoding {
    /// The pairs whose names are asked for, as an object of strings. Of a name that occurs several times the last counts, as in Starlette.
    ///
    /// Other pairs are passed over undecoded, as far as that can be: a megabyte holds half a million of them.
    /// - Parameters:
    ///   - bytes: without the question mark.
    ///   - names: at most ``JSONParser/maxNameBytes`` long.
    static func object(_ bytes: [UInt8], names: [String]) -> JSONObject {
        var object = JSONObject()
        var start = 0
        while start < bytes.count {
            var end = start
            var equals: Int?
            while end < bytes.count, bytes[end] != UInt8(ascii: "&") {
                if equals == nil, bytes[end] == UInt8(ascii: "=") { equals = end }
                end += 1
            }
            if end > start, let name = name(bytes[start..<(equals ?? end)], among: names) {
                object[name] = .string(equals.map { decode(bytes[($0 + 1)..<end]) } ?? "")
            }
            start = end + 1
        }
        return object
    }

    private static func name(_ encoded: ArraySlice<UInt8>, among names: [String]) -> String? {
        // Too long even if all of it is escaped.
        guard encoded.count <= 3 * JSONParser.maxNameBytes else { return nil }
        guard encoded.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return names.first { encoded.elementsEqual($0.utf8) }
        }
        let name = decode(encoded)
        return names.first { name == $0 }
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
