import Glibc

/// Seeded damage to inputs, for tests that ask that nothing traps and nothing damaged passes.
///
/// `AIRLOCK_FUZZ_FROM` moves the seeds, so that a long run sees new ones; a seed is the argument of its
/// test, and its name stands in the output when the process traps.
package enum Fuzz {
    /// As many seeds from the one that the environment names.
    package static func seeds(_ count: Int) -> Range<Int> {
        let from = getenv("AIRLOCK_FUZZ_FROM").flatMap { Int(String(cString: $0)) } ?? 0
        return from..<from + count
    }

    /// The bytes with one to six places changed, removed, doubled or added.
    ///
    /// - Parameter pieces: What is put in besides random bytes: words that mean something to the reader.
    package static func mutate(
        _ bytes: [UInt8], pieces: [String] = [], using random: inout some RandomNumberGenerator
    ) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let at = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0...5, using: &random) {
            case 0: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
            case 1:
                let end = min(bytes.count, at + Int.random(in: 0...9, using: &random))
                bytes.removeSubrange(at..<end)
            case 2:
                let piece = pieces.randomElement(using: &random) ?? ""
                bytes.insert(contentsOf: piece.utf8, at: at)
            case 3:
                let copy = bytes[at..<min(bytes.count, at + 20)]
                bytes.insert(contentsOf: copy, at: Int.random(in: 0...bytes.count, using: &random))
            case 4: bytes.removeSubrange(at...)
            default:
                if at < bytes.count { bytes[at] = UInt8.random(in: 0...255, using: &random) }
            }
        }
        return bytes
    }
}
