// What the benchmark's server writes, and what it reads of a request. Pure.

import Reactor
import Testing

@testable import BenchServer

@Suite struct BenchBodiesTests {
    @Test(
        arguments: [
            (nil, 1), ("", 1), ("queries=", 1), ("queries=0", 1), ("queries=-3", 1), ("queries=foo", 1), ("queries=2x", 1),
            ("queries=1", 1),
            ("queries=20", 20), ("a=3&queries=20&b", 20), ("xqueries=20", 1), ("queries=500", 500), ("queries=501", 500),
            ("queries=99999999999999999999999999", 500),
        ] as [(Text?, Int)])
    func theCountIsBetweenOneAndFiveHundredWhateverIsAskedFor(_ query: Text?, _ count: Int) {
        #expect(QueryCount.read("queries=", from: query) == count)
    }

    @Test func worldsAreAListOfObjects() {
        let worlds = [World(id: 1, randomNumber: 10_000), World(id: 4_174, randomNumber: 331)]
        let text = String(decoding: World.json(worlds), as: UTF8.self)
        #expect(text == #"[{"id":1,"randomNumber":10000},{"id":4174,"randomNumber":331}]"#)
        #expect(World.json([]) == Array("[]".utf8))
    }

    @Test func fortunesAreSortedAndEscapedAndKeepTheirLetters() {
        let fortunes = [(2, "フレームワーク"), (3, "a \"b\" & 'c'"), (1, "<script>"), (4, "")].map {
            Fortunes.Fortune(id: $0.0, message: Array($0.1.utf8))
        }
        let html = String(decoding: Fortunes.html(fortunes), as: UTF8.self)
        #expect(
            html == "<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr>"
                + "<tr><td>4</td><td></td></tr><tr><td>1</td><td>&lt;script&gt;</td></tr>"
                + "<tr><td>3</td><td>a &quot;b&quot; &amp; &#39;c&#39;</td></tr><tr><td>2</td><td>フレームワーク</td></tr></table></body></html>")
    }

    @Test func aWorldThatWasDrawnTwiceGetsOneNumber() {
        var next: Int64 = 0
        let drawn = [7, 3, 7, 1].map { World(id: $0, randomNumber: 99) }
        let changed = WorldTable.renumbered(drawn) {
            next += 1
            return next
        }
        #expect(
            changed == [
                World(id: 1, randomNumber: 1), World(id: 3, randomNumber: 2), World(id: 7, randomNumber: 3), World(id: 7, randomNumber: 3),
            ])
    }
}
