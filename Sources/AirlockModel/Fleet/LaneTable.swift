import HashTreeCollections

/// Values by lane, kept apart by environment.
///
/// A copy shares everything that is not changed in it, so a step that keeps the table of the step
/// before costs what it changes and not what there is.
package struct LaneTable<Value: Sendable>: Sendable {
    private var parts: [EnvironmentName: TreeDictionary<LaneID, Value>] = [:]

    package init() {}

    /// A table of these values.
    package init(_ values: [LaneID: Value]) {
        for (lane, value) in values { self[lane] = value }
    }

    /// The value of `lane`; nil removes it.
    package subscript(lane: LaneID) -> Value? {
        get { parts[lane.environment]?[lane] }
        _modify {
            var part = parts.removeValue(forKey: lane.environment) ?? [:]
            defer { parts[lane.environment] = part.isEmpty ? nil : part }
            yield &part[lane]
        }
    }

    /// The value of `lane`, which begins as `fallback`.
    package subscript(lane: LaneID, default fallback: @autoclosure () -> Value) -> Value {
        get { self[lane] ?? fallback() }
        _modify {
            var value = self[lane] ?? fallback()
            defer { self[lane] = value }
            yield &value
        }
    }

    /// The environments with at least one lane.
    package var environments: Set<EnvironmentName> { Set(parts.keys) }

    /// The lanes of one environment.
    package func part(of environment: EnvironmentName) -> LaneTable {
        var table = LaneTable()
        table.parts[environment] = parts[environment]
        return table
    }

    /// Whether there is no lane at all.
    package var isEmpty: Bool { parts.isEmpty }

    /// The number of lanes.
    package var count: Int { parts.values.reduce(0) { $0 + $1.count } }

    /// The lanes, in no order.
    package var keys: some Sequence<LaneID> { lazy.map(\.key) }

    /// The values, in no order.
    package var values: some Sequence<Value> { lazy.map(\.value) }
}

extension LaneTable: Sequence {
    /// Walks through one environment after the other, in no order.
    package struct Iterator: IteratorProtocol {
        private var parts: [TreeDictionary<LaneID, Value>]
        private var current: TreeDictionary<LaneID, Value>.Iterator

        fileprivate init(_ parts: [TreeDictionary<LaneID, Value>]) {
            self.parts = parts
            let none: TreeDictionary<LaneID, Value> = [:]
            current = none.makeIterator()
        }

        package mutating func next() -> (key: LaneID, value: Value)? {
            while true {
                if let found = current.next() { return found }
                guard let part = parts.popLast() else { return nil }
                current = part.makeIterator()
            }
        }
    }

    package func makeIterator() -> Iterator { Iterator(Array(parts.values)) }
}

extension LaneTable: Equatable where Value: Equatable {}
extension LaneTable: Hashable where Value: Hashable {}

extension LaneTable: ExpressibleByDictionaryLiteral {
    /// A table of these values; the last of a lane wins.
    package init(dictionaryLiteral elements: (LaneID, Value)...) {
        for (lane, value) in elements { self[lane] = value }
    }
}
