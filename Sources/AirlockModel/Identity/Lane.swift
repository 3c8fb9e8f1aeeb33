/// What kind of thing is released on its own.
package enum UnitKind: String, Hashable, Sendable, Codable, CaseIterable {
    case service
    case flagSet
    case dataset

    /// What stands before the unit's name in a lane; empty for a service.
    package var prefix: String {
        switch self {
        case .service: ""
        case .flagSet: "flags:"
        case .dataset: "data:"
        }
    }
}

/// What is released on its own: a service, a flag set or a dataset; the kind is part of the identity.
package struct UnitID: TextIdentity {
    package static let noun = "unit"
    package let kind: UnitKind
    package let name: UnitName

    package init(kind: UnitKind, name: UnitName) {
        self.kind = kind
        self.name = name
    }

    /// Reads `checkout`, `flags:checkout` or `data:customers`.
    package init?(_ text: String) {
        let kind: UnitKind =
            if text.hasPrefix(UnitKind.flagSet.prefix) {
                .flagSet
            } else if text.hasPrefix(UnitKind.dataset.prefix) { .dataset } else { .service }
        guard let name = UnitName(String(text.dropFirst(kind.prefix.count))) else { return nil }
        self.init(kind: kind, name: name)
    }

    package var description: String { kind.prefix + name.description }
}

/// One (environment, unit): the unit of reconciling, locking, freezing and history.
///
/// Written `production/checkout`, `production/flags:checkout` or `production/data:customers`.
package struct LaneID: TextIdentity {
    package static let noun = "lane"
    package let environment: EnvironmentName
    package let unit: UnitID

    package init(environment: EnvironmentName, unit: UnitID) {
        self.environment = environment
        self.unit = unit
    }

    /// Reads `environment/unit`; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard
            parts.count == 2, let environment = EnvironmentName(String(parts[0])),
            let unit = UnitID(String(parts[1]))
        else { return nil }
        self.init(environment: environment, unit: unit)
    }

    package var description: String { "\(environment)/\(unit)" }

    /// Orders by environment, then by unit.
    package static func < (left: LaneID, right: LaneID) -> Bool {
        if left.environment != right.environment { return left.environment < right.environment }
        return left.unit < right.unit
    }
}
