// The values of a matched template's parameters: decoded, typed, valid.

import Reactor

/// What a handler reads its path parameters from: `try context.path.integer("task_id")`.
struct PathParameters {
    private enum Value {
        case integer(Int)
        case text(Text)
    }

    private var values: [(name: String, value: Value)] = []

    init() {}

    /// Decodes `captures`, reporting what does not fit: `{"type":"int_parsing","loc":["path","task_id"], ...}`.
    init(_ parameters: [PathParameter], captures: PathCaptures, of request: HTTPRequest, _ validation: inout Validation) {
        self = request.withPathBytes { path in
            PathParameters(parameters, captures: captures, of: Span<UInt8>(_bytes: path), &validation)
        }
    }

    init(_ parameters: [PathParameter], captures: PathCaptures, of path: Span<UInt8>, _ validation: inout Validation) {
        values.reserveCapacity(parameters.count)
        var own = Validation(at: ["path"])
        for (position, parameter) in parameters.enumerated() {
            // The router has refused what does not decode.
            let text = PathDecoding.text(of: path, captures[position]) ?? ""
            let value = own.at(.name(parameter.name)) { PathParameters.value(of: text, parameter.kind, &$0) }
            if let value { values.append((parameter.name, value)) }
        }
        validation.merge(own)
    }

    private static func value(of text: Text, _ kind: PathParameter.Kind, _ validation: inout Validation) -> Value? {
        switch kind {
        case .text:
            return .text(text)
        case .integer:
            switch IntegerInput.integer(text: text) {
            case .success(let value): return .integer(value)
            case .failure(let fault): validation.report(fault.kind, input: .string(text))
            }
        case .uuid:
            switch UUIDText.parse(text) {
            case .success(let value): return .text(Text(value))
            case .failure(let fault): validation.report(.uuidParsing(fault.reason), input: .string(text))
            }
        }
        return nil
    }

    /// The value of `{name:int}`.
    /// - Throws: 500 where the route's template has no such parameter, which its first test shows.
    func integer(_ name: String) throws(APIError) -> Int {
        guard case .integer(let value)? = values.first(where: { $0.name == name })?.value else { throw .internalError }
        return value
    }

    /// The value of `{name}`.
    /// - Throws: 500 where the route's template has no such parameter.
    func text(_ name: String) throws(APIError) -> Text {
        guard case .text(let value)? = values.first(where: { $0.name == name })?.value else { throw .internalError }
        return value
    }

    /// The value of `{name:uuid}` in canonical spelling.
    /// - Throws: 500 where the route's template has no such parameter.
    func uuid(_ name: String) throws(APIError) -> String {
        guard let value = try text(name).asciiString else { throw .internalError }
        return value
    }
}
