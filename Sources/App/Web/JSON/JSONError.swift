// Why a text is not JSON, in the words Python's decoder uses: they are what FastAPI's clients have seen so far.

/// Where and why parsing stopped.
struct JSONError: Error, Sendable, Equatable {
    /// Offset of the offending byte.
    let offset: Int
    let reason: Reason

    enum Reason: Sendable, Equatable {
        case expectedValue
        case expectedName
        case expectedColon
        case expectedComma
        case trailingComma
        case extraData
        case unterminatedString
        case controlCharacter
        case invalidEscape
        case invalidUnicodeEscape
        case unpairedSurrogate
        case invalidUTF8
        case duplicateName
        case tooDeep(limit: Int)
        case nameTooLong(limit: Int)
    }

    /// A description that is safe to show: it quotes nothing of the input.
    var message: String {
        switch reason {
        case .expectedValue: "Expecting value"
        case .expectedName: "Expecting property name enclosed in double quotes"
        case .expectedColon: "Expecting ':' delimiter"
        case .expectedComma: "Expecting ',' delimiter"
        case .trailingComma: "Illegal trailing comma"
        case .extraData: "Extra data"
        case .unterminatedString: "Unterminated string"
        case .controlCharacter: "Invalid control character"
        case .invalidEscape: "Invalid \\escape"
        case .invalidUnicodeEscape: "Invalid \\uXXXX escape"
        case .unpairedSurrogate: "Unpaired surrogate escape"
        case .invalidUTF8: "Invalid UTF-8"
        case .duplicateName: "Duplicate property name"
        case .nameTooLong(let limit): "Property name of more than \(limit) bytes"
        case .tooDeep(let limit): "Nested more than \(limit) levels deep"
        }
    }
}
