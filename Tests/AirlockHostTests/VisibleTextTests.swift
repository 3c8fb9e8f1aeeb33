import AirlockHost
import Testing

@Suite("Text from outside on a terminal")
struct VisibleTextTests {
    @Test(
        "what a terminal obeys or does not show is written out",
        arguments: [
            ("2.0 \u{1B}[31m\u{1B}[2K\n| evil", #"2.0 \u{1b}[31m\u{1b}[2K\n| evil"#),
            ("a\r\nb\tc", #"a\r\nb\tc"#),
            ("bell \u{7} delete \u{7F}", #"bell \u{7} delete \u{7f}"#),
            ("csi \u{9B}2J", #"csi \u{9b}2J"#), ("nul \u{0}", #"nul \u{0}"#),
            ("abc\u{202E}cba\u{2066}\u{2069}", #"abc\u{202e}cba\u{2066}\u{2069}"#),
            ("a\u{200B}b\u{FEFF}c\u{200D}d", #"a\u{200b}b\u{feff}c\u{200d}d"#),
            ("a\u{2028}b\u{2029}c", #"a\u{2028}b\u{2029}c"#),
            ("tag \u{E0041}", #"tag \u{e0041}"#),
        ])
    func writtenOut(text: String, shown: String) {
        #expect(text.visible == shown)
        #expect(text.visible.visible == shown)
    }

    @Test(
        "text that only says something stays as it is",
        arguments: ["", "1.2.0", "größer → 2 %", "日本語", "a \\n b", "e\u{301}"])
    func plain(text: String) {
        #expect(text.visible == text)
        #expect(text.visibleLines == text)
    }

    @Test("lines that were put together on purpose stay lines")
    func lines() {
        #expect("a\n  → b\u{1B}c\r\n".visibleLines == "a\n  → b\\u{1b}c\\r\n")
    }
}
