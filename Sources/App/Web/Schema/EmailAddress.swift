// E-mail addresses: the part of RFC 5321 that people have. Quoted local parts and address literals are refused, as
// python-email-validator refuses them by default; its sentences are kept, because they reach FastAPI's clients. Pure.

import Reactor

/// Syntax of e-mail addresses.
enum EmailAddress {
    struct SyntaxFault: Error, Equatable {
        let reason: String
    }

    /// The address with its domain in lower case: domains do not know case, local parts officially do.
    static func parse(_ text: Text) -> Result<Text, SyntaxFault> {
        guard let (local, domain) = text.cutLast(at: UInt8(ascii: "@")) else { return fault("An email address must have an @-sign.") }
        guard !local.isEmpty else { return fault("There must be something before the @-sign.") }
        guard !domain.isEmpty else { return fault("There must be something after the @-sign.") }
        // RFC 5321 4.5.3.1: 64 octets and 255; 254 in all is what a path of 256 leaves.
        guard local.byteCount <= 64 else { return fault("The email address is too long before the @-sign.") }
        guard text.byteCount <= 254 else { return fault("The email address is too long.") }
        if let reason = problem(inLocalPart: local) ?? problem(inDomain: domain) { return fault(reason) }
        return .success(local + "@" + domain.lowercased())
    }

    private static func fault(_ reason: String) -> Result<Text, SyntaxFault> {
        .failure(SyntaxFault(reason: reason))
    }

    private static func problem(inLocalPart local: Text) -> String? {
        if local.hasPrefix(".") { return "An email address cannot start with a period." }
        if local.hasSuffix(".") { return "An email address cannot have a period immediately before the @-sign." }
        if local.contains("..") { return "An email address cannot have two periods in a row." }
        let isAllowed = local.unicodeScalars.allSatisfy { scalar in
            // RFC 5322 atext, and RFC 6531 beyond ASCII as far as it is letters and digits.
            scalar.isASCII
                ? isAlphanumeric(scalar) || "!#$%&'*+-/=?^_`{|}~.".unicodeScalars.contains(scalar)
                : scalar.properties.isAlphabetic || scalar.properties.numericType != nil
        }
        guard isAllowed else { return "The email address contains invalid characters before the @-sign." }
        // Mail to such an address needs SMTPUTF8 (RFC 6531), and the databases fold the case of ASCII alone: it would not be unique.
        return local.isASCII ? nil : "Internationalized characters before the @-sign are not supported."
    }

    private static func problem(inDomain domain: Text) -> String? {
        if domain.hasPrefix(".") || domain.hasSuffix(".") {
            return "The part after the @-sign cannot start or end with a period."
        }
        if domain.contains("..") { return "An email address cannot have two periods in a row." }
        let labels = domain.split(on: UInt8(ascii: "."))
        guard labels.count >= 2 else { return "The part after the @-sign is not valid. It should have a period." }
        for label in labels {
            guard label.byteCount <= 63 else { return "The part after the @-sign is too long." }
            guard !label.hasPrefix("-"), !label.hasSuffix("-") else {
                return "The part after the @-sign cannot have a hyphen at the start or end of a label."
            }
            let isAllowed = label.unicodeScalars.allSatisfy {
                $0.isASCII ? isAlphanumeric($0) || $0 == "-" : $0.properties.isAlphabetic
            }
            guard isAllowed else { return "The part after the @-sign contains invalid characters." }
        }
        guard let top = labels.last, !top.unicodeScalars.allSatisfy({ $0.properties.numericType != nil }) else {
            return "The part after the @-sign is not valid. It is not within a valid top-level domain."
        }
        return nil
    }

    private static func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
    }
}
