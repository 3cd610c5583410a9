// The header sections of parts: names as browsers, libraries and attackers write them.

import Reactor
import Testing

@Suite struct MultipartHeadTests {
    private func part(_ head: String, limits: MultipartLimits = MultipartLimits()) -> MultipartInput {
        part(Array(head.replacing("\n", with: "\r\n").utf8), limits: limits)
    }

    private func part(_ head: [UInt8], limits: MultipartLimits = MultipartLimits()) -> MultipartInput {
        let bytes = Array("--b0undary\r\n".utf8) + head + Array("\r\n\r\nx\r\n--b0undary--".utf8)
        let whole = MultipartInput(bytes, boundary: MultipartInput.boundary, limits: limits)
        let cut = MultipartInput(bytes, boundary: MultipartInput.boundary, cutAt: Array(0..<bytes.count), limits: limits)
        #expect(cut == whole)
        return whole
    }

    private func head(_ disposition: String) -> MultipartPart? {
        let input = part("Content-Disposition: form-data; \(disposition)")
        #expect(input.error == nil, "\(disposition)")
        return input.parts.first?.head
    }

    @Test(arguments: [
        (#"name="file"; filename="a.txt""#, "a.txt"), (#"name=file; filename=a.txt"#, "a.txt"),
        (#"filename="grün 中文.txt"; name="file""#, "grün 中文.txt"), (#"name="file"; filename="""#, ""),
        // HTML: these three are escaped, the percent sign is not.
        (#"name="file"; filename="a%22b%0D%0Ac%0d%25 100%.txt""#, "a\"b\r\nc\r%25 100%.txt"),
        // curl and old libraries; and browsers of Windows' that sent the path.
        (#"name="file"; filename="a\"b\\c.txt""#, "a\"b\\c.txt"), (#"name="file"; filename="C:\dir\new.txt""#, #"C:\dir\new.txt"#),
        (#"name="file"; filename="a;b=c.txt""#, "a;b=c.txt"),
        (#"name="file"; filename="x.txt"; filename*=UTF-8''na%C3%AFve%20%e2%82%ac.txt"#, "naïve €.txt"),
        (#"name="file"; filename*=utf-8'en'plain.txt; filename="x.txt""#, "plain.txt"),
        (#"NAME="file"; FileName="a.txt""#, "a.txt"), (#"name="file"; filename="a.txt"; size=5;"#, "a.txt"),
    ])
    func filenamesAreReadAsClientsWriteThem(_ disposition: String, _ expected: String) {
        #expect(head(disposition) == MultipartPart(name: "file", filename: Text(expected)))
    }

    @Test func namesAreUTF8AndEscapedLikeFilenames() {
        #expect(head(#"name="größe%22""#) == MultipartPart(name: "größe\""))
    }

    @Test func otherFieldsAreIgnoredAndNamesComparedWithoutCase() {
        let input = part(
            "CONTENT-DISPOSITION:form-data;name=a\nX-Anything: at all\nContent-Type: \t image/png; x=y\nContent-Transfer-Encoding: BINARY")
        #expect(input.error == nil)
        #expect(input.parts.first?.head == MultipartPart(name: "a", contentType: "image/png; x=y"))
    }

    @Test(arguments: [
        ("Content-Type: text/plain", MultipartError.invalidDisposition),
        ("Content-Disposition: attachment; name=a", .invalidDisposition),
        ("Content-Disposition: form-data; name=a\nContent-Disposition: form-data; name=b", .invalidDisposition),
        ("Content-Disposition: form-data; name=a; name=b", .invalidDisposition),
        ("Content-Disposition: form-data; name=a; filename=b; filename=c", .invalidDisposition),
        ("Content-Disposition: form-data; name=\"a", .invalidDisposition),
        ("Content-Disposition: form-data; name=a b", .invalidDisposition),
        ("Content-Disposition: form-data; name=a; filename*=latin1''x", .invalidDisposition),
        ("Content-Disposition: form-data; name=a; filename*=UTF-8''%zz", .invalidDisposition),
        ("Content-Disposition: form-data; name=a; filename*=x", .invalidDisposition),
        ("Content-Disposition: form-data; name=a; filename*=UTF-8''%ff", .invalidEncoding),
        ("Content-Disposition: form-data", .missingName), ("Content-Disposition: form-data; name=\"\"", .missingName),
        ("Content-Disposition: form-data; filename=a", .missingName),
        ("Content-Disposition: form-data; name=a\nContent-Transfer-Encoding: base64", .unsupportedTransferEncoding),
        ("Content-Disposition: form-data; name=a\nContent-Transfer-Encoding: quoted-printable", .unsupportedTransferEncoding),
        ("Content-Disposition: form-data; name=a\nContent-Transfer-Encoding:", .unsupportedTransferEncoding),
        ("Content-Disposition: form-data; name=a\nContent-Type: multipart/mixed; boundary=x", .nestedMultipart),
        ("Content-Disposition: form-data; name=a\nContent-Type: a\nContent-Type: b", .invalidPartHeader),
        ("Content-Disposition: form-data;\n name=a", .invalidPartHeader), ("Content-Disposition : form-data; name=a", .invalidPartHeader),
        (": x", .invalidPartHeader), ("no colon", .invalidPartHeader), ("Content-Disposition: form-data; name=a\u{0}", .invalidPartHeader),
        ("Content-Disposition: form-data; name=\"a\rb\"", .invalidPartHeader),
    ])
    func malformedHeadsAreRefused(_ head: String, _ expected: MultipartError) {
        let input = part(head)
        #expect(input.error == expected)
        #expect(input.parts.isEmpty)
    }

    @Test func aBareLineFeedEndsNoLine() {
        #expect(part(Array("Content-Disposition: form-data; name=a\nX: y".utf8)).error == .invalidPartHeader)
    }

    @Test func aNameThatIsNotUTF8IsRefused() {
        #expect(part(Array("Content-Disposition: form-data; name=\"".utf8) + [0xFF, 0x22]).error == .invalidEncoding)
    }

    @Test func limitsAreKeptToTheByte() {
        var limits = MultipartLimits()
        limits.maxNameBytes = 4
        limits.maxFilenameBytes = 5
        limits.maxPartHeaderFields = 2
        limits.maxPartHeaderBytes = 80
        let disposition = "Content-Disposition: form-data; "
        #expect(part("\(disposition)name=abcd; filename=abcde", limits: limits).error == nil)
        #expect(part("\(disposition)name=abcde", limits: limits).error == .nameTooLong)
        #expect(part("\(disposition)name=a; filename=äää", limits: limits).error == .filenameTooLong)
        #expect(part("A: b\n\(disposition)name=a", limits: limits).error == nil)
        #expect(part("A: b\nC: d\n\(disposition)name=a", limits: limits).error == .tooManyPartHeaderFields)
        // The line, its end and the blank line.
        let line = "\(disposition)name=a; x="
        #expect(part(line + String(repeating: "y", count: 76 - line.utf8.count), limits: limits).error == nil)
        #expect(part(line + String(repeating: "y", count: 77 - line.utf8.count), limits: limits).error == .partHeaderTooLarge)
    }
}
