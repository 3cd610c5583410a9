// Cutting a database URL into pieces. Pure; Foundation's URL would refuse half of the URLs that people write.

extension Substring {
    /// What is before the first `mark` and what is after it, if there is one.
    func cut(at mark: Character) -> (Substring, Substring?) {
        guard let position = firstIndex(of: mark) else { return (self, nil) }
        return (self[..<position], self[index(after: position)...])
    }

    /// A number written with digits only.
    var decimal: Int? {
        utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(self) : nil
    }

    /// Nil for a `%` that two hexadecimal digits do not follow, or where the result is not UTF-8.
    var percentDecoded: String? {
        var decoded: [UInt8] = []
        var bytes = utf8.makeIterator()
        while let byte = bytes.next() {
            guard byte == UInt8(ascii: "%") else {
                decoded.append(byte)
                continue
            }
            guard let high = bytes.next().flatMap(hexadecimalValue), let low = bytes.next().flatMap(hexadecimalValue) else {
                return nil
            }
            decoded.append(high << 4 | low)
        }
        return String(validating: decoded, as: UTF8.self)
    }
}

private func hexadecimalValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}
