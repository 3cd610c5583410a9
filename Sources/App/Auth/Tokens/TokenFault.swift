// Why an access token was refused. For tests and logs; a bearer is told "invalid token" whatever the reason was, because the
// reason helps only those who make tokens up.

import Reactor

/// What is wrong with an access token.
enum TokenFault: Error, Sendable, Hashable {
    /// More than ``CompactToken/maxBytes``.
    case tooLong
    /// Not three parts, or an empty one.
    case malformed
    /// Another spelling of base64url than the canonical one, or none.
    case encoding
    /// A part that is no JSON object, or has a member twice.
    case json
    /// `none` in any spelling, or any algorithm but the configured one.
    case algorithm
    /// `typ` of the header names something else than a JWT.
    case headerType
    /// `crit`, `jwk`, `jku`, `x5u` and whatever else asks to be obeyed before it is believed.
    case headerMember(Text)
    case unknownKey
    case signature
    /// A claim that is missing or of the wrong type.
    case claim(String)
    case issuer
    case audience
    /// A token for another purpose.
    case tokenType
    case expired
    case issuedInFuture
}
