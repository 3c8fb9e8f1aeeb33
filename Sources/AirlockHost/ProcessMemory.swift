import Glibc

/// Gives memory that a burst of work left behind back to the system.
///
/// The first look at a fleet needs several times what is kept of it, and the C library keeps what was freed: a
/// reconciler of 10,000 lanes stayed at twice the memory that it uses.
package struct ProcessMemory: Sendable {
    /// Growth that is not worth the work, in bytes.
    private static let slack = 32 << 20

    /// Resident bytes after memory was given back last; zero before.
    private var floor = 0
    /// Resident bytes at the last look.
    private var last = 0

    package init() {}

    /// Looks, and gives back what a burst left when it seems to be over.
    package mutating func look() {
        guard let resident = Self.resident, isDue(resident) else { return }
        Self.giveBack()
        gaveBack(leaving: Self.resident ?? resident)
    }

    /// Whether memory grew by a thirty-second since it was given back, and does not grow any more.
    ///
    /// - Parameter resident: In bytes.
    package mutating func isDue(_ resident: Int) -> Bool {
        defer { last = resident }
        return resident > floor + max(Self.slack, floor / 32) && resident <= last + last / 50
    }

    /// Notes what is left after memory was given back.
    package mutating func gaveBack(leaving resident: Int) { floor = resident }

    /// The bytes of this process in memory; nil where the system does not say it as Linux does.
    private static var resident: Int? {
        guard let file = fopen("/proc/self/statm", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, 256, file) != nil else { return nil }
        let text = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let words = String(decoding: text, as: UTF8.self).split(separator: " ")
        return words.count > 1 ? Int(words[1]).map { $0 * Int(getpagesize()) } : nil
    }

    /// `malloc_trim` is in a header that Swift does not see, and in glibc alone.
    private static func giveBack() {
        typealias Trim = @convention(c) (Int) -> Int32
        guard let symbol = dlsym(nil, "malloc_trim") else { return }
        _ = unsafeBitCast(symbol, to: Trim.self)(0)
    }
}
