// The name of a request, in its answer, in every log line about it and in every error. Pure but for the generator's prefix.

import Reactor
import Synchronization

/// Takes a client's request id over, or makes one.
enum RequestID {
    static let maxLength = 128

    /// An id from outside, where it may be used: it ends up in logs and in a header field. Nil where it may not.
    static func accepted(_ id: Text) -> String? {
        isWellFormed(id) ? id.asciiString : nil
    }

    static func isWellFormed(_ id: Text) -> Bool {
        !id.isEmpty && id.byteCount <= maxLength
            && id.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"):
                    true
                default: false
                }
            }
    }

    /// Makes ids that are unique, not secret: 64 random bits of its own and a count. One a loop.
    final class Generator: Sendable {
        private let prefix: UInt64
        private let count = Atomic<UInt64>(0)

        init(prefix: UInt64 = .random(in: .min ... .max)) {
            self.prefix = prefix
        }

        /// Thirty-two hexadecimal digits.
        func next() -> String {
            let count = count.wrappingAdd(1, ordering: .relaxed).newValue
            var digits: [UInt8] = []
            digits.reserveCapacity(32)
            digits.append(hexadecimal: prefix)
            digits.append(hexadecimal: count)
            return String(ascii: digits)
        }
    }
}
