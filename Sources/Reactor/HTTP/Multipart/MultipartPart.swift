// What a part's header section says. A value; any thread.

/// The head of a part of a form.
public struct MultipartPart: Sendable, Hashable {
    /// Of the form's field. Not empty.
    public var name: String
    /// As the client sent it: it may be empty, a path, or a trap. Nil for a part that is no file.
    public var filename: String?
    /// What the client takes it for.
    public var contentType: String?

    public init(name: String, filename: String? = nil, contentType: String? = nil) {
        self.name = name
        self.filename = filename
        self.contentType = contentType
    }
}

/// What comes next in a multipart body.
public enum MultipartEvent: Sendable, Hashable {
    /// Everything was consumed, and more is needed.
    case needMore
    /// A part begins.
    case part(MultipartPart)
    /// A piece of its content; never empty.
    case data([UInt8])
    /// The part is complete.
    case partEnd
    /// The last delimiter: no part follows.
    case end
}
