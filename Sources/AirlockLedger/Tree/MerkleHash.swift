internal import Crypto

/// One SHA-256 hash of the tree of RFC 6962.
package struct MerkleHash: Hashable, Sendable {
    /// The length of a hash.
    package static let byteCount = 32
    /// The hash of a tree without entries: SHA-256 of nothing.
    package static let empty = MerkleHash(SHA256.hash(data: [UInt8]()))

    private let words: SIMD4<UInt64>

    /// Returns nil unless there are exactly 32 bytes.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        words = Array(bytes).withUnsafeBytes { $0.loadUnaligned(as: SIMD4<UInt64>.self) }
    }

    private init(_ digest: SHA256Digest) {
        words = digest.withUnsafeBytes { $0.loadUnaligned(as: SIMD4<UInt64>.self) }
    }

    /// The hash of an entry: SHA-256(0x00 ‖ entry), RFC 6962 section 2.1.
    package static func leaf(_ entry: some Collection<UInt8>) -> MerkleHash {
        var hasher = SHA256()
        hasher.update(data: [0])
        hasher.update(data: Array(entry))
        return MerkleHash(hasher.finalize())
    }

    /// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right), RFC 6962 section 2.1.
    package static func node(_ left: MerkleHash, _ right: MerkleHash) -> MerkleHash {
        withUnsafeTemporaryAllocation(byteCount: 1 + 2 * byteCount, alignment: 1) { buffer in
            buffer[0] = 1
            buffer.storeBytes(of: left.words, toByteOffset: 1, as: SIMD4<UInt64>.self)
            buffer.storeBytes(of: right.words, toByteOffset: 33, as: SIMD4<UInt64>.self)
            var hasher = SHA256()
            hasher.update(bufferPointer: UnsafeRawBufferPointer(buffer))
            return MerkleHash(hasher.finalize())
        }
    }

    /// The 32 bytes.
    package var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }
}

extension [MerkleHash] {
    /// The hashes one after another, as a tile holds them.
    package var tileBytes: [UInt8] { flatMap(\.bytes) }

    /// Reads a tile; nil unless it is a whole number of hashes.
    package init?(tileBytes bytes: [UInt8]) {
        let width = MerkleHash.byteCount
        guard bytes.count.isMultiple(of: width) else { return nil }
        self = stride(from: 0, to: bytes.count, by: width).compactMap {
            MerkleHash(bytes[$0..<$0 + width])
        }
    }
}
