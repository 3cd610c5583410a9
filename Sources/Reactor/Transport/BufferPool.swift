// The buffers of a loop. A connection borrows one while it has something to say, so that an idle connection owns none.
// Belongs to its loop's thread.

/// A loop's read buffer, and its stock of empty write buffers.
@safe
final class BufferPool {
    /// What one read takes at most: Linux hands out a full socket buffer in a few of these, and it fits a core's L2 cache.
    static let readBufferBytes = 65_536
    /// A buffer that had to grow past this is given back to the allocator rather than kept.
    private static let maxKeptBytes = 65_536
    private static let maxKeptBuffers = 64

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

    init() {
        unsafe readBuffer = .allocate(byteCount: BufferPool.readBufferBytes, alignment: 64)
    }

    deinit {
        unsafe readBuffer.deallocate()
        unsafe madePlaintextBuffer?.deallocate()
    }

    /// An empty buffer, with capacity if there is one in stock.
    func take() -> ByteBuffer {
        free.popLast() ?? ByteBuffer()
    }

    /// Gives an emptied buffer back.
    func give(_ buffer: consuming ByteBuffer) {
        guard free.count < BufferPool.maxKeptBuffers, buffer.capacity <= BufferPool.maxKeptBytes, buffer.capacity > 0 else { return }
        buffer.removeAll(keepingCapacity: true)
        free.append(buffer)
    }
}
