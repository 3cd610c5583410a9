// Verifying bcrypt hashes, through libxcrypt: what the users of an adopted FastAPI application have. Nothing is hashed with it
// anew. Owns nothing. Verifying blocks for as long as the stored cost says: run it in the background
// (`EventLoop.runInBackground`), and bound how many run at once.

import CCrypt
import Glibc

/// bcrypt (Provos and Mazières, "A Future-Adaptable Password Scheme", 1999) as Python's bcrypt and passlib write it.
public enum BcryptHash {
    /// Each step doubles the time: 12, the usual one, is a fifth of a second, 16 a few seconds.
    ///
    /// A stored hash names its own cost. An imported or tampered row must not be able to ask for the 31 that the format allows,
    /// which would hold a thread for days.
    public static let acceptedCosts = 4...16

    /// bcrypt takes the key's first 72 bytes. Python's bcrypt before 5.0 and passlib leave the rest out too.
    static let maxPasswordBytes = 72

    /// What a stored hash costs; nil where it is no bcrypt hash, or one past ``acceptedCosts``.
    public static func cost(of stored: String) -> Int? {
        Parts(stored)?.cost
    }

    /// True when `password` is what `stored` was made from. Blocks for as long as the stored cost says.
    ///
    /// False, at once, for a text that is no bcrypt hash, and for a password with a NUL: passlib refuses those, and C's strings
    /// end there. The comparison takes the same time wherever the hashes differ.
    public static func verify(_ password: Text, against stored: String) -> Bool {
        guard let parts = Parts(stored), !password.utf8.contains(0) else { return false }
        // The text belongs to the caller and cannot be erased; our copy of its bytes can.
        var secret = password.utf8.prefix(maxPasswordBytes).map { CChar(bitPattern: $0) } + [0]
        defer { erase(&secret) }
        guard let digest = digest(secret, setting: parts.setting) else { return false }
        return PasswordHash.areEqualInConstantTime(digest, parts.digest)
    }

    /// A well-formed hash of nothing: whoever verifies against it spends the time that one of this cost takes, and is wrong.
    public static func decoy(cost: Int) -> String {
        let cost = min(max(cost, acceptedCosts.lowerBound), acceptedCosts.upperBound)
        return "$2b$\(cost < 10 ? "0" : "")\(cost)$" + String(repeating: ".", count: Parts.saltLength + Parts.digestLength)
    }

    /// - Parameter secret: terminated by its only NUL.
    /// - Returns: the characters behind the salt; nil where libxcrypt refuses.
    private static func digest(_ secret: [CChar], setting: String) -> [UInt8]? {
        // 32 KiB, in which Blowfish's state lies: too much for a pool thread's stack to carry unasked.
        let size = MemoryLayout<crypt_data>.size
        let work = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: MemoryLayout<crypt_data>.alignment)
        defer {
            unsafe explicit_bzero(work, size)
            unsafe work.deallocate()
        }
        unsafe memset(work, 0, size)
        // SAFETY: the secret ends with a NUL and lives for the call; `work` is as large as said, zeroed as crypt_r(3) asks, and
        // no other thread knows it. What comes back lies inside of `work` and is copied before that is freed.
        return unsafe secret.withUnsafeBufferPointer { secret -> [UInt8]? in
            guard let start = unsafe secret.baseAddress,
                let hash = unsafe crypt_rn(start, setting, work, Int32(size))
            else { return nil }
            let text = Array(unsafe String(cString: hash).utf8)
            return text.count == Parts.length ? Array(text.suffix(Parts.digestLength)) : nil
        }
    }

    /// Overwrites in a way that the optimiser may not remove.
    private static func erase(_ bytes: inout [CChar]) {
        // SAFETY: the pointer and the count are the array's own.
        unsafe bytes.withUnsafeMutableBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            unsafe explicit_bzero(start, bytes.count)
        }
    }
}

extension BcryptHash {
    /// `$2b$12$<22 characters of salt><31 of digest>`, taken apart.
    fileprivate struct Parts {
        static let saltLength = 22
        static let digestLength = 31
        static let length = 7 + saltLength + digestLength

        let cost: Int
        /// Prefix, cost and salt: what libxcrypt is told.
        ///
        /// Always as `$2b$`. The letters tell which mistakes of old implementations a hash may have; Python's have none, and for
        /// `$2a$` libxcrypt would add a countermeasure to them that Python's bcrypt does not.
        let setting: String
        let digest: [UInt8]

        init?(_ text: String) {
            let bytes = Array(text.utf8)
            guard bytes.count == Parts.length, bytes.starts(with: "$2".utf8), "aby".utf8.contains(bytes[2]), bytes[3] == 0x24,
                let tens = Parts.digit(bytes[4]), let ones = Parts.digit(bytes[5]), bytes[6] == 0x24,
                bytes[7...].allSatisfy(Parts.isInAlphabet), BcryptHash.acceptedCosts.contains(tens * 10 + ones)
            else { return nil }
            cost = tens * 10 + ones
            setting = "$2b$" + String(decoding: bytes[4..<7 + Parts.saltLength], as: UTF8.self)
            digest = Array(bytes.suffix(Parts.digestLength))
        }

        private static func digit(_ byte: UInt8) -> Int? {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? Int(byte - UInt8(ascii: "0")) : nil
        }

        /// bcrypt's own base64.
        private static func isInAlphabet(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"):
                true
            default: false
            }
        }
    }
}
