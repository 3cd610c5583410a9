// What a file is by its content, through libmagic and the database that comes with it. Owns nothing: a cookie is made for each
// look, because it is not thread-safe, and because making one costs a tenth of a millisecond: the database is mapped, not read.
// Every function blocks on the disk: run it on the blocking pool.

import CMagic
import Glibc

/// Why libmagic could not be asked.
public enum MagicError: Error, Sendable, Hashable {
    /// There is no database where libmagic looks for it (Debian: libmagic-mgc), or it is another version's.
    case noDatabase
    /// libmagic failed. The number is `errno`, or 0.
    case failed(code: Int32)
}

extension MagicError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noDatabase: "libmagic finds no database of its version (Debian: libmagic-mgc)"
        case .failed(let code): "libmagic failed (errno \(code))"
        }
    }
}

/// libmagic's database.
public enum MagicDatabase {
    /// How much of a file is looked at: enough for every type that is told by its beginning. Of an OLE file libmagic looks up the
    /// directory wherever it stands.
    static let maxBytes = 256 * 1_024

    /// The media type of an open file, such as `image/png`; `application/octet-stream` for what libmagic does not know. Blocks.
    public static func mediaType(of file: FileReader) throws(MagicError) -> String {
        try withCookie { (cookie) throws(MagicError) in
            // libmagic puts the descriptor's position back; reading ours never uses it.
            try text(unsafe magic_descriptor(cookie, file.descriptor), cookie)
        }
    }

    /// The media type of bytes in memory.
    public static func mediaType(of bytes: [UInt8]) throws(MagicError) -> String {
        try withCookie { (cookie) throws(MagicError) in
            // SAFETY: the pointer and the count are the array's own, for the length of the call.
            let answer = unsafe bytes.withUnsafeBytes { unsafe magic_buffer(cookie, $0.baseAddress, $0.count) }
            return try text(unsafe answer, cookie)
        }
    }

    private static func withCookie(_ body: (magic_t) throws(MagicError) -> String) throws(MagicError) -> String {
        // Nothing is decompressed, and no other program is run: what is looked at was written by a stranger.
        guard let cookie = unsafe magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_COMPRESS_FORK) else {
            throw .failed(code: errno)
        }
        defer { unsafe magic_close(cookie) }
        var limit = MagicDatabase.maxBytes
        // SAFETY: this parameter is a size_t, which `limit` is as wide as; it is read during the call.
        _ = unsafe withUnsafePointer(to: &limit) { unsafe magic_setparam(cookie, MAGIC_PARAM_BYTES_MAX, $0) }
        guard unsafe magic_load(cookie, nil) == 0 else { throw .noDatabase }
        return try unsafe body(cookie)
    }

    /// - Parameter answer: the cookie's own storage, valid until it is closed.
    private static func text(_ answer: UnsafePointer<CChar>?, _ cookie: magic_t) throws(MagicError) -> String {
        guard let answer = unsafe answer else { throw .failed(code: unsafe magic_errno(cookie)) }
        // SAFETY: a terminated string, copied before the cookie goes.
        return unsafe String(cString: answer)
    }
}
