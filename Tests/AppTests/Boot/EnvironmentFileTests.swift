// The .env file.

@testable import App
import Testing

@Suite struct EnvironmentFileTests {
    @Test func valuesAreReadAsOtherProgramsReadThem() throws {
        let text = """
            # a comment
            PLAIN=value
              SPACED =  two words
            export EXPORTED=yes
            DOUBLE="a # b\\n\\"c\\""   # trailing
            SINGLE='a # b\\n'
            HASH=a#b # comment
            URL=postgres://u:p@h/db?a=b
            EMPTY=
            AGAIN=1
            AGAIN=2

            """
        #expect(
            try EnvironmentFile.parse(text) == [
                "PLAIN": "value", "SPACED": "two words", "EXPORTED": "yes", "DOUBLE": "a # b\n\"c\"", "SINGLE": "a # b\\n",
                "HASH": "a#b", "URL": "postgres://u:p@h/db?a=b", "EMPTY": "", "AGAIN": "2",
            ])
    }

    @Test func windowsLineEndsAreLineEnds() throws {
        try #expect(EnvironmentFile.parse("A=1\r\nB=2\r\n") == ["A": "1", "B": "2"])
    }

    @Test(arguments: [("A=1\nnonsense", 2), ("=x", 1), ("A=\"open", 1), ("A='x' y", 1), ("A B=1", 1), ("A=\"x\\", 1)])
    func aLineThatIsNoneIsNamedByItsNumber(_ text: String, _ line: Int) {
        #expect(throws: EnvironmentFile.SyntaxError(line: line)) { try EnvironmentFile.parse(text) }
    }
}
