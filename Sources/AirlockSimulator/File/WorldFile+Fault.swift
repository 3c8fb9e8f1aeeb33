import AirlockPorts
import Glibc

extension WorldFile {
    /// Why the file cannot be used.
    enum Fault: Error, CustomStringConvertible {
        /// The system did not do that; nothing was changed.
        case system(String, String, Int32)
        /// The system did not do that, and what it did cannot be taken back.
        case unsure(String, String, Int32)
        /// A line is not what was written.
        case damaged(String, line: Int)
        /// Others than its owner may read or write it, or it is no file.
        case open(String)
        /// Another version wrote it.
        case format(String, Int)

        var description: String {
            switch self {
            case .system(let what, let path, let code), .unsure(let what, let path, let code):
                "cannot \(what) \(path): \(String(cString: strerror(code)))"
            case .damaged(let path, let line):
                "\(path) line \(line) is damaged; move the file away to begin a new world"
            case .open(let path): "\(path) must be a file of its owner alone; chmod 600 \(path)"
            case .format(let path, let format):
                "\(path) has format \(format), which this version does not know; use a newer one"
            }
        }

        /// What a caller of the provider is told.
        var providerError: ProviderError {
            switch self {
            case .system, .damaged, .open, .format: .refused(description)
            case .unsure: .noAnswer(description)
            }
        }
    }
}
