// Subjects and names that are not ASCII, in header fields that are. Pure.

import FoundationEssentials

/// Text of header fields beyond ASCII (RFC 2047).
enum EncodedWords {
    /// 75 characters a word, of which `=?utf-8?B?` and `?=` are 12, and base64 makes four of three.
    private static let maxBytesPerWord = 45
    /// RFC 5322 2.1.1: 78 characters a line.
    private static let maxLine = 78

    /// - Parameters:
    ///   - quoted: whether the text is a phrase, in which punctuation must be quoted.
    ///   - column: where in its line the text begins.
    static func text(_ text: String, quoted: Bool, column: Int) -> String {
        let isASCII = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
        // "=?" would be read as an encoded word.
        if isASCII, !text.contains("=?"), text.utf8.count + column + (quoted ? 2 : 0) <= maxLine {
            return quoted ? "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"" : text
        }
        var words: [String] = []
        var word: [UInt8] = []
        for scalar in text.unicodeScalars {
            let encoded = Array(String(scalar).utf8)
            // The first line has the field's name in it as well.
            let room = words.isEmpty ? maxBytesPerWord - (column + 2) / 4 * 3 : maxBytesPerWord
            if word.count + encoded.count > room {
                words.append(encodedWord(word))
                word = []
            }
            word += encoded
        }
        words.append(encodedWord(word))
        return words.joined(separator: "\r\n ")
    }

    private static func encodedWord(_ bytes: [UInt8]) -> String {
        "=?utf-8?B?\(Data(bytes).base64EncodedString())?="
    }
}
