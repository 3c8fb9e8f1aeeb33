import AirlockModel

extension Template {
    /// Every field by its name in `service.yaml` and as a person would write it there; nil for one that is
    /// left out. The fields stand in the same order for every template.
    var written: [(name: String, text: String?)] {
        [
            ("port", String(port)),
            ("health", health.map { "\($0.path) every \($0.every.spelled)" }),
            ("cpu", resources.milliCPU.map(Self.cores)),
            ("memory", resources.memoryBytes.map(Self.memory)),
            ("calls", calls.isEmpty ? nil : calls.map(\.description).joined(separator: ", ")),
            ("stopGrace", stopGrace.map(\.spelled)),
        ]
    }

    /// `500m`, or `2` for whole cores.
    private static func cores(_ thousandths: Int) -> String {
        thousandths % 1_000 == 0 ? String(thousandths / 1_000) : "\(thousandths)m"
    }

    /// `256Mi` or `64M`: in the largest unit that says it exactly.
    private static func memory(_ bytes: Int) -> String {
        let units: [(String, Int)] = [
            ("Ti", 1 << 40), ("T", 1_000_000_000_000), ("Gi", 1 << 30), ("G", 1_000_000_000),
            ("Mi", 1 << 20), ("M", 1_000_000), ("Ki", 1 << 10), ("k", 1_000),
        ]
        guard bytes > 0, let (name, size) = units.first(where: { bytes % $0.1 == 0 }) else {
            return "\(bytes) bytes"
        }
        return "\(bytes / size)\(name)"
    }
}
