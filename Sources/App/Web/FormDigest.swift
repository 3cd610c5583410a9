// What a form says, in a few bytes: names, filenames and contents of its parts, by which two of them are the same or not. The boundary
// is not in it, for each attempt of a client has one of its own. Loop-bound; no I/O.

import Crypto
import Reactor

/// Takes what goes by when a form is read.
final class FormDigest {
    /// Three for each part.
    private(set) var parts: [[UInt8]] = []
    /// Whether all of the form has gone by.
    private(set) var isWhole = false
    private var content = SHA256()

    func take(_ event: MultipartEvent?) {
        switch event {
        case .part(let part):
            parts.append(Array(part.name.utf8))
            // No filename is another thing than an empty one.
            parts.append(part.filename.map { [1] + Array($0.utf8) } ?? [])
            content = SHA256()
        case .data(let bytes): content.update(data: bytes)
        case .partEnd: parts.append(Array(content.finalize()))
        case .needMore, .end: break
        case nil: isWhole = true
        }
    }
}
