// What the queue takes in and gives out. Values; any thread.

import FoundationEssentials
public import Reactor

/// A job's name: a random UUID in lower case, which nobody can guess.
public struct JobID: Sendable, Hashable, CustomStringConvertible {
    public let text: String

    /// A fresh one.
    public init() {
        text = UUID().uuidString.lowercased()
    }

    /// Nil for anything but a UUID.
    public init?(_ text: some StringProtocol) {
        // The length: Foundation reads up to a NUL and is content.
        guard text.utf8.count == 36, let uuid = UUID(uuidString: String(text)) else { return nil }
        self.text = uuid.uuidString.lowercased()
    }

    public var description: String { text }
}

/// Where a job stands.
public enum JobStatus: String, Sendable, Hashable, CaseIterable {
    case pending, running, retrying, succeeded, dead, cancelled

    /// Nothing will happen to it any more by itself.
    public var isFinal: Bool {
        switch self {
        case .pending, .running, .retrying: false
        case .succeeded, .dead, .cancelled: true
        }
    }
}

/// A job to be done.
public struct NewJob: Sendable, Hashable {
    public var id: JobID
    /// Which handler runs it.
    public var kind: Text
    /// JSON, by convention; the queue does not look into it.
    public var payload: Text
    public var ownerID: Int64?
    /// Higher runs first.
    public var priority: Int
    /// Not before this; nil: at once.
    public var runAt: Timestamp?

    public init(
        id: JobID = JobID(), kind: String, payload: Text = "{}", ownerID: Int64? = nil, priority: Int = 0,
        runAt: Timestamp? = nil
    ) {
        self.init(id: id, storedKind: Text(kind), payload: payload, ownerID: ownerID, priority: priority, runAt: runAt)
    }

    /// A job of a kind that a row names.
    init(
        id: JobID = JobID(), storedKind kind: Text, payload: Text, ownerID: Int64? = nil, priority: Int = 0, runAt: Timestamp? = nil
    ) {
        self.id = id
        self.kind = kind
        self.payload = payload
        self.ownerID = ownerID
        self.priority = priority
        self.runAt = runAt
    }
}

/// A job that a worker holds. Whatever is done with it names the attempt: when the lease has run out and somebody else has
/// taken the job, nothing that this holder says counts any more.
public struct ClaimedJob: Sendable, Hashable {
    public let id: JobID
    /// Which handler runs it.
    public let kind: Text
    /// What it was enqueued with.
    public let payload: Text
    public let ownerID: Int64?
    public let priority: Int
    /// Runs so far, this one among them.
    public let attempts: Int
    public let maxAttempts: Int
    /// Who holds it.
    public let worker: String
}

/// What is kept of a job, for whoever asks how it goes.
public struct JobRecord: Sendable, Hashable {
    public let id: JobID
    /// Which handler runs it.
    public let kind: Text
    public let ownerID: Int64?
    public let status: JobStatus
    public let priority: Int
    public let attempts: Int
    public let maxAttempts: Int
    /// Of the current run, in per cent, as far as its handler says.
    public let progress: Int
    /// What came of it, where its handler said.
    public let result: Text?
    /// Why its last run failed.
    public let lastError: Text?
    /// When it is due, or was.
    public let runAt: Timestamp
    public let createdAt: Timestamp
    /// When its last run began.
    public let startedAt: Timestamp?
    public let finishedAt: Timestamp?
}

/// Which jobs are meant.
public struct JobFilter: Sendable, Hashable {
    /// Nil is everybody's.
    public var ownerID: Int64?
    public var status: JobStatus?
    /// Nil is every kind.
    public var kind: Text?

    public init(ownerID: Int64? = nil, status: JobStatus? = nil, kind: Text? = nil) {
        self.ownerID = ownerID
        self.status = status
        self.kind = kind
    }
}

/// A place in the list of jobs, which is sorted by their making, newest first.
public struct JobPosition: Sendable, Hashable {
    public let createdAt: Timestamp
    public let id: JobID

    public init(createdAt: Timestamp, id: JobID) {
        self.createdAt = createdAt
        self.id = id
    }
}

/// A page of the list of jobs.
public struct JobPage: Sendable, Hashable {
    public let jobs: [JobRecord]
    /// Of the whole list.
    public let total: Int
}
