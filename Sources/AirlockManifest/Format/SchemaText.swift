package import AirlockModel

/// The JSON Schemas of the format, draft 2020-12, made from the same table as the decoder.
package enum SchemaText {
    /// The schema of one kind.
    package static func value(_ kind: ManifestKind) -> JSONValue {
        var fields = object(kind.record)
        fields["$schema"] = .string("https://json-schema.org/draft/2020-12/schema")
        fields["$id"] = .string("urn:airlock:schema:1:\(kind.rawValue)")
        fields["title"] = .string(kind.path)
        fields["description"] = .string(kind.sentence)
        return .object(fields)
    }

    /// The schema of one kind as indented JSON with sorted keys and a line end.
    package static func json(_ kind: ManifestKind) -> String {
        var text = ""
        write(value(kind), depth: 0, to: &text)
        return text + "\n"
    }

    private static func schema(_ shape: Shape) -> [String: JSONValue] {
        switch shape {
        case .text(let form): self.form(form)
        case .scalar:
            [
                "type": .array(["string", "number", "boolean"].map(JSONValue.string)),
                "maxLength": .integer(ManifestLimits.textCharacters),
            ]
        case .integer(let range):
            [
                "type": .string("integer"), "minimum": .integer(range.lowerBound),
                "maximum": .integer(range.upperBound),
            ]
        case .list(let item, let minimum):
            [
                "type": .string("array"), "items": .object(schema(item)),
                "minItems": .integer(minimum), "uniqueItems": .bool(true),
            ]
        case .command:
            [
                "type": .string("array"), "items": .object(schema(.scalar)),
                "minItems": .integer(1),
                "prefixItems": .array([
                    .object(schema(.scalar).merging(["minLength": .integer(1)]) { $1 })
                ]),
            ]
        case .table(let key, let item):
            [
                "type": .string("object"), "propertyNames": .object(self.form(key)),
                "additionalProperties": .object(schema(item)),
            ]
        case .record(let record): object(record)
        case .either(let other, let record):
            ["anyOf": .array([.object(schema(other)), .object(object(record))])]
        }
    }

    private static func form(_ form: Form) -> [String: JSONValue] {
        if case .choice(let words) = form {
            return ["enum": .array(words.map(JSONValue.string))]
        }
        let text: [String: JSONValue] = [
            "type": .string("string"), "pattern": .string(form.pattern),
            "maxLength": .integer(ManifestLimits.textCharacters),
        ]
        if !form.allowsInteger { return text }
        let number: [String: JSONValue] =
            form == .number
            ? [
                "type": .string("number"), "minimum": .integer(-999_999_999_999),
                "maximum": .integer(999_999_999_999),
            ]
            : ["type": .string("integer"), "minimum": .integer(1), "maximum": .integer(999_999)]
        return ["anyOf": .array([.object(text), .object(number)])]
    }

    private static func object(_ record: Record) -> [String: JSONValue] {
        var properties: [String: JSONValue] = [:]
        for key in record.keys { properties[key.name] = .object(property(key)) }
        var fields: [String: JSONValue] = [
            "type": .string("object"), "additionalProperties": .bool(false),
            "properties": .object(properties),
        ]
        let required = record.keys.filter(\.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty { fields["required"] = .array(required) }
        if record.minimum > 0 { fields["minProperties"] = .integer(record.minimum) }
        if let others = record.others {
            let names = record.keys.map { JSONValue.string($0.name) }
            fields["additionalProperties"] = .object(property(others.key))
            fields["propertyNames"] = .object([
                "anyOf": .array([.object(["enum": .array(names)]), .object(form(others.form))])
            ])
        }
        if !record.oneOf.isEmpty {
            fields["anyOf"] = .array(
                record.oneOf.map { .object(["required": .array([.string($0)])]) })
        }
        return fields
    }

    private static func property(_ key: Record.Key) -> [String: JSONValue] {
        guard key.isEnforced else {
            return [
                "not": .object([:]),
                "description": .string("This version cannot enforce it. \(key.sentence)"),
            ]
        }
        var fields = schema(key.shape)
        fields["description"] = .string(key.sentence)
        return fields
    }

    private static func write(_ value: JSONValue, depth: Int, to text: inout String) {
        let inner = String(repeating: "  ", count: depth + 1)
        let outer = String(repeating: "  ", count: depth)
        switch value {
        case .object(let fields) where !fields.isEmpty:
            text += "{\n"
            for (index, field) in fields.sorted(by: { $0.key < $1.key }).enumerated() {
                text += (index > 0 ? ",\n" : "") + inner
                write(.string(field.key), depth: depth, to: &text)
                text += ": "
                write(field.value, depth: depth + 1, to: &text)
            }
            text += "\n\(outer)}"
        case .array(let items) where items.contains(where: \.isContainer):
            text += "[\n"
            for (index, item) in items.enumerated() {
                text += (index > 0 ? ",\n" : "") + inner
                write(item, depth: depth + 1, to: &text)
            }
            text += "\n\(outer)]"
        case .object, .array, .bool, .integer, .string:
            text += String(decoding: value.canonicalBytes, as: UTF8.self)
        }
    }
}

extension JSONValue {
    fileprivate var isContainer: Bool {
        switch self {
        case .object, .array: true
        case .bool, .integer, .string: false
        }
    }
}
