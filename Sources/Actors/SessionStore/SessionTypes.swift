// Who is asking: what a token claims, what the database says of it, and what the two make together. Values; any thread.

public import Reactor

/// The id of a login session: a UUID in its canonical, lower-case form.
public struct SessionID: Sendable, Hashable, RawRepresentable, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public var description: String { rawValue }
}

/// What a verified access token says. Role and name are as of its issue: a ``Principal`` has the live ones.
public struct AccessClaims: Sendable, Hashable {
    public let userID: Int64
    public let username: Text
    public let role: Text
    public let sessionID: SessionID
    /// `jti`.
    public let tokenID: Text
    public let expiresAt: Timestamp

    public init(
        userID: Int64, username: Text, role: Text, sessionID: SessionID, tokenID: Text, expiresAt: Timestamp
    ) {
        self.userID = userID
        self.username = username
        self.role = role
        self.sessionID = sessionID
        self.tokenID = tokenID
        self.expiresAt = expiresAt
    }
}

/// A session and its user as the database has them.
public struct LiveSession: Sendable, Hashable {
    public let userID: Int64
    public let username: Text
    public let role: String
    /// Neither ended nor expired.
    public let isSessionActive: Bool
    public let isUserActive: Bool

    public init(userID: Int64, username: Text, role: String, isSessionActive: Bool, isUserActive: Bool) {
        self.userID = userID
        self.username = username
        self.role = role
        self.isSessionActive = isSessionActive
        self.isUserActive = isUserActive
    }
}

/// The authenticated user of a request.
public struct Principal: Sendable, Hashable {
    public let userID: Int64
    public let username: Text
    public let role: String
    public let sessionID: SessionID

    public init(userID: Int64, username: Text, role: String, sessionID: SessionID) {
        self.userID = userID
        self.username = username
        self.role = role
        self.sessionID = sessionID
    }

    public var isAdmin: Bool { role == "admin" }
}

/// Why a well-signed token is not accepted. All of them are a 401.
public enum SessionError: Error, Sendable, Hashable {
    /// There is no such session, or it has ended, or it is another user's.
    case sessionEnded
    case userInactive
}
