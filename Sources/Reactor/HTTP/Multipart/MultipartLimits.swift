// How much of a multipart body may be anything but the parts' contents. A value; any thread.

/// Limits of a multipart/form-data body. What its parts hold is limited by whoever reads them.
public struct MultipartLimits: Sendable, Hashable {
    /// Bytes before the first delimiter line, which nobody sends (RFC 2046 5.1.1 calls them to be ignored).
    public var maxPreambleBytes = 1_024
    /// Bytes behind the last delimiter: a line ending as a rule, and nothing else.
    public var maxEpilogueBytes = 1_024
    /// White space between a delimiter and its line ending, which gateways were once allowed to add.
    public var maxPaddingBytes = 64
    /// Parts of a body (Starlette: 1,000 files and 1,000 fields).
    public var maxParts = 32
    /// A part's header section, blank line included.
    public var maxPartHeaderBytes = 8_192
    /// Fields of a part's header section; browsers send two.
    public var maxPartHeaderFields = 16
    /// A part's name, in UTF-8.
    public var maxNameBytes = 256
    /// A part's filename, in UTF-8. File systems stop at 255; old browsers send the path as well.
    public var maxFilenameBytes = 1_024
    /// What a whole body may have beside the file that it is sent for: the lines around the parts, and small fields.
    public var maxEnvelopeBytes = 65_536

    public init() {}
}
