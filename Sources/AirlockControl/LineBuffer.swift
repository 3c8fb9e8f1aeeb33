package import NIOCore

/// Cuts a stream of bytes into lines, each of at most so many bytes.
package struct LineBuffer {
    /// A line is longer than allowed; nothing after it can be trusted.
    package struct TooLong: Error {}

    private let limit: Int
    private var pending = ByteBuffer()
    /// Bytes of `pending` that are known to hold no line end.
    private var searched = 0

    /// Cuts lines of at most `limit` bytes, the line end not counted.
    package init(limit: Int) { self.limit = limit }

    /// Adds what was received.
    package mutating func append(_ bytes: ByteBuffer) {
        pending.writeImmutableBuffer(bytes)
    }

    /// Takes the next whole line without its end; nil when more bytes are needed.
    package mutating func next() throws(TooLong) -> ByteBuffer? {
        let view = pending.readableBytesView
        let rest = view.dropFirst(searched)
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
            searched = view.count
            if searched > limit { throw TooLong() }
            return nil
        }
        let length = end - view.startIndex
        if length > limit { throw TooLong() }
        let line = pending.readSlice(length: length)
        pending.moveReaderIndex(forwardBy: 1)
        pending.discardReadBytes()
        searched = 0
        return line
    }

    /// Whether a line has begun and not ended.
    package var isHalfway: Bool { pending.readableBytes > 0 }
}
