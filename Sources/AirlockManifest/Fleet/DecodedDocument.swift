package import AirlockModel

/// A blob read as one kind of file: the key under which what it says is remembered.
package struct DocumentKey: Hashable, Sendable {
    package let object: ObjectID
    package let kind: ManifestKind

    package init(object: ObjectID, kind: ManifestKind) {
        self.object = object
        self.kind = kind
    }
}

/// What one blob says as one kind of file, or everything that is wrong with it.
package struct DecodedDocument: Sendable {
    package let key: DocumentKey
    /// The bytes that it was read from.
    let size: Int
    /// Nil when there is any problem.
    package let value: DocumentValue?
    package let problems: [Problem]

    /// Reads `bytes`; pure, so that many can be read at the same time.
    package init(_ key: DocumentKey, bytes: [UInt8]) {
        self.key = key
        size = bytes.count
        (value, problems) = Self.read(bytes, as: key.kind)
    }

    /// Reads `bytes` as a file of `kind`: the value, or every problem.
    package static func read(
        _ bytes: [UInt8], as kind: ManifestKind
    ) -> (value: DocumentValue?, problems: [Problem]) {
        do throws(Problem) {
            var duplicates = DuplicateKeys()
            let document = try Document(bytes, duplicates: &duplicates)
            var check = ShapeCheck()
            check.check(document, against: kind)
            let problems = duplicates.all(with: check.problems)
            guard problems.isEmpty else { return (nil, problems.sorted()) }
            return (try DocumentReader.value(of: document.root, as: kind), [])
        } catch {
            return (nil, [error])
        }
    }
}
