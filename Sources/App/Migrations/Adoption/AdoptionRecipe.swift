// What FastAPI applications call the things that this program keeps: tables, columns and values. Constants; any thread.

/// How a table of somebody else's becomes one of ours.
struct AdoptionRecipe: Sendable {
    /// Names that a column of ours goes by, the best first; a column that is not listed goes by its own name alone.
    var aliases: [String: [String]] = [:]
    /// Without these the table is something else that happens to bear the name.
    var essentials: [String]

    /// By table. A table of ours that is not here cannot be adopted.
    static let all: [String: AdoptionRecipe] = [
        "users": AdoptionRecipe(
            aliases: [
                "hashed_password": ["hashed_password", "password_hash"],
                "full_name": ["full_name", "fullname"],
                "role": ["role", "user_role"],
                "is_active": ["is_active", "active"],
                "created_at": ["created_at", "created", "date_joined"],
                "updated_at": ["updated_at", "updated"],
            ],
            essentials: ["id", "email"]),
        "tasks": AdoptionRecipe(
            aliases: [
                "title": ["title", "name"],
                "description": ["description", "content", "body"],
                "owner_id": ["owner_id", "user_id"],
                "due_date": ["due_date", "due_at", "deadline"],
                "created_at": ["created_at", "created"],
                "updated_at": ["updated_at", "updated"],
            ],
            essentials: ["id", "title", "owner_id"]),
        "products": AdoptionRecipe(
            aliases: [
                "name": ["name", "title"],
                "in_stock": ["in_stock", "is_available", "available"],
                "created_at": ["created_at", "created"],
                "updated_at": ["updated_at", "updated"],
            ],
            essentials: ["id", "name", "price"]),
        "posts": AdoptionRecipe(
            aliases: [
                "user_id": ["user_id", "owner_id", "author_id"],
                "content": ["content", "body", "text"],
                "created_at": ["created_at", "created"],
            ],
            essentials: ["id", "user_id", "title", "content"]),
    ]

    /// Flags that make an administrator, beside what the role says.
    static let administratorFlags = ["is_superuser", "is_admin", "is_administrator"]
    /// Flags whose opposite is `is_active`.
    static let disabledFlags = ["disabled", "is_disabled"]
    static let verifiedFlags = ["is_verified", "email_verified", "is_email_verified"]
    /// Flags that are all the state a task has.
    static let completedFlags = ["completed", "is_completed", "done", "is_done"]

    static let administratorRoles = ["admin", "administrator", "superuser", "superadmin", "super_admin", "owner", "root"]
    static let userRoles = ["user", "member", "customer", "basic", "normal"]

    /// A value of ours and what others write for it, in lower case and with underscores.
    static let statuses: [(ours: String, theirs: [String])] = [
        ("pending", ["pending", "todo", "to_do", "open", "new", "not_started", "backlog"]),
        ("in_progress", ["in_progress", "inprogress", "doing", "started", "active", "ongoing"]),
        ("completed", ["completed", "complete", "done", "finished", "closed"]),
        ("cancelled", ["cancelled", "canceled"]),
    ]
    static let priorities: [(ours: String, theirs: [String])] = [
        ("low", ["low", "lowest", "minor"]),
        ("medium", ["medium", "normal", "moderate"]),
        ("high", ["high", "major"]),
        ("urgent", ["urgent", "critical", "highest"]),
    ]

    func sources(of column: String) -> [String] { aliases[column] ?? [column] }
}
