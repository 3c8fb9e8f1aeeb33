/// Who a commit of Airlock says it is by.
package struct GitIdentity: Hashable, Sendable, Codable {
    package let name: String
    package let email: String

    /// Returns nil for what would break a commit's header: an empty part, `<`, `>` or a control character.
    package init?(name: String, email: String) {
        func isPlain(_ text: String) -> Bool {
            !text.isEmpty && text.utf8.count <= Self.maximumBytes
                && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != 0x3C && $0 != 0x3E }
        }
        guard isPlain(name), isPlain(email), !email.contains(" ") else { return nil }
        self.name = name
        self.email = email
    }

    /// Reads `Name <name@example.org>`.
    package init?(_ text: String) {
        guard text.hasSuffix(">"), let start = text.firstIndex(of: "<") else { return nil }
        let name = text[..<start].split(separator: " ").joined(separator: " ")
        self.init(name: name, email: String(text[text.index(after: start)...].dropLast()))
    }

    /// The longest part in bytes.
    private static let maximumBytes = 200
}

/// A commit that is to be made: what it changes of its parent, and what it says.
package struct CommitDraft: Hashable, Sendable {
    /// What it stands on; nil for the first commit of a history of its own.
    package let parent: CommitID?
    /// The new content of files by their path in the repository; nil removes the file.
    package let files: [String: [UInt8]?]
    package let author: GitIdentity
    /// When it is made; git keeps whole seconds.
    package let time: Timestamp
    /// Subject, empty line, body.
    package let message: String

    package init(
        parent: CommitID?, files: [String: [UInt8]?], author: GitIdentity, time: Timestamp,
        message: String
    ) {
        self.parent = parent
        self.files = files
        self.author = author
        self.time = time
        self.message = message
    }
}

/// The checkpoint of the audit log that a remote has.
package struct RemoteCheckpoint: Hashable, Sendable {
    /// The commit that holds it.
    package let commit: CommitID
    /// The signed note; the remote's word, so not to be trusted before it was verified.
    package let note: [UInt8]

    package init(commit: CommitID, note: [UInt8]) {
        self.commit = commit
        self.note = note
    }
}
