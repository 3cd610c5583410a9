// The order of things. `reactor migrate new NAME` adds its line here.

extension Migration {
    /// Every migration, oldest first. What has been released is not edited: databases keep its checksum.
    static let all: [Migration] = [
        .m0001Initial
    ]
}
