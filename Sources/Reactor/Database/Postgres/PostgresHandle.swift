// libpq's connection object, and the only place that calls libpq on it. Never blocks once connecting has begun. Owned by one
// PostgresConnection or one connection attempt; on its loop's thread.

import CLibpq
import Glibc

/// A PGconn.
@safe
final class PostgresHandle {
    enum ConnectStep {
        case waitToRead
        case waitToWrite
        case connected
        case failed
    }

    enum Flush {
        case done
        /// The socket takes no more for now.
        case pending
        case failed
    }

    enum Received {
        case result(PostgresResult)
        case failure(PostgresFailure)
        /// Not run: something in front of it in its group failed.
        case aborted
        case sync
        /// The end of one statement's results.
        case end
        /// A state that we never ask for, such as COPY.
        case unexpected
    }

    private var connection: OpaquePointer?

    /// Begins to connect, with libpq's keywords and values. Nil without memory.
    init?(parameters: [(String, String)]) {
        var keywords = unsafe parameters.map { unsafe UnsafePointer(strdup($0.0)) }
        var values = unsafe parameters.map { unsafe UnsafePointer(strdup($0.1)) }
        // SAFETY: libpq copies the strings; ours are freed once.
        defer {
            unsafe (keywords + values).forEach { unsafe free(UnsafeMutableRawPointer(mutating: $0)) }
        }
        unsafe keywords.append(nil)
        unsafe values.append(nil)
        guard let connection = unsafe PQconnectStartParams(keywords, values, 0) else { return nil }
        unsafe self.connection = unsafe connection
        unsafe PQsetNoticeReceiver(connection, ignoreNotice, nil)
        _ = unsafe PQsetnonblocking(connection, 1)
    }

    deinit { finish() }

    /// Says goodbye and closes the socket, whose poll handle must be closed before. Idempotent.
    func finish() {
        guard let open = unsafe connection else { return }
        unsafe connection = nil
        unsafe PQfinish(open)
    }

    /// Hands the connection to whoever must finish it on another thread.
    func surrender() -> PostgresHandleRemains? {
        guard let open = unsafe connection else { return nil }
        unsafe connection = nil
        return unsafe PostgresHandleRemains(connection: open)
    }

    // MARK: Connecting

    /// One step; the socket may be another one after each.
    func pollConnect() -> ConnectStep {
        switch unsafe PQconnectPoll(connection) {
        case PGRES_POLLING_OK: .connected
        case PGRES_POLLING_READING: .waitToRead
        case PGRES_POLLING_WRITING: .waitToWrite
        default: .failed
        }
    }

    /// -1 without a socket.
    var fileDescriptor: Int32 { unsafe PQsocket(connection) }

    var isBroken: Bool { unsafe connection == nil || PQstatus(connection) == CONNECTION_BAD }

    /// What libpq has to say, in one line.
    var errorMessage: String {
        guard let text = unsafe PQerrorMessage(connection) else { return "no reason given" }
        // A server may quote what a client sent: lines are told apart by bytes.
        let lines = unsafe Text(String(cString: text)).split(on: UInt8(ascii: "\n")).map { $0.trimmed() }.filter { !$0.isEmpty }
        // TEXT: for a log.
        return lines.map(\.swiftString).joined(separator: "; ")
    }

    /// What the server has said of a setting that it reports by itself; nil where it has not.
    func setting(_ name: String) -> String? {
        unsafe PQparameterStatus(connection, name).map { unsafe String(cString: $0) }
    }

    /// The process that has greeted us: the server's, or what a pooler has made up.
    var serverProcess: Int32 { unsafe PQbackendPID(connection) }

    var isEncrypted: Bool { unsafe PQsslInUse(connection) != 0 }

    /// True outside of any transaction, with nothing under way.
    var isIdle: Bool { unsafe PQtransactionStatus(connection) == PQTRANS_IDLE }

    // MARK: Sending

    func enterPipelineMode() -> Bool { unsafe PQenterPipelineMode(connection) == 1 }

    func exitPipelineMode() -> Bool { unsafe PQexitPipelineMode(connection) == 1 }

    func sendPrepare(name: String, sql: String) -> Bool {
        unsafe PQsendPrepare(connection, name, sql, 0, nil) == 1
    }

    /// Runs a prepared statement, with results in binary.
    func sendExecute(name: String, _ parameters: PostgresParameters) -> Bool {
        unsafe parameters.withPointers { values, lengths, formats in
            let count = Int32(truncatingIfNeeded: parameters.count)
            return unsafe PQsendQueryPrepared(connection, name, count, values, lengths, formats, 1) == 1
        }
    }

    /// Runs a statement that is not kept, with results in binary.
    func sendUnnamed(_ sql: String, _ parameters: PostgresParameters) -> Bool {
        unsafe parameters.withPointers { values, lengths, formats in
            let count = Int32(truncatingIfNeeded: parameters.count)
            return unsafe PQsendQueryParams(connection, sql, count, nil, values, lengths, formats, 1) == 1
        }
    }

    /// Runs one statement without parameters and without keeping it.
    func sendOnce(_ sql: String) -> Bool {
        unsafe PQsendQueryParams(connection, sql, 0, nil, nil, nil, nil, 1) == 1
    }

    /// Runs several statements; outside of pipeline mode only.
    func sendScript(_ sql: String) -> Bool {
        unsafe PQsendQuery(connection, sql) == 1
    }

    /// Ends a group. libpq pushes out what it has gathered: one system call.
    func sendSync() -> Bool { unsafe PQpipelineSync(connection) == 1 }

    func flush() -> Flush {
        switch unsafe PQflush(connection) {
        case 0: .done
        case 1: .pending
        default: .failed
        }
    }

    // MARK: Receiving

    /// Reads what the socket has: one system call as a rule. False when the connection is broken.
    func consumeInput() -> Bool {
        guard unsafe PQconsumeInput(connection) == 1 else { return false }
        // A TLS record can be larger than the space that libpq offers it (16 KiB against 8). What OpenSSL then keeps does not
        // make the socket readable, so it is asked for at once.
        guard isEncrypted else { return true }
        return unsafe PQconsumeInput(connection) == 1
    }

    /// True while ``nextResult()`` would have to wait.
    var isBusy: Bool { unsafe PQisBusy(connection) == 1 }

    func nextResult() -> Received {
        guard let result = unsafe PQgetResult(connection) else { return .end }
        switch unsafe PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
            return unsafe .result(PostgresResult(result))
        case PGRES_PIPELINE_SYNC:
            unsafe PQclear(result)
            return .sync
        case PGRES_PIPELINE_ABORTED:
            unsafe PQclear(result)
            return .aborted
        case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE:
            defer { unsafe PQclear(result) }
            return unsafe .failure(PostgresHandle.failure(in: result))
        default:
            unsafe PQclear(result)
            return .unexpected
        }
    }

    private static func failure(in result: OpaquePointer) -> PostgresFailure {
        func field(_ code: UInt8) -> String? {
            unsafe PQresultErrorField(result, Int32(code)).map { unsafe String(cString: $0) }
        }
        // libpq's PG_DIAG_ codes are characters. A report without SQLSTATE is libpq's own: the connection broke.
        return PostgresFailure(
            sqlState: field(UInt8(ascii: "C")) ?? "08006", message: field(UInt8(ascii: "M")) ?? "",
            constraint: field(UInt8(ascii: "n")), column: field(UInt8(ascii: "c")))
    }

    /// The next NOTIFY that has come, if any.
    func nextNotification() -> PostgresNotification? {
        guard let notification = unsafe PQnotifies(connection) else { return nil }
        defer { unsafe PQfreemem(notification) }
        return unsafe PostgresNotification(
            channel: String(cString: notification.pointee.relname), payload: String(cString: notification.pointee.extra),
            serverProcess: notification.pointee.be_pid)
    }

    // MARK: Cancelling

    /// What it takes to cancel from another thread. Nil on a broken connection.
    func makeCanceller() -> PostgresCanceller? {
        guard let cancel = unsafe PQgetCancel(connection) else { return nil }
        return unsafe PostgresCanceller(cancel)
    }
}

/// A connection whose owner is gone and whose end is still to come.
// SAFETY: handed over once; nobody else refers to the pointer any more.
@safe
struct PostgresHandleRemains: @unchecked Sendable {
    fileprivate let connection: OpaquePointer

    fileprivate init(connection: OpaquePointer) {
        unsafe self.connection = unsafe connection
    }

    func finish() { unsafe PQfinish(connection) }
}

/// A message from NOTIFY.
public struct PostgresNotification: Sendable, Hashable {
    public let channel: String
    public let payload: String
    /// The process id of the server process whose client sent it.
    public let serverProcess: Int32
}

/// Notices ("relation exists, skipping") would go to stderr.
private func ignoreNotice(_ context: UnsafeMutableRawPointer?, _ result: OpaquePointer?) {}
