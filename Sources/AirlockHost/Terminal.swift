import Glibc

/// What an output stream is: a person's terminal or a file, and how wide.
package struct Terminal: Hashable, Sendable {
    /// Whether a person watches, so that progress and questions make sense.
    package let isInteractive: Bool
    /// Whether colour is wanted: on a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
    package let showsColour: Bool
    /// Columns; nil where the stream is no terminal or does not say.
    package let width: Int?

    /// Looks at an open file descriptor.
    package init(descriptor: Int32, environment: [String: String]) {
        isInteractive = isatty(descriptor) == 1
        // https://no-color.org: present and not empty.
        let isPlain = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        showsColour = isInteractive && !isPlain && environment["TERM"] != "dumb"
        var size = winsize()
        let isKnown = isInteractive && ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0
        width = isKnown && size.ws_col > 0 ? Int(size.ws_col) : nil
    }
}
