// What an uploaded file is called: a name for people, made of what the client sent. On disk a file is called by its id, so a
// name here can at worst look odd. Pure.

import Reactor

/// A file's name without any path: a stem, and an extension.
struct FileName: Sendable, Hashable {
    /// What file systems and the table's column hold.
    static let maxBytes = 255
    /// Copies of a name that are told apart by a number.
    static let maxCopies = 1_024

    let stem: Text
    /// As it was written, without its dot; empty where there is none.
    let fileExtension: Text

    var text: Text { fileExtension.isEmpty ? stem : "\(stem).\(fileExtension)" }

    private init(stem: Text, fileExtension: Text) {
        self.stem = stem
        self.fileExtension = fileExtension
    }

    /// Keeps of a client's name what may be kept: the last segment of a path in either notation, without control characters and
    /// without the invisible ones that reverse what is read; a stem that is too long is cut.
    /// - Returns: nil where nothing is left.
    init?(sanitizing name: Text) {
        let segment = name.unicodeScalars.split(omittingEmptySubsequences: false) { $0 == "/" || $0 == "\\" }.last ?? [][...]
        var visible = segment.filter(FileName.isVisible)[...]
        // A dot in front would hide it, dots and spaces behind are dropped by Windows.
        while let first = visible.first, FileName.isEdge(first) { visible.removeFirst() }
        while let last = visible.last, FileName.isEdge(last) { visible.removeLast() }
        guard !visible.isEmpty else { return nil }
        let kept = Text(scalars: visible)
        let (stem, fileExtension) = kept.cutLast(at: UInt8(ascii: ".")) ?? (kept, "")
        self.init(stem: stem, fileExtension: fileExtension, suffix: "")
    }

    /// Nil where the extension alone is too long.
    private init?(stem: Text, fileExtension: Text, suffix: String) {
        let room = FileName.maxBytes - suffix.utf8.count - (fileExtension.isEmpty ? 0 : fileExtension.byteCount + 1)
        guard room > 0 else { return nil }
        let cut = FileName.cut(stem, toBytes: room)
        guard !cut.isEmpty else { return nil }
        self.init(stem: "\(cut)\(suffix)", fileExtension: fileExtension)
    }

    /// Whole characters: half of one would be another. Only where the first one is too long already, half is better than none.
    private static func cut(_ text: Text, toBytes room: Int) -> Text {
        guard text.byteCount > room else { return text }
        var count = 0
        // TEXT: characters are counted from the front, which is linear, and not compared. The cut here is past the room by a code point or
        // more, so that no character before it is half a one.
        for character in text.cut(toBytes: FileName.maxBytes + 4).swiftString {
            guard count + character.utf8.count <= room else { break }
            count += character.utf8.count
        }
        return text.cut(toBytes: count > 0 ? count : room)
    }

    /// The name of a copy: `report (2).pdf`. The first one is the name itself.
    func copy(_ number: Int) -> FileName {
        number <= 1 ? self : marked("\(number)")
    }

    /// `report (mark).pdf`.
    func marked(_ mark: String) -> FileName {
        // An extension that leaves no room for a mark belongs to no type that is accepted.
        FileName(stem: stem, fileExtension: fileExtension, suffix: " (\(mark))") ?? self
    }

    private static func isEdge(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "." || scalar.properties.isWhitespace
    }

    /// Neither a control, nor a line or paragraph separator, nor one of the marks that change the direction of text: with those,
    /// `gpj.exe` reads `exe.jpg`.
    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x200E, 0x200F, 0x061C, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF, 0xFFFE, 0xFFFF: false
        default:
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: false
            default: true
            }
        }
    }
}

extension FileName {
    /// The name as a segment of a path (RFC 3986 2.3): everything but unreserved characters is percent-encoded.
    static func pathSegment(_ name: Text) -> String {
        percentEncoded(name) { "-._~".utf8.contains($0) }
    }

    /// Percent-encodes what is neither a letter, nor a digit, nor one of `others`.
    static func percentEncoded(_ text: Text, keeping others: (UInt8) -> Bool) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.byteCount)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                bytes.append(byte)
            case _ where others(byte):
                bytes.append(byte)
            default:
                bytes.append(contentsOf: [UInt8(ascii: "%"), HexDigit.uppercase(byte >> 4), HexDigit.uppercase(byte & 0x0F)])
            }
        }
        return String(ascii: bytes)
    }
}
