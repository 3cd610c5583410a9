// What a download's conditions and its Range ask for (RFC 9110 sections 13 and 14). Pure.

import Reactor

/// Which part of a file a Range field means.
enum FileRange: Sendable, Hashable {
    case whole
    case part(Range<Int>)
    case unsatisfiable

    /// - Parameters:
    ///   - field: `bytes=0-499`, `bytes=500-`, `bytes=-500`. Several ranges, another unit, and what is malformed are ignored, as
    ///     RFC 9110 14.2 has it: the answer is then the whole file.
    ///   - sizeBytes: of the file.
    init(_ field: Text?, sizeBytes: Int) {
        guard let field, let (unit, spec) = field.cut(at: UInt8(ascii: "=")), unit.equalsIgnoringCase("bytes"),
            let ends = Text(decoding: spec.utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }).cut(at: UInt8(ascii: "-")),
            [ends.before, ends.after].allSatisfy({ $0.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 } })
        else {
            self = .whole
            return
        }
        self =
            switch (FileRange.position(ends.before), FileRange.position(ends.after)) {
            case (nil, nil): .whole
            case (nil, 0?): .unsatisfiable
            case (nil, let suffix?): sizeBytes == 0 ? .whole : .part(max(0, sizeBytes - suffix)..<sizeBytes)
            case (let first?, nil): first < sizeBytes ? .part(first..<sizeBytes) : .unsatisfiable
            // The other way round is no range at all.
            case (let first?, let last?) where last < first: .whole
            case (let first?, let last?):
                first < sizeBytes ? .part(first..<min(last, sizeBytes - 1) + 1) : .unsatisfiable
            }
    }

    /// Nil for no digits; more than an integer holds is as far away as it gets.
    private static func position(_ digits: Text) -> Int? {
        digits.isEmpty ? nil : digits.asciiString.flatMap { Int($0) } ?? .max
    }
}

/// What a download is answered with.
enum DownloadDecision: Sendable, Hashable {
    case whole
    case part(Range<Int>)
    case unsatisfiable
    case notModified
    case preconditionFailed

    /// The fields of a request that have a say.
    struct Conditions: Sendable {
        var ifMatch: Text?
        var ifNoneMatch: Text?
        var ifModifiedSince: Text?
        var ifRange: Text?
        /// Nil for HEAD: a range of no body is none (RFC 9110 14.2).
        var range: Text?
    }

    /// - Parameters:
    ///   - tag: the file's, strong.
    ///   - lastModified: as this server writes it. Files never change, so a date is good where it is that one, and no other.
    init(_ conditions: Conditions, tag: String, lastModified: String, sizeBytes: Int) {
        // The order is RFC 9110 13.2.2's.
        if let ifMatch = conditions.ifMatch, !EntityTag.matches(tag, ifMatch) {
            self = .preconditionFailed
            return
        }
        let isKnown =
            if let ifNoneMatch = conditions.ifNoneMatch {
                EntityTag.matches(tag, ifNoneMatch)
            } else {
                conditions.ifModifiedSince.map { $0 == lastModified } ?? false
            }
        if isKnown {
            self = .notModified
            return
        }
        // RFC 9110 13.1.5: a part of what the client has, or the whole of what there is.
        if let ifRange = conditions.ifRange, ifRange != tag, ifRange != lastModified {
            self = .whole
            return
        }
        self =
            switch FileRange(conditions.range, sizeBytes: sizeBytes) {
            case .whole: .whole
            case .part(let range): .part(range)
            case .unsatisfiable: .unsatisfiable
            }
    }
}
