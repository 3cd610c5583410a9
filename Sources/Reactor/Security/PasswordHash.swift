// Password hashing with Argon2id, through libargon2. Owns nothing. Every function here blocks for tens of milliseconds and
// fills megabytes: run it in the background (`EventLoop.runInBackground`), and bound how many run at once.

import CArgon2
import Glibc

/// Why a password could not be hashed. Never holds the password.
public enum PasswordHashError: Error, Sendable, Equatable {
    /// The parameters are outside of what Argon2id, or this server, accepts.
    case parameters
    /// libargon2 failed: no memory, or no thread for a lane. The code is libargon2's.
    case failed(code: Int32)
}

/// Argon2id (RFC 9106) with a random salt, kept as a PHC string.
public enum PasswordHash {
    /// RFC 9106 4: 128 bits of salt suffice for every application.
    static let saltBytes = 16
    static let hashBytes = 32

    /// Hashes a password with a fresh salt. Blocks; see the file's head.
    /// - Returns: a PHC string that names its own parameters, `$argon2id$v=19$m=...`.
    public static func hash(
        _ password: Text, parameters: Argon2Parameters = .standard
    ) throws(PasswordHashError) -> String {
        var generator = SystemRandomNumberGenerator()  // getrandom(2) on Linux
        let salt = (0..<saltBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return try hash(password, salt: salt, parameters: parameters)
    }

    /// True when `password` is what `phc` was made from. Blocks for as long as the stored parameters say.
    ///
    /// False, at once, for a text that is no Argon2id hash. The comparison takes the same time wherever the hashes differ.
    public static func verify(_ password: Text, against phc: String) -> Bool {
        guard let stored = PHCString(phc),
            let hash = try? derive(
                password, salt: stored.salt, count: stored.hash.count, parameters: stored.parameters)
        else { return false }
        return areEqualInConstantTime(hash, stored.hash)
    }

    /// What a stored hash costs, or nil where it is no Argon2id hash: a login that verifies against other than the configured
    /// parameters is the moment to hash anew.
    public static func parameters(of phc: String) -> Argon2Parameters? {
        PHCString(phc)?.parameters
    }

    static func hash(
        _ password: Text, salt: [UInt8], parameters: Argon2Parameters
    ) throws(PasswordHashError) -> String {
        let hash = try derive(password, salt: salt, count: hashBytes, parameters: parameters)
        return PHCString(parameters: parameters, salt: salt, hash: hash).text
    }

    private static func derive(
        _ password: Text, salt: [UInt8], count: Int, parameters: Argon2Parameters
    ) throws(PasswordHashError) -> [UInt8] {
        guard parameters.areAcceptable else { throw .parameters }
        // The text belongs to the caller and cannot be erased; our copy of its bytes can.
        var secret = Array(password.utf8)
        defer { erase(&secret) }
        var hash = [UInt8](repeating: 0, count: count)
        // SAFETY: the four pointers live for the call, with the lengths given; libargon2 keeps none of them.
        let code = unsafe secret.withUnsafeBytes { secret in
            unsafe salt.withUnsafeBytes { salt in
                unsafe hash.withUnsafeMutableBytes { hash in
                    unsafe argon2_hash(
                        parameters.passes, parameters.memoryKiB, parameters.lanes,
                        secret.baseAddress, secret.count, salt.baseAddress, salt.count,
                        hash.baseAddress, hash.count, nil, 0,
                        Argon2_id, PHCString.version)
                }
            }
        }
        guard code == ARGON2_OK.rawValue else { throw .failed(code: code) }
        return hash
    }

    /// Overwrites in a way that the optimiser may not remove.
    private static func erase(_ bytes: inout [UInt8]) {
        // SAFETY: the pointer and the count are the array's own.
        unsafe bytes.withUnsafeMutableBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            unsafe explicit_bzero(start, bytes.count)
        }
    }

    /// Looks at every byte whether or not an earlier one differed.
    static func areEqualInConstantTime(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }
}
