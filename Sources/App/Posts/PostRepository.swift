// The SQL of `posts`, one text for both dialects; nobody else has any. Stateless: every call is told which executor to use.

import Reactor

/// Reads and writes posts.
enum PostRepository {
    // MARK: Reading

    /// Newest first.
    /// - Parameter author: whose; nil for everybody's.
    static func list(
        by author: Int64?, _ page: PageRequest, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> ListSlice<Post> {
        try await list(by: author).run(page, in: executor) { (row) throws(DatabaseError) in try post(row) }
    }

    /// How many posts a list has.
    static func count(by author: Int64?, in executor: any SQLExecutor) async throws(DatabaseError) -> Int {
        try await list(by: author).runCount(in: executor)
    }

    private static func list(by author: Int64?) -> ListStatement {
        var statement = ListStatement(columns, from: "posts")
        if let author { statement.add(.int(author)) { "user_id = \($0)" } }
        return statement
    }

    /// How many posts everybody has who has any, by the user's id.
    static func counts(_ page: PageRequest, in executor: any SQLExecutor) async throws(DatabaseError) -> ListSlice<PostCount> {
        let limit = SQLValue.int(Int64(page.limit))
        let rows =
            if let cursor = page.cursor {
                try await executor.execute(countsBehind, [limit, .int(cursor.id)])
            } else {
                try await executor.execute(counts, [limit, .int(Int64(page.skip))])
            }
        return try ListSlice(rows, page) { (row) throws(DatabaseError) in
            PostCount(userID: try row.int(0), posts: try row.int(1))
        }
    }

    /// How many users have any posts.
    static func countAuthors(in executor: any SQLExecutor) async throws(DatabaseError) -> Int {
        Int(clamping: try await executor.execute(countAuthors, []).first?.int(0) ?? 0)
    }

    static func find(_ id: Int64, in executor: any SQLExecutor) async throws(DatabaseError) -> Post? {
        try await first(executor.execute(findPost, [.int(id)]))
    }

    // MARK: Writing

    /// - Throws: `.constraint(.foreignKey, _)` where there is no such user.
    static func insert(_ new: CreatePostRequest, now: Timestamp, in executor: any SQLExecutor) async throws(DatabaseError) -> Post {
        let rows = try await executor.execute(
            insertPost, [.int(new.userID), .text(new.title), .text(new.content), .timestamp(now)])
        guard let post = try first(rows) else { throw .decoding("INSERT INTO posts returned no row") }
        return post
    }

    /// - Parameter author: whose it must be; nil for anybody's.
    /// - Returns: the post as it is now; nil where there is none.
    /// - Throws: `.constraint(.foreignKey, _)` where it would go to a user who is not there.
    static func update(
        _ id: Int64, by author: Int64?, _ changes: UpdatePostRequest, in executor: any SQLExecutor
    ) async throws(DatabaseError) -> Post? {
        try await first(
            executor.execute(
                updatePost,
                [
                    .int(id), author.map { .int($0) } ?? .null, changes.userID.map { .int($0) } ?? .null,
                    .optional(changes.title), .optional(changes.content),
                ]))
    }

    /// - Parameter author: whose it must be; nil for anybody's.
    /// - Returns: false where there is no such post.
    static func delete(_ id: Int64, by author: Int64?, in executor: any SQLExecutor) async throws(DatabaseError) -> Bool {
        try await executor.execute(deletePost, [.int(id), author.map { .int($0) } ?? .null]).affectedRows == 1
    }

    // MARK: Rows

    private static func first(_ rows: SQLRows) throws(DatabaseError) -> Post? {
        guard let row = rows.first else { return nil }
        return try post(row)
    }

    /// Reads ``columns``.
    private static func post(_ row: SQLRow) throws(DatabaseError) -> Post {
        Post(
            id: try row.int(0), userID: try row.int(1), title: try row.text(2), content: try row.text(3),
            createdAt: try row.timestamp(4))
    }
}

// MARK: - Statements

extension PostRepository {
    private static let columns = "id, user_id, title, content, created_at"

    private static let findPost = SQLStatement.read("SELECT \(columns) FROM posts WHERE id = $1")

    private static let countAuthors = SQLStatement.read("SELECT count(DISTINCT user_id) FROM posts")

    private static let selectCounts = "SELECT user_id, count(*) FROM posts"

    private static let counts = SQLStatement.read("\(selectCounts) GROUP BY user_id ORDER BY user_id LIMIT $1 OFFSET $2")

    private static let countsBehind = SQLStatement.read(
        "\(selectCounts) WHERE user_id > $2 GROUP BY user_id ORDER BY user_id LIMIT $1")

    private static let insertPost = SQLStatement.write(
        "INSERT INTO posts (user_id, title, content, created_at) VALUES ($1, $2, $3, $4) RETURNING \(columns)")

    // The casts tell PostgreSQL a parameter's type where its use alone does not. NULL is everybody.
    private static let isAuthors = "(CAST($2 AS bigint) IS NULL OR user_id = CAST($2 AS bigint))"

    private static let updatePost = SQLStatement.write(
        """
        UPDATE posts SET
            user_id = COALESCE(CAST($3 AS bigint), user_id),
            title = COALESCE(CAST($4 AS text), title),
            content = COALESCE(CAST($5 AS text), content)
        WHERE id = $1 AND \(isAuthors) RETURNING \(columns)
        """)

    private static let deletePost = SQLStatement.write("DELETE FROM posts WHERE id = $1 AND \(isAuthors)")
}
