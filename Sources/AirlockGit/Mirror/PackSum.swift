import Crypto
import Glibc

/// The sum at the end of each pack, over all that comes before it.
///
/// Format: gitformat-pack, "trailer": the SHA-1 of the file without its last 20 bytes.
enum PackSum {
    private static let sumBytes = 20

    /// The name of the first pack of a folder that does not have the sum it ends with, or cannot be read;
    /// nil when all have it.
    ///
    /// - Parameter onProgress: Called for each part that was read.
    static func firstDamaged(in folder: String, onProgress: () -> Void) -> String? {
        let packs = StateFile.names(in: folder)?.filter {
            $0.hasPrefix("pack-") && $0.hasSuffix(".pack")
        }
        return packs?.sorted().first { !isWhole("\(folder)/\($0)", onProgress) }
    }

    /// Bytes that are read at a time.
    private static let part = 16 << 20

    private static func isWhole(_ path: String, _ onProgress: () -> Void) -> Bool {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        var sum = Insecure.SHA1()
        // The last bytes that were read are held back: they may be the sum.
        var held: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: part)
        while true {
            let count = read(file, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return false }
            if count == 0 { break }
            onProgress()
            held += chunk[..<count]
            let done = max(0, held.count - sumBytes)
            sum.update(data: held[..<done])
            held.removeFirst(done)
        }
        return held.elementsEqual(sum.finalize())
    }
}
