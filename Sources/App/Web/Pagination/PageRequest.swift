// Which part of a list is wanted: `skip` and `limit`, or `cursor` and `limit`.

/// A page, as a query asks for it.
struct PageRequest: Sendable, Hashable {
    let skip: Int
    let limit: Int
    /// Wins over `skip`.
    let cursor: Cursor?

    /// More rows than a list can have; sums of it and a limit do not overflow.
    static let maxSkip = 2_147_483_647

    /// The three fields, to be listed in a query's schema.
    struct Fields: Sendable {
        let skip: Field<Int>
        let limit: Field<Int>
        let cursor: Field<Cursor?>

        init(defaultLimit: Int = 10, maxLimit: Int = 100) {
            skip = Field.integer("skip", 0...maxSkip, description: "How many to leave out").defaulting(to: 0)
            limit = Field.integer("limit", 1...maxLimit, description: "How many to return at most").defaulting(to: defaultLimit)
            cursor = Field.cursor("cursor").omittable()
        }
    }

    init(skip: Int = 0, limit: Int = 10, cursor: Cursor? = nil) {
        self.skip = skip
        self.limit = limit
        self.cursor = cursor
    }

    init(_ values: ObjectValues, _ fields: Fields) {
        self.init(skip: values[fields.skip], limit: values[fields.limit], cursor: values[fields.cursor])
    }
}

extension Field where Value == Cursor {
    static func cursor(_ name: String) -> Field {
        let json: JSONObject = [
            "type": "string", "description": "Where the page before this one ended, from its X-Next-Cursor header; `skip` is ignored then",
        ]
        return Field(name, schema: SchemaNode(json)) { input, validation in
            guard case .string(let text) = input, let cursor = Cursor(token: text) else {
                validation.report(.valueError("not a cursor"), input: input)
                return nil
            }
            return cursor
        }
    }
}
