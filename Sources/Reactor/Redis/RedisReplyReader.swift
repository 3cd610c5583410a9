// hiredis' incremental reply parser behind a Swift face: bytes in, values out. Belongs to one connection, on its loop.
//
// hiredis 0.14 calls back for every string, integer and array it meets. Its own callbacks build a tree of malloc'ed structs
// and trust the server with sizes: `*2147483647` makes them allocate 16 GiB. Ours build Swift values, count what they build,
// and answer NULL past a limit, which hiredis turns into an error. It asserts nothing about a reply's shape here: those
// asserts are in its async client (subscriptions), which we do not use, and in its own callbacks, which these replace.
// Nesting past seven arrays it refuses by itself.

import CHiredis

/// Bounds on what one reply may be.
struct RedisReplyLimits: Sendable {
    /// Bytes of one reply, all its strings together, and bytes buffered while it is incomplete.
    var maxBytes = 16 * 1_024 * 1_024
    /// Elements of one reply, all its arrays together.
    var maxElements = 65_536
    /// Bytes of a status, an error or a length line: without a bound hiredis scans an endless line again at every read.
    var maxLineBytes = 64 * 1_024
}

/// Parses replies out of any division of the byte stream.
@safe
final class RedisReplyReader {
    private let reader: UnsafeMutablePointer<redisReader>
    private let builder: RedisReplyBuilder
    private let limits: RedisReplyLimits
    private var failure: RedisError?

    init(limits: RedisReplyLimits = RedisReplyLimits()) {
        self.limits = limits
        builder = RedisReplyBuilder(limits: limits)
        guard let reader = unsafe redisReaderCreateWithFunctions(replyFunctions) else {
            preconditionFailure("out of memory")
        }
        // SAFETY: the builder lives as long as the reader, which is freed in our deinit and called by nobody else.
        unsafe reader.pointee.privdata = Unmanaged.passUnretained(builder).toOpaque()
        unsafe self.reader = reader
    }

    deinit {
        unsafe redisReaderFree(reader)
    }

    /// Takes bytes in. After an error every further call fails with it.
    func feed(_ bytes: RawSpan) throws(RedisError) {
        if let failure { throw failure }
        guard !bytes.isEmpty else { return }
        let status = unsafe bytes.withUnsafeBytes { buffer in
            unsafe redisReaderFeed(reader, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        guard status == REDIS_OK else { throw fail() }
    }

    /// The next complete reply, or nil: need more bytes.
    func next() throws(RedisError) -> RedisValue? {
        if let failure { throw failure }
        var root: UnsafeMutableRawPointer?
        guard unsafe redisReaderGetReply(reader, &root) == REDIS_OK else { throw fail() }
        if unsafe root != nil {
            guard let value = builder.take() else { preconditionFailure("hiredis finished a reply that was never built") }
            return value
        }
        try checkBuffered()
        return nil
    }

    /// Bounds what an incomplete reply may pile up.
    private func checkBuffered() throws(RedisError) {
        let unparsed = unsafe reader.pointee.len - reader.pointee.pos
        guard unparsed > limits.maxLineBytes else { return }
        guard unparsed <= limits.maxBytes else { throw fail("a reply of more than \(limits.maxBytes) bytes") }
        guard let start = unsafe reader.pointee.buf else { return }
        // SAFETY: hiredis keeps `len` bytes at `buf`, of which `pos` are parsed; nothing is fed during the scan.
        let line = unsafe UnsafeBufferPointer(start: start + reader.pointee.pos, count: limits.maxLineBytes)
        for index in 1..<limits.maxLineBytes
        where unsafe line[index] == CChar(UInt8(ascii: "\n")) && line[index - 1] == CChar(UInt8(ascii: "\r")) {
            return
        }
        throw fail("a line of more than \(limits.maxLineBytes) bytes")
    }

    private func fail(_ reason: String? = nil) -> RedisError {
        // SAFETY: errstr is a NUL-terminated array inside the reader, written before hiredis reported the error.
        let reported = unsafe withUnsafeBytes(of: &reader.pointee.errstr) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        let error = RedisError.protocolViolation(reason ?? builder.refusal ?? reported)
        failure = error
        return error
    }
}

// MARK: - hiredis' callbacks

/// What every callback answers for "made": the tree is the builder's, hiredis only tells NULL from the rest.
// SAFETY: never dereferenced by us, nor by hiredis, which hands the root back and calls `freeObject` (nil here) with it.
nonisolated(unsafe) private let made = unsafe UnsafeMutableRawPointer(bitPattern: 1)

// SAFETY: written once, before the first reader exists; hiredis only reads it. Lives as long as the program.
nonisolated(unsafe) private let replyFunctions: UnsafeMutablePointer<redisReplyObjectFunctions> = {
    let functions = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
    unsafe functions.initialize(
        to: redisReplyObjectFunctions(
            createString: makeString, createArray: makeArray, createInteger: makeInteger, createNil: makeNil, freeObject: nil))
    return unsafe functions
}()

/// The builder of the reader that is calling back.
private func builder(of task: UnsafePointer<redisReadTask>?) -> RedisReplyBuilder? {
    guard let data = unsafe task?.pointee.privdata else { return nil }
    // SAFETY: set in RedisReplyReader.init to a builder that outlives the reader.
    return unsafe Unmanaged<RedisReplyBuilder>.fromOpaque(data).takeUnretainedValue()
}

private func makeString(
    _ task: UnsafePointer<redisReadTask>?, _ start: UnsafeMutablePointer<CChar>?, _ count: Int
) -> UnsafeMutableRawPointer? {
    guard let task = unsafe task, let builder = unsafe builder(of: task) else { return nil }
    // SAFETY: hiredis passes `count` bytes of its buffer, valid during the call; they are copied.
    let bytes = unsafe UnsafeRawBufferPointer(start: start, count: count)
    let isBuilt: Bool
    switch unsafe task.pointee.type {
    case REDIS_REPLY_STATUS:
        isBuilt = builder.add(.status(unsafe String(decoding: bytes, as: UTF8.self)), byteCount: count)
    case REDIS_REPLY_ERROR:
        let text = unsafe String(decoding: bytes, as: UTF8.self)
        isBuilt = builder.add(.error(RedisServerError(reply: text)), byteCount: count)
    default:
        isBuilt = builder.add(.bytes(unsafe [UInt8](bytes)), byteCount: count)
    }
    return unsafe isBuilt ? made : nil
}

private func makeArray(_ task: UnsafePointer<redisReadTask>?, _ count: CInt) -> UnsafeMutableRawPointer? {
    guard let builder = unsafe builder(of: task), builder.beginArray(count: Int(count)) else { return nil }
    return unsafe made
}

private func makeInteger(_ task: UnsafePointer<redisReadTask>?, _ value: CLongLong) -> UnsafeMutableRawPointer? {
    guard let builder = unsafe builder(of: task), builder.add(.integer(value), byteCount: 0) else { return nil }
    return unsafe made
}

private func makeNil(_ task: UnsafePointer<redisReadTask>?) -> UnsafeMutableRawPointer? {
    guard let builder = unsafe builder(of: task), builder.add(.null, byteCount: 0) else { return nil }
    return unsafe made
}
