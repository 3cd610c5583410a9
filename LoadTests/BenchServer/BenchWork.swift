// Work that waits for nobody: what LoadTests/scale asks one loop and two for. Pure.

import Reactor

/// Answers /work: five hundred rows are made, sorted and written as JSON. Only its length is sent, so that the client, which
/// shares the machine, has next to nothing to do.
enum BenchWork {
    private struct Row {
        let id: Int
        let title: String
        let isDone: Bool
    }

    private static let rows = 500

    static func response() -> HTTPResponse {
        HTTPResponse(status: .ok, body: .bytes(Array(String(json().count).utf8)))
    }

    private static func json() -> [UInt8] {
        // 7,919 is prime: titles come in no order, and the same one in each request.
        let unsorted = (0..<rows).map { id in
            Row(id: id, title: "Task \(id * 7_919 % rows) of a list that is sorted", isDone: id % 3 == 0)
        }
        var bytes: [UInt8] = [UInt8(ascii: "[")]
        for row in unsorted.sorted(by: { $0.title < $1.title }) {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: #"{"id":\#(row.id),"title":"\#(row.title)","done":\#(row.isDone)}"#.utf8)
        }
        bytes.append(UInt8(ascii: "]"))
        return bytes
    }
}
