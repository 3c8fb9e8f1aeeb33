package import AirlockModel

/// The fleet of one commit, what is wrong with it and what of it moved.
package struct DecodedFleet: Sendable {
    /// Nil when `fleet.yaml` cannot be read: the whole commit is refused.
    package let fleet: Fleet?
    /// Everything that is wrong, sorted by place.
    package let diagnostics: [Diagnostic]
    /// Empty when `simulation.yaml` is absent; nil when it cannot be read, and what was said before
    /// stays.
    package let simulation: SimulationSpec?
    /// Lanes whose read set changed since the last commit that was not refused.
    package let touched: Set<LaneID>
    /// Whether nothing but those lanes differs: no environment, limit, order or name moved.
    package let isNarrow: Bool
    package let counts: DecodeCounts
}

/// How much work one difference took.
package struct DecodeCounts: Hashable, Sendable {
    /// Blobs that were read as documents.
    package var documentsDecoded = 0
    /// Lanes that were put together again.
    package var lanesAssembled = 0

    package init() {}
}

/// A document whose contents are needed.
package struct WantedDocument: Hashable, Sendable {
    /// One of the paths at which the blob lies.
    package let path: String
    package let key: DocumentKey
}
