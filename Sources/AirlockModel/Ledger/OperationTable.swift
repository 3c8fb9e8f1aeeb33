import HashTreeCollections

/// Open operations by number.
///
/// A copy shares everything that is not changed in it: whoever holds the journal of a moment does not make the
/// next write copy every operation, and after a burst nothing of it stays.
package struct OperationTable: Hashable, Sendable {
    private var operations: TreeDictionary<Int, OperationRecord> = [:]

    /// The operation of that number; nil removes it.
    package subscript(number: Int) -> OperationRecord? {
        get { operations[number] }
        _modify { yield &operations[number] }
    }

    /// The operations, in no order.
    package var values: some Sequence<OperationRecord> { operations.values }

    /// Their numbers, in no order.
    package var keys: some Sequence<Int> { operations.keys }

    /// Whether there is none.
    package var isEmpty: Bool { operations.isEmpty }

    /// How many there are.
    package var count: Int { operations.count }
}

extension OperationTable: ExpressibleByDictionaryLiteral {
    /// A table of these operations; the last of a number wins.
    package init(dictionaryLiteral elements: (Int, OperationRecord)...) {
        for (number, operation) in elements { operations[number] = operation }
    }
}
