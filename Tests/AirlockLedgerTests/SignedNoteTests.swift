import AirlockLedger
import AirlockTestSupport
import Testing

/// Notes and keys of c2sp.org/signed-note.
@Suite struct SignedNoteTests {
    static let exampleKey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    static let exampleNote = """
        This is an example message.

        \u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjO\
        BH3mFXmRKuwHjG1Yu72IneyaQM=

        """

    private func verified(_ text: String, by keys: [VerifierKey]) throws(NoteError) -> [VerifierKey]
    {
        try SignedNote(Array(text.utf8)).verified(by: keys)
    }

    @Test("the example of the specification verifies")
    func example() throws {
        let key = try #require(VerifierKey(Self.exampleKey))
        #expect(key.description == Self.exampleKey && key.id == 0x530d_903a)
        #expect(try verified(Self.exampleNote, by: [key]) == [key])
        let note = try SignedNote(Array(Self.exampleNote.utf8))
        #expect(note.text == Array("This is an example message.\n".utf8))
    }

    @Test("a changed text is refused, whoever else signed it")
    func changedText() throws {
        let key = try #require(VerifierKey(Self.exampleKey))
        let own = SigningKey()
        let changed = Self.exampleNote.replacing("example message", with: "other message")
        let other = try #require(own.verifierKey(name: "other"))
        let note = try SignedNote.sign("This is an other message.\n", as: "other", with: own)
        let line = String(decoding: note, as: UTF8.self).split(separator: "\n").last ?? ""
        #expect(throws: NoteError.badSignature(key: Self.exampleKey)) {
            try verified(changed + line + "\n", by: [other, key])
        }
    }

    @Test("signatures of unknown keys are ignored, and nobody known is an error")
    func unknownKeys() throws {
        let key = try #require(VerifierKey(Self.exampleKey))
        let stranger = try #require(SigningKey().verifierKey(name: "example.com/foo"))
        #expect(try verified(Self.exampleNote, by: [stranger, key]) == [key])
        #expect(throws: NoteError.unknownKeys) { try verified(Self.exampleNote, by: [stranger]) }
        #expect(throws: NoteError.unknownKeys) { try verified(Self.exampleNote, by: []) }
    }

    @Test("sixteen signatures are accepted")
    func manySignatures() throws {
        let keys = (0..<16).map { _ in SigningKey() }
        var text = "text\n\n"
        for (index, key) in keys.enumerated() {
            let note = try SignedNote.sign("text\n", as: "key\(index)", with: key)
            text += String(decoding: note, as: UTF8.self).dropFirst("text\n\n".count)
        }
        let known = keys.enumerated().compactMap { $1.verifierKey(name: "key\($0)") }
        #expect(try verified(text, by: known) == known)
    }

    @Test(
        "what is not a note is refused",
        arguments: [
            "", "text\n", "text\n\n", "text\n\n\u{2014} name AAAAAAAA",
            "te\txt\n\n\u{2014} name AAAAAAAA\n", "text\n\n- name AAAAAAAA\n",
            "text\n\n\u{2014} na+me AAAAAAAA\n", "text\n\n\u{2014} name AAAA\n",
            "text\n\n\u{2014} name AAAAAAA\n", "text\n\n\u{2014}  AAAAAAAA\n",
            "text\n\n\u{2014} name AAAAAAAAA\n", "text\n\n\u{2014} name AAAAAAB=\n",
            "text\r\n\n\u{2014} name AAAAAAAA\n",
        ])
    func malformed(_ text: String) {
        #expect(throws: NoteError.self) { try SignedNote(Array(text.utf8)) }
    }

    @Test("bytes that are not UTF-8 are refused")
    func notUTF8() {
        let bytes = [0xFF] + Array(Self.exampleNote.utf8)
        #expect(throws: NoteError.malformed("it is not UTF-8")) { try SignedNote(bytes) }
    }

    @Test("a key whose id is not that of its name and bytes is refused")
    func wrongKeys() {
        for text in [
            Self.exampleKey.replacing("530d903a", with: "530d903b"),
            Self.exampleKey.replacing("foo", with: "bar"), Self.exampleKey.uppercased(),
            "example.com/foo", "", "a+00000000+AQ==",
        ] {
            #expect(VerifierKey(text) == nil, "\(text)")
        }
    }

    @Test("a checkpoint reads what it wrote, and a wrong size or origin is refused")
    func checkpoints() throws {
        let key = SigningKey()
        let checkpoint = Checkpoint(origin: "shop", size: 12, root: .leaf([1]))
        #expect(Checkpoint(text: Array(checkpoint.text.utf8)) == checkpoint)
        for text in [
            checkpoint.text.replacing("\n12\n", with: "\n012\n"),
            checkpoint.text.replacing("\n12\n", with: "\n-1\n"), "shop\n12\n",
            checkpoint.text + "\n",
        ] {
            #expect(Checkpoint(text: Array(text.utf8)) == nil, "\(text)")
        }
        let verifier = try #require(key.verifierKey(name: "shop"))
        let note = try SignedNote.sign(checkpoint.text, as: "shop", with: key)
        #expect(try Checkpoint(note: note, key: verifier) == checkpoint)
        let foreign = Checkpoint(origin: "other", size: 12, root: .leaf([1]))
        let forged = try SignedNote.sign(foreign.text, as: "shop", with: key)
        #expect(throws: NoteError.self) { try Checkpoint(note: forged, key: verifier) }
    }
}
