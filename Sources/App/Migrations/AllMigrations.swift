// The order of things. `reactor migrate new NAME` adds its line here.

extension Migration {
    /// Every migration, oldest first. What has been released is not edited: databases keep its checksum.
    static let all: [Migration] = [
        .m0001Initial,
        .m0002ProductsPosts,
        .m0003Jobs,
        .m0004Files,
        .m0005OneTimeTokens,
        .m0006IdempotencyKeys,
        .m0007AccountIndexes,
        .m0008DatabaseIdentity,
        .m0009TaskCounts,
        .m0010NameSearch,
    ]
}
