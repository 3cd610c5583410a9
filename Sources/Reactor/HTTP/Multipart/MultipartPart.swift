// What a part's header section says. A value; any thread.

/// The head of a part of a form.
public struct MultipartPart: Sendable, Hashable {
    /// Of the form's field. Not empty.
    public var name: Text
    /// As the client sent it: it may be empty, a path, or a trap. Nil for a part that is no file.
    public var filename: Text?
    /// What the client takes it for.
    public var contentType: Text?

    public init(name: Text, filename: Text? = nil, contentType: Text? = nil) {
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
