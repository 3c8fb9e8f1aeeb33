/// Bytes that are lent to one call and never printed or encoded.
struct Secret {
    private let text: String

    init(_ text: String) { self.text = text }

    /// Lends the text for one call.
    func with<Value>(_ body: (String) -> Value) -> Value { body(text) }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "<secret>" }
    var debugDescription: String { "<secret>" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
