/// What one value of the format may be; the decoder, the JSON Schema and the reference follow it.
package indirect enum Shape: Sendable {
    /// A text of a form, such as a duration.
    case text(Form)
    /// A text, number or boolean; its spelling is kept.
    case scalar
    case integer(ClosedRange<Int>)
    /// A list without repetitions.
    case list(of: Shape, minimum: Int)
    /// A program and its arguments, which may repeat.
    case command
    /// A mapping with keys of the user's choice.
    case table(key: Form, value: Shape)
    case record(Record)
    /// A mapping of the record's keys, or the other shape for anything that is not a mapping.
    case either(Shape, Record)
}

/// A mapping with keys that the format defines.
package struct Record: Sendable {
    /// In the order of the reference.
    package let keys: [Key]
    /// How many of the keys must be there.
    package let minimum: Int
    /// The same keys by name.
    let byName: [String: Key]
    /// Keys of the user's choice beside them; nil for none.
    let others: Others?
    /// Of these keys at least one must be there; empty where that is no rule.
    let oneOf: [String]
    /// Keys that somebody may look for here, each with the reason why there is none.
    let absent: [String: String]

    /// Keys of the user's choice.
    struct Others: Sendable {
        /// What their names look like.
        let form: Form
        /// What each of them is; its name stands for all of theirs.
        let key: Key
    }

    init(
        _ keys: [Key], minimum: Int = 0, others: Others? = nil, oneOf: [String] = [],
        absent: [String: String] = [:]
    ) {
        self.keys = keys
        self.minimum = minimum
        self.others = others
        self.oneOf = oneOf
        self.absent = absent
        byName = Dictionary(uniqueKeysWithValues: keys.map { ($0.name, $0) })
    }

    /// What a key of that name has to be; nil where there is none.
    func key(_ name: String) -> Key? {
        if let key = byName[name] { return key }
        return others.flatMap { $0.form.accepts(name) ? $0.key : nil }
    }

    /// One key of the format.
    package struct Key: Sendable {
        package let name: String
        package let shape: Shape
        package let isRequired: Bool
        /// False for a key that is reserved and that this version refuses.
        package let isEnforced: Bool
        /// One sentence.
        package let sentence: String
        /// A value in one line of YAML.
        package let example: String
    }
}

extension Record.Key {
    /// A key that must be there.
    static func required(
        _ name: String, _ shape: Shape, _ sentence: String, example: String
    ) -> Self {
        Self(
            name: name, shape: shape, isRequired: true, isEnforced: true, sentence: sentence,
            example: example)
    }

    /// A key that may be left out.
    static func optional(
        _ name: String, _ shape: Shape, _ sentence: String, example: String
    ) -> Self {
        Self(
            name: name, shape: shape, isRequired: false, isEnforced: true, sentence: sentence,
            example: example)
    }

    /// A key that later versions give a meaning; this one refuses it.
    static func later(_ name: String, _ sentence: String) -> Self {
        Self(
            name: name, shape: .scalar, isRequired: false, isEnforced: false, sentence: sentence,
            example: "")
    }
}
