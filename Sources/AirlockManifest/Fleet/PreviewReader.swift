import AirlockModel

/// Turns the preview checks of a release into their value.
enum PreviewReader {
    static func preview(_ given: Document.Value) throws(Problem) -> PreviewPlan {
        let items = given["checks"]?.items ?? []
        guard items.count <= PreviewPlan.maximumChecks else {
            throw Problem(
                given["checks"]?.place ?? given.place,
                "a preview has at most \(PreviewPlan.maximumChecks) checks, and this has "
                    + "\(items.count)", "ask for one path that looks at several things")
        }
        var checks: [PreviewCheck] = []
        for item in items { checks.append(try check(item)) }
        return PreviewPlan(checks: checks)
    }

    private static func check(_ given: Document.Value) throws(Problem) -> PreviewCheck {
        let path = try DocumentReader.need(given["path"]?.text, "path", given)
        guard path.utf8.allSatisfy(isOfTarget) else {
            throw Problem(
                given["path"]?.place ?? given.place,
                "a request has no fragment, quotes, brackets or backslash",
                "write /health or /health?deep=1, other characters as %XX")
        }
        var check = PreviewCheck(path: path)
        check.expect =
            try DocumentReader.read(DocumentReader.integer, "expect", of: given) ?? check.expect
        check.failures =
            try DocumentReader.read(DocumentReader.integer, "failures", of: given)
            ?? check.failures
        check.within =
            try DocumentReader.read(Quantity.duration, "within", of: given) ?? check.within
        guard check.within <= PreviewCheck.longest else {
            throw Problem(
                given["within"]?.place ?? given.place,
                "an answer that comes after 30s holds up everything else in its lane",
                "write 30s or less")
        }
        return check
    }

    /// What the target of a request is made of (RFC 3986, sections 3.3 and 3.4).
    private static func isOfTarget(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
            || (0x61...0x7A).contains(byte) || "/?-._~%!$&'()*+,;=:@".utf8.contains(byte)
    }
}
