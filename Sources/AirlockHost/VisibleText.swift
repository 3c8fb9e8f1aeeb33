extension String {
    /// The text on one line, with everything that a terminal obeys or does not show written out: `\u{1b}`,
    /// `\n`, `\u{202e}`.
    ///
    /// Text from a repository or a server goes through this before a person reads it, so that it can
    /// neither start a line of its own nor paint over another one. Escaped are the general categories
    /// Cc, Cf, Zl and Zp of Unicode: control characters, what turns the direction of writing or has no
    /// width, and separators of lines. Writing it out twice changes nothing.
    package var visible: String { writtenOut(keepingLines: false) }

    /// The same for a text that was put together of lines on purpose: its line feeds stay.
    package var visibleLines: String { writtenOut(keepingLines: true) }

    private func writtenOut(keepingLines: Bool) -> String {
        let feed = UInt8(ascii: "\n")
        let isPlain = utf8.allSatisfy { (0x20...0x7E).contains($0) || (keepingLines && $0 == feed) }
        guard !isPlain else { return self }
        var text = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar {
            case "\n" where keepingLines: text.append(scalar)
            case "\n": text.append(contentsOf: "\\n".unicodeScalars)
            case "\r": text.append(contentsOf: "\\r".unicodeScalars)
            case "\t": text.append(contentsOf: "\\t".unicodeScalars)
            case _ where scalar.isObeyedOrUnseen:
                let digits = String(scalar.value, radix: 16)
                text.append(contentsOf: "\\u{\(digits)}".unicodeScalars)
            case _: text.append(scalar)
            }
        }
        return String(text)
    }
}

extension Unicode.Scalar {
    /// Whether a terminal does something at it, or shows nothing where it stands.
    fileprivate var isObeyedOrUnseen: Bool {
        let category = properties.generalCategory
        return category == .control || category == .format || category == .lineSeparator
            || category == .paragraphSeparator
    }
}
