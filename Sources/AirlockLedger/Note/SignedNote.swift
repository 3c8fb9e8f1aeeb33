internal import Crypto

/// Why a note is not to be trusted.
package enum NoteError: Error, Hashable, Sendable {
    /// It does not have the form of a note; `what` says where.
    case malformed(String)
    /// No signature is by a key that is trusted here.
    case unknownKeys
    /// A signature that names a trusted key is not by it.
    case badSignature(key: String)
}

extension NoteError: CustomStringConvertible {
    /// One phrase.
    package var description: String {
        switch self {
        case .malformed(let what): what
        case .unknownKeys: "none of its signatures names the key"
        case .badSignature(let key): "the signature that names \(key) is not by it"
        }
    }
}

/// Text with the signatures of one or more keys, as c2sp.org/signed-note defines it.
package struct SignedNote: Hashable, Sendable {
    /// The largest note that is read, in bytes.
    package static let maximumBytes = 64 * 1024
    /// The most signatures that are read; the specification asks for 16 at least.
    package static let maximumSignatures = 100

    private static let dash = "\u{2014} "

    /// Ends with a newline.
    package let text: [UInt8]
    package let signatures: [Signature]

    /// A signature that was not checked yet.
    package struct Signature: Hashable, Sendable {
        package let name: String
        package let id: UInt32
        package let bytes: [UInt8]
    }

    /// Reads a note without checking a signature.
    package init(_ bytes: [UInt8]) throws(NoteError) {
        guard bytes.count <= Self.maximumBytes else { throw .malformed("it is too large") }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw .malformed("it is not UTF-8")
        }
        if let place = bytes.firstIndex(where: { $0 < 0x20 && $0 != 0x0A }) {
            throw .malformed("control byte at offset \(place)")
        }
        guard bytes.last == 0x0A else { throw .malformed("it does not end with a newline") }
        let blank = bytes.indices.dropLast().last { bytes[$0] == 0x0A && bytes[$0 + 1] == 0x0A }
        guard let blank else { throw .malformed("no blank line before the signatures") }
        text = Array(bytes[...blank])
        let lines = bytes[(blank + 2)...].dropLast().split(
            separator: 0x0A, omittingEmptySubsequences: false)
        guard lines.count <= Self.maximumSignatures else {
            throw .malformed("more than \(Self.maximumSignatures) signatures")
        }
        var signatures: [Signature] = []
        for (index, line) in lines.enumerated() {
            guard let signature = Self.signature(String(decoding: line, as: UTF8.self)) else {
                throw .malformed("signature line \(index + 1)")
            }
            signatures.append(signature)
        }
        self.signatures = signatures
    }

    /// The keys of `known` whose signatures hold.
    ///
    /// Signatures of other keys are ignored.
    /// - Throws: ``NoteError/badSignature(key:)`` when one that names a known key does not hold,
    ///   ``NoteError/unknownKeys`` when there is none by a known key.
    package func verified(by known: [VerifierKey]) throws(NoteError) -> [VerifierKey] {
        var good: [VerifierKey] = []
        for signature in signatures {
            let key = known.first { $0.name == signature.name && $0.id == signature.id }
            guard let key else { continue }
            let holds: Bool
            do {
                holds = try key.isSignature(signature.bytes, over: text)
            } catch {
                throw .badSignature(key: key.description)
            }
            guard holds else { throw .badSignature(key: key.description) }
            if !good.contains(key) { good.append(key) }
        }
        guard !good.isEmpty else { throw .unknownKeys }
        return good
    }

    private static func signature(_ line: String) -> Signature? {
        guard line.hasPrefix(dash) else { return nil }
        let parts = line.dropFirst(dash.count).split(
            separator: " ", omittingEmptySubsequences: false)
        guard
            parts.count == 2, VerifierKey.isName(parts[0]),
            let bytes = Base64.decode(String(parts[1])), bytes.count > 4
        else { return nil }
        return Signature(
            name: String(parts[0]), id: bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) },
            bytes: Array(bytes.dropFirst(4)))
    }

    /// The note of `text` with one signature.
    package static func sign(
        _ text: String, as name: String, with key: SigningKey
    ) throws(NoteError) -> [UInt8] {
        guard let verifier = key.verifierKey(name: name) else {
            throw .malformed("\(name) cannot be a key's name")
        }
        let signature = try key.signature(over: Array(text.utf8))
        return Array(
            "\(text)\n\(dash)\(name) \(Base64.encode(verifier.idBytes + signature))\n".utf8)
    }
}
