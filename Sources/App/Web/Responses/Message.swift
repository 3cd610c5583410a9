// {"message": "..."}: what endpoints answer that have nothing to return.

/// A sentence for people.
struct Message: ResponseObject {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    static let schema = ResponseSchema<Message>("Message", .property("message") { $0.text })
}
