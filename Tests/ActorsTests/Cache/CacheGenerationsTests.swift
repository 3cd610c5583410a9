// Generations: raised ones never come back, and nothing that is unpublished is forgotten by somebody else's success.

@testable import Actors
import Reactor
import Testing

@Suite struct CacheGenerationsTests {
    @Test func raisingChangesOnlyItsNamespace() {
        let generations = CacheGenerations()
        let (users, tasks) = (generations.current(of: "users"), generations.current(of: "tasks"))
        generations.raise("users")
        #expect(generations.current(of: "users") != users)
        #expect(generations.current(of: "tasks") == tasks)
    }

    @Test func noGenerationComesBackWhenTheTableOverflows() {
        let generations = CacheGenerations(maxNamespaces: 4)
        var seen: Set<CacheGeneration> = [generations.current(of: "a")]
        for round in 0..<100 {
            generations.raise("a")
            #expect(seen.insert(generations.current(of: "a")).inserted)
            generations.raise("filler \(round)")
            seen.insert(generations.current(of: "a"))
        }
    }

    @Test func anEarlierSuccessDoesNotPublishALaterInvalidation() {
        let generations = CacheGenerations()
        let first = generations.markUnpublished(["tasks"])
        let second = generations.markUnpublished(["tasks"])
        generations.markPublished(["tasks"], through: first)
        #expect(generations.isUnpublished("tasks", now: .now()))
        generations.markPublished(["tasks"], through: second)
        #expect(!generations.isUnpublished("tasks", now: .now()))
    }

    @Test func survivesItsOwnBytes() {
        let generation = CacheGeneration.unique()
        #expect(CacheGeneration(prefixOf: generation.bytes + [1, 2, 3]) == generation)
        #expect(CacheGeneration(prefixOf: Array(generation.bytes.dropLast())) == nil)
        #expect(CacheGeneration.unique() != generation)
    }
}
