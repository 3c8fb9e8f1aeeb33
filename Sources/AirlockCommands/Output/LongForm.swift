import Foundation

/// An object for programs whose one list may be tens of thousands of items long.
protocol LongForm: Encodable, Sendable {
    /// What the list holds.
    associatedtype Item: Encodable & Sendable

    /// The list's key.
    static var listKey: String { get }
    /// The items, in their order.
    var list: [Item] { get }
    /// The object with nothing in its list.
    var frame: Self { get }
}

extension JSONForm {
    /// The same bytes as ``bytes(of:)`` gives, written on all cores.
    ///
    /// - Parameter batch: Items that one task writes: enough to be worth a task, few enough to share
    ///   the work.
    static func bytes<Form: LongForm>(ofLong form: Form, batch: Int = 512) async throws -> Data {
        guard form.list.count > batch else { return try bytes(of: form) }
        let parts = try await withThrowingTaskGroup(of: (Int, Data).self) { group in
            for start in stride(from: 0, to: form.list.count, by: batch) {
                let part = Array(form.list[start..<min(start + batch, form.list.count)])
                group.addTask { @concurrent in (start, try items(part, key: Form.listKey)) }
            }
            return try await group.reduce(into: [Int: Data]()) { $0[$1.0] = $1.1 }
        }
        let frame = try bytes(of: form.frame)
        // Only a key of the object itself stands at the start of a line with two blanks before it.
        guard let place = frame.range(of: Data("\n  \"\(Form.listKey)\" : []".utf8)) else {
            preconditionFailure("\(Form.self) has no list \(Form.listKey)")
        }
        var whole = Data(
            capacity: frame.count + parts.reduce(4) { $0 + $1.value.count + 2 })
        whole += frame[..<place.upperBound].dropLast()
        for (start, part) in parts.sorted(by: { $0.key < $1.key }) {
            whole += start == 0 ? Data("\n".utf8) : Data(",\n".utf8)
            whole += part
        }
        return whole + Data("\n  ]".utf8) + frame[place.upperBound...]
    }

    /// The lines of some items of a list, without the comma after the last.
    private static func items(_ items: [some Encodable], key: String) throws -> Data {
        let text = tidied(try encoder().encode([key: items]))
        let (head, tail) = ("{\n  \"\(key)\" : [\n", "\n  ]\n}")
        return text.dropFirst(head.utf8.count).dropLast(tail.utf8.count)
    }
}
