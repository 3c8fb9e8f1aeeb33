/// The JSON of records, written straight into bytes: what `JSONDecoder` of Foundation reads back, in about a
/// third of the time that `JSONEncoder` takes, which keeps a tree of every value before it writes one.
///
/// Fields come in the order in which a record names them, entries of a dictionary in none. Encodings that ask for
/// a second container of the same value, for that of a superclass, or go back to a container that has ended, end the
/// process: no record does. Nor has any `Data`, `Date`, `URL` or `Decimal`, which Foundation spells in ways of its
/// own.
package enum JSONSpelling {
    /// The bytes of a record.
    ///
    /// - Throws: `EncodingError.invalidValue` for a number that JSON does not have, and what the record throws.
    package static func bytes(of record: some Encodable) throws -> [UInt8] {
        let pen = Pen()
        try pen.write(record)
        return pen.bytes
    }
}

/// Where a container stands: how deep, and which of all.
private struct Place {
    let level: Int
    let number: Int
}

/// The text so far and the containers that are open in it.
private final class Pen: Encoder {
    private(set) var bytes: [UInt8] = []
    /// A container: what closes it, which of all it is, whether something is in it.
    private struct Container {
        let end: UInt8
        let number: Int
        var isEmpty = true
    }

    /// Outermost first.
    private var open: [Container] = []
    private var containers = 0
    /// Whether the next thing that is written is a value.
    private var isValueDue = false

    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    init() {
        bytes.reserveCapacity(1_024)
        open.reserveCapacity(16)
    }

    /// Writes a value with all that is in it.
    func write(_ value: some Encodable) throws {
        let level = open.count
        isValueDue = true
        try value.encode(to: self)
        close(to: level)
        guard isValueDue else { return }
        isValueDue = false
        put("{}")
    }

    /// Ends the containers that stand deeper than `level`.
    func close(to level: Int) {
        while open.count > level, let last = open.popLast() { bytes.append(last.end) }
    }

    /// Begins a container in place of the value that is due, and says where it stands.
    func begin(_ start: UInt8, _ end: UInt8) -> Place {
        precondition(isValueDue, "a record asks for a second container of one value")
        isValueDue = false
        bytes.append(start)
        containers += 1
        open.append(Container(end: end, number: containers))
        return Place(level: open.count, number: containers)
    }

    /// Makes room for the next value of a container.
    func next(at place: Place) {
        let index = place.level - 1
        precondition(
            open.count >= place.level && open[index].number == place.number,
            "a record goes back to a container that has ended")
        close(to: place.level)
        if !open[index].isEmpty { bytes.append(UInt8(ascii: ",")) }
        open[index].isEmpty = false
    }

    /// Writes the name of the next value of an object.
    func name(_ key: some CodingKey, at place: Place) {
        next(at: place)
        JSONValue.write(key.stringValue, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
    }

    func put(_ text: String) { bytes.append(contentsOf: text.utf8) }
    func put(_ text: StaticString) {
        bytes.append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
    func put(_ value: Bool) { put(value ? "true" : "false" as StaticString) }
    func put(_ value: some BinaryInteger) { put(String(value)) }
    func put(text: String) { JSONValue.write(text, to: &bytes) }
    func put(_ value: some BinaryFloatingPoint & CustomStringConvertible) throws {
        guard value.isFinite else {
            throw EncodingError.invalidValue(
                value,
                EncodingError.Context(codingPath: [], debugDescription: "JSON has no \(value)"))
        }
        put(value.description)
    }

    /// Takes the place of the value that is due.
    func scalar() { isValueDue = false }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(ObjectPen(pen: self))
    }
    func unkeyedContainer() -> any UnkeyedEncodingContainer { ListPen(pen: self) }
    func singleValueContainer() -> any SingleValueEncodingContainer { ScalarPen(pen: self) }

    /// A container in place of the next value of another.
    func nested<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        isValueDue = true
        return container(keyedBy: type)
    }
    func nestedList() -> any UnkeyedEncodingContainer {
        isValueDue = true
        return unkeyedContainer()
    }
}

private struct ObjectPen<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let pen: Pen
    let place: Place
    var codingPath: [any CodingKey] { [] }

    init(pen: Pen) {
        self.pen = pen
        place = pen.begin(UInt8(ascii: "{"), UInt8(ascii: "}"))
    }

    func encodeNil(forKey key: Key) {
        pen.name(key, at: place)
        pen.put("null" as StaticString)
    }
    func encode(_ value: Bool, forKey key: Key) {
        pen.name(key, at: place)
        pen.put(value)
    }
    func encode(_ value: String, forKey key: Key) {
        pen.name(key, at: place)
        pen.put(text: value)
    }
    func encode(_ value: Int, forKey key: Key) {
        pen.name(key, at: place)
        pen.put(value)
    }
    func encode(_ value: some Encodable, forKey key: Key) throws {
        pen.name(key, at: place)
        try pen.write(value)
    }
    func nestedContainer<Nested: CodingKey>(
        keyedBy keyType: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        pen.name(key, at: place)
        return pen.nested(keyedBy: keyType)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        pen.name(key, at: place)
        return pen.nestedList()
    }
    func superEncoder() -> any Encoder { preconditionFailure("records have no superclass") }
    func superEncoder(forKey key: Key) -> any Encoder { superEncoder() }
}

private struct ListPen: UnkeyedEncodingContainer {
    let pen: Pen
    let place: Place
    private(set) var count = 0
    var codingPath: [any CodingKey] { [] }

    init(pen: Pen) {
        self.pen = pen
        place = pen.begin(UInt8(ascii: "["), UInt8(ascii: "]"))
    }

    private mutating func next() {
        pen.next(at: place)
        count += 1
    }
    mutating func encodeNil() {
        next()
        pen.put("null" as StaticString)
    }
    mutating func encode(_ value: some Encodable) throws {
        next()
        try pen.write(value)
    }
    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy keyType: Nested.Type
    ) -> KeyedEncodingContainer<Nested> {
        next()
        return pen.nested(keyedBy: keyType)
    }
    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        next()
        return pen.nestedList()
    }
    func superEncoder() -> any Encoder { preconditionFailure("records have no superclass") }
}

private struct ScalarPen: SingleValueEncodingContainer {
    let pen: Pen
    var codingPath: [any CodingKey] { [] }

    func encodeNil() {
        pen.scalar()
        pen.put("null" as StaticString)
    }
    func encode(_ value: Bool) {
        pen.scalar()
        pen.put(value)
    }
    func encode(_ value: String) {
        pen.scalar()
        pen.put(text: value)
    }
    func encode(_ value: Int) { whole(value) }
    func encode(_ value: Int8) { whole(value) }
    func encode(_ value: Int16) { whole(value) }
    func encode(_ value: Int32) { whole(value) }
    func encode(_ value: Int64) { whole(value) }
    func encode(_ value: UInt) { whole(value) }
    func encode(_ value: UInt8) { whole(value) }
    func encode(_ value: UInt16) { whole(value) }
    func encode(_ value: UInt32) { whole(value) }
    func encode(_ value: UInt64) { whole(value) }
    func encode(_ value: Float) throws {
        pen.scalar()
        try pen.put(value)
    }
    func encode(_ value: Double) throws {
        pen.scalar()
        try pen.put(value)
    }
    /// Another value in the place of this one.
    func encode(_ value: some Encodable) throws { try value.encode(to: pen) }

    private func whole(_ value: some BinaryInteger) {
        pen.scalar()
        pen.put(value)
    }
}
