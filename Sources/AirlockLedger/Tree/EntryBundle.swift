/// The form in which up to 256 entries lie in one file: each after its length as a big-endian uint16.
package enum EntryBundle {
    /// The bytes of a bundle; an entry has at most ``AuditEntry/maximumBytes``.
    package static func bytes(of entries: some Sequence<[UInt8]>) -> [UInt8] {
        var bytes: [UInt8] = []
        for entry in entries {
            precondition(entry.count <= Int(UInt16.max), "an entry has at most 65,535 bytes")
            bytes.append(UInt8(entry.count >> 8))
            bytes.append(UInt8(entry.count & 255))
            bytes.append(contentsOf: entry)
        }
        return bytes
    }

    /// The entries of a bundle, or the offset at which it is not one.
    package static func entries(in bytes: [UInt8]) -> Result<[ArraySlice<UInt8>], Misfit> {
        var entries: [ArraySlice<UInt8>] = []
        var offset = 0
        while offset < bytes.count {
            guard offset + 2 <= bytes.count else { return .failure(Misfit(offset: offset)) }
            let start = offset + 2
            let end = start + Int(bytes[offset]) << 8 + Int(bytes[offset + 1])
            guard end <= bytes.count else { return .failure(Misfit(offset: offset)) }
            entries.append(bytes[start..<end])
            offset = end
        }
        return .success(entries)
    }

    /// Where a bundle ends in the middle of an entry.
    package struct Misfit: Error, Hashable, Sendable {
        /// Bytes from the beginning of the file.
        package let offset: Int
    }
}
