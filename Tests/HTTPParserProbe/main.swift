// The parser as a program, for whoever compares it with another one: inputs on standard input, verdicts on standard output.
//
// An input is four bytes of length, the most significant first, and as many bytes as that: what one connection sends. Its
// verdict is a line of fields with spaces between them; bytes are in base64, and a `-` stands for none:
//
//     ENDING (METHOD MINOR-VERSION KEEP-ALIVE WHOLE TARGET FIELDS BODY)*
//
// ENDING is `complete`, `more`, `closed` or a status; KEEP-ALIVE and WHOLE are 0 or 1; FIELDS are lines of `name: value`.

import Foundation
import Reactor

func base64(_ bytes: [UInt8]) -> String {
    bytes.isEmpty ? "-" : Data(bytes).base64EncodedString()
}

func word(for ending: ConnectionInput.Ending) -> String {
    switch ending {
    case .complete: "complete"
    case .needMore: "more"
    case .closed: "closed"
    case .refused(let status): "\(status)"
    }
}

func line(for input: ConnectionInput) -> String {
    var words = [word(for: input.ending)]
    for request in input.requests {
        var fields: [UInt8] = []
        for field in request.fields { fields += field.name + Array(": ".utf8) + field.value + [0x0A] }
        words += [
            request.method.rawValue, "\(request.minorVersion)", request.isKeepAlive ? "1" : "0", request.isWhole ? "1" : "0",
            base64(request.target), base64(fields), base64(request.body),
        ]
    }
    return words.joined(separator: " ")
}

func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("HTTPParserProbe: \(message)\n".utf8))
    exit(1)
}

let bytes = [UInt8](FileHandle.standardInput.readDataToEndOfFile())
var position = 0
var output = Data()
while position < bytes.count {
    guard bytes.count - position >= 4 else { fail("the input ends in the middle of a length") }
    let count = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
    position += 4
    guard count <= bytes.count - position else { fail("the input ends in the middle of a case") }
    let input = ConnectionInput(Array(bytes[position..<position + count]))
    guard input.faults.isEmpty else { fail("case at byte \(position): \(input.faults.joined(separator: "; "))") }
    position += count
    output += Data("\(line(for: input))\n".utf8)
}
FileHandle.standardOutput.write(output)
