// What can be wrong with a multipart body. A value; any thread.

/// Why a body is no multipart/form-data (RFC 7578), or not one that is accepted here. The body cannot be read any further.
public enum MultipartError: Error, Sendable, Hashable {
    /// The Content-Type names no boundary, or names several.
    case missingBoundary
    /// The boundary is not 1 to 70 of the characters that RFC 2046 5.1.1 allows.
    case invalidBoundary
    /// Behind a delimiter stands neither `--` nor the end of its line.
    case invalidDelimiter
    /// The body ended before its last delimiter.
    case unexpectedEnd
    case tooManyParts
    case preambleTooLarge
    case epilogueTooLarge
    case partHeaderTooLarge
    case tooManyPartHeaderFields
    /// A bare CR or LF, a control character, a folded line, or no name before the colon.
    case invalidPartHeader
    /// No Content-Disposition, two of them, or one that is not `form-data` with well-formed parameters.
    case invalidDisposition
    /// RFC 7578 4.2: every part has a name.
    case missingName
    case nameTooLong
    case filenameTooLong
    /// A name that is not UTF-8.
    case invalidEncoding
    /// Content-Transfer-Encoding is deprecated (RFC 7578 4.7); whatever would have to be decoded is refused.
    case unsupportedTransferEncoding
    /// RFC 7578 4.3: several files are several parts, not a part of parts.
    case nestedMultipart
}
