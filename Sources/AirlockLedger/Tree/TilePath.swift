/// Which file of a tiled log: `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`.
///
/// The form is that of c2sp.org/tlog-tiles.
package struct TilePath: Hashable, Sendable, CustomStringConvertible {
    /// The number of hashes or entries of a full tile.
    package static let fullWidth = 256
    /// The highest level of a tile.
    package static let maximumLevel = 63

    package let content: Content
    package let index: Int
    /// 1 to 256; less than 256 for a partial tile.
    package let width: Int

    /// What a file holds.
    package enum Content: Hashable, Sendable {
        case hashes(level: Int)
        case entries
    }

    package init(_ content: Content, index: Int, width: Int = fullWidth) {
        self.content = content
        self.index = index
        self.width = width
    }

    /// Whether the tile has fewer than 256 hashes or entries.
    package var isPartial: Bool { width < Self.fullWidth }

    /// The path below the log's folder.
    package var description: String {
        isPartial ? "\(folderOfPartials)/\(width)" : stem
    }

    /// The folder in which the partial forms of this tile lie.
    package var folderOfPartials: String { "\(stem).p" }

    private var stem: String {
        switch content {
        case .hashes(let level): "tile/\(level)/\(Self.spell(index))"
        case .entries: "tile/entries/\(Self.spell(index))"
        }
    }

    /// Reads a path; nil for what ``description`` would spell otherwise.
    package init?(_ text: String) {
        var parts = text.split(separator: "/", omittingEmptySubsequences: false)[...]
        guard parts.count >= 3, parts.removeFirst() == "tile" else { return nil }
        let kind = parts.removeFirst()
        if kind == "entries" {
            content = .entries
        } else if let level = Int(kind), (0...Self.maximumLevel).contains(level) {
            content = .hashes(level: level)
        } else {
            return nil
        }
        var width = Self.fullWidth
        if let folder = parts.dropLast().last, folder.hasSuffix(".p") {
            guard let found = Int(parts.removeLast()), (1..<Self.fullWidth).contains(found) else {
                return nil
            }
            width = found
            parts = parts.dropLast() + [folder.dropLast(2)]
        }
        self.width = width
        var index = 0
        for part in parts {
            let digits = part.drop { $0 == "x" }
            guard digits.count == 3, let group = Int(digits), index < Int.max / 2000 else {
                return nil
            }
            index = index * 1000 + group
        }
        self.index = index
        guard description == text else { return nil }
    }

    /// The partial tile at the right end of `count` hashes or entries; empty when there is none.
    package static func edge(of content: Content, count: Int) -> [TilePath] {
        let width = count % fullWidth
        return width == 0 ? [] : [TilePath(content, index: count / fullWidth, width: width)]
    }

    /// Groups of three digits, all but the last with an `x`: 1234067 is `x001/x234/067`.
    private static func spell(_ index: Int) -> String {
        var groups: [String] = []
        var rest = index
        repeat {
            let digits = String(rest % 1000)
            groups.append(String(repeating: "0", count: 3 - digits.count) + digits)
            rest /= 1000
        } while rest > 0
        return groups.enumerated().reversed().map { $0.offset == 0 ? $0.element : "x" + $0.element }
            .joined(separator: "/")
    }
}
