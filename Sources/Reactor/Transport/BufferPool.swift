// The buffers of a loop. A connection borrows one while it has something to say, so that an idle connection owns none.
// Belongs to its loop's thread.

/// A loop's read buffer, and its stock of empty write buffers.
@safe
final class BufferPool {
    /// What one read takes at most: Linux hands out a full socket buffer in a few of these, and it fits a core's L2 cache.
    static let readBufferBytes = 65_536
    /// A buffer that had to grow past this is given back to the allocator rather than kept.
    private static let maxKeptBytes = 65_536
    /// As many connections as one poll reports (libuv: 1,024 events) have something to say in one tick, most of them little.
    private static let maxKeptBuffers = 1_024
    private static let maxKeptBytesTogether = 4_194_304
    /// Room for a small answer with its head, so that a new buffer need not grow to it step by step.
    private static let firstBytes = 1_024

    /// Where every read of the loop lands; its bytes are valid only inside the read callback.
    let readBuffer: UnsafeMutableRawBufferPointer
    /// Where a read's plaintext lands on a connection with TLS; made when the first one needs it.
    var plaintextBuffer: UnsafeMutableRawBufferPointer {
        if let made = unsafe madePlaintextBuffer { return unsafe made }
        let made = UnsafeMutableRawBufferPointer.allocate(byteCount: BufferPool.readBufferBytes, alignment: 64)
        unsafe madePlaintextBuffer = made
        return unsafe made
    }
    private var madePlaintextBuffer: UnsafeMutableRawBufferPointer?
    private var free: [ByteBuffer] = []
    private var freeBytes = 0

    init() {
        unsafe readBuffer = .allocate(byteCount: BufferPool.readBufferBytes, alignment: 64)
    }

    deinit {
        unsafe readBuffer.deallocate()
        unsafe madePlaintextBuffer?.deallocate()
    }

    /// An empty buffer with some capacity.
    func take() -> ByteBuffer {
        guard let buffer = free.popLast() else {
            var buffer = ByteBuffer()
            buffer.reserve(BufferPool.firstBytes)
            return buffer
        }
        freeBytes -= buffer.capacity
        return buffer
    }

    /// Takes an emptied buffer out of its owner's hands. Moved, not copied: emptied while two own it, it would be allocated anew.
    func reclaim(_ buffer: inout ByteBuffer) {
        guard buffer.capacity > 0 else { return }
        var emptied = ByteBuffer()
        swap(&buffer, &emptied)
        give(consume emptied)
    }

    /// Gives an emptied buffer back.
    func give(_ buffer: consuming ByteBuffer) {
        let capacity = buffer.capacity
        guard capacity > 0, capacity <= BufferPool.maxKeptBytes, free.count < BufferPool.maxKeptBuffers,
            freeBytes + capacity <= BufferPool.maxKeptBytesTogether
        else { return }
        buffer.removeAll(keepingCapacity: true)
        freeBytes += capacity
        free.append(buffer)
    }
}
