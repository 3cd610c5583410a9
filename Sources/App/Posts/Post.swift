// Posts: the model, and its requests, answers and errors. Values; any thread.

import Reactor

/// A row of `posts`.
struct Post: Sendable, Hashable {
    let id: Int64
    let userID: Int64
    let title: Text
    let content: Text
    let createdAt: Timestamp
}

/// How many posts somebody has.
struct PostCount: Sendable, Hashable {
    let userID: Int64
    let posts: Int64
}

// MARK: - Requests

private enum PostFields {
    static let userID = Field.integer("user_id", example: 1)
    static let title = Field.string("title", length: 1...200, example: "Hello")
    static let content = Field.string("content", length: 1...50_000, example: "My first post")
}

struct CreatePostRequest: RequestBody {
    let userID: Int64
    let title: Text
    let content: Text

    static let schema = ObjectSchema("PostCreate", PostFields.userID, PostFields.title, PostFields.content)

    init(_ values: ObjectValues) {
        userID = Int64(values[PostFields.userID])
        title = values[PostFields.title]
        content = values[PostFields.content]
    }
}

/// What of a post changes; what is left out stays.
struct UpdatePostRequest: RequestBody {
    let userID: Int64?
    let title: Text?
    let content: Text?

    private static let userID = PostFields.userID.omittable()
    private static let title = PostFields.title.omittable()
    private static let content = PostFields.content.omittable()
    static let schema = ObjectSchema("PostUpdate", userID, title, content)

    init(_ values: ObjectValues) {
        userID = values[Self.userID].map(Int64.init)
        title = values[Self.title]
        content = values[Self.content]
    }

    var isEmpty: Bool { userID == nil && title == nil && content == nil }
}

struct ListPostsQuery: RequestQuery {
    let page: PageRequest
    /// Whose; nil for everybody's.
    let userID: Int64?

    private static let paging = PageRequest.Fields()
    private static let userID = Field.integer("user_id", description: "Whose posts").omittable()
    static let schema = ObjectSchema("PostListQuery", unknownMembers: .ignored, userID, paging.skip, paging.limit, paging.cursor)

    init(_ values: ObjectValues) {
        page = PageRequest(values, Self.paging)
        userID = values[Self.userID].map(Int64.init)
    }
}

struct PostStatisticsQuery: RequestQuery {
    let page: PageRequest

    private static let paging = PageRequest.Fields(defaultLimit: 100)
    static let schema = ObjectSchema("PostStatisticsQuery", unknownMembers: .ignored, paging.skip, paging.limit, paging.cursor)

    init(_ values: ObjectValues) {
        page = PageRequest(values, Self.paging)
    }
}

// MARK: - Answers

struct PostResponse: ResponseObject {
    let post: Post

    static let schema = ResponseSchema<PostResponse>(
        "PostResponse",
        .property("id") { $0.post.id },
        .property("user_id") { $0.post.userID },
        .property("title") { $0.post.title },
        .property("content") { $0.post.content },
        .property("created_at") { $0.post.createdAt })
}

struct PostCountResponse: ResponseObject {
    let count: PostCount

    static let schema = ResponseSchema<PostCountResponse>(
        "PostCount",
        .property("user_id") { $0.count.userID },
        .property("post_count") { $0.count.posts })
}

extension EncodedPage {
    init(_ page: ListPage<Post>, _ request: PageRequest) {
        self.init(
            json: page.elements.map(PostResponse.init).json, count: page.elements.count, total: page.total,
            lastID: page.elements.last?.id, request)
    }

    init(_ page: ListPage<PostCount>, _ request: PageRequest) {
        self.init(
            json: page.elements.map(PostCountResponse.init).json, count: page.elements.count, total: page.total,
            lastID: page.elements.last?.userID, request)
    }
}

// MARK: - Errors

extension APIError {
    static let postNotFound = APIError(.notFound, code: "POST_NOT_FOUND", "Post not found")
    static let unknownUser = APIError(.badRequest, code: "UNKNOWN_USER", "There is no user with this id")
    static let notThePostsAuthor = APIError(
        .forbidden, code: "NOT_THE_AUTHOR", "Only its author and administrators may write or delete a post")
}
