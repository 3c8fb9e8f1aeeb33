import AirlockHost

/// Columns of text, each as wide as its widest cell.
struct Table {
    /// A cell, on one line and written out, and the shade it is painted with after its width was measured.
    struct Cell {
        let text: String
        let shade: Ink.Shade

        init(_ text: String, _ shade: Ink.Shade = .plain) {
            self.text = text.visible
            self.shade = shade
        }
    }

    private let head: [String]
    private var rows: [[Cell]] = []

    init(_ head: [String]) { self.head = head }

    mutating func add(_ cells: [Cell]) { rows.append(cells) }

    var isEmpty: Bool { rows.isEmpty }

    /// The table with its head; cells of the last column are not padded.
    func text(_ ink: Ink) -> String {
        let all = [head.map { Cell($0.uppercased(), .dim) }] + rows
        let widths = head.indices.map { column in
            all.map { column < $0.count ? $0[column].text.count : 0 }.max() ?? 0
        }
        return all.map { row in
            row.enumerated().map { column, cell in
                let isLast = column == row.count - 1
                let room = isLast ? 0 : widths[column] - cell.text.count
                return ink.paint(cell.text, cell.shade) + String(repeating: " ", count: room)
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
