import AirlockModel

extension Template {
    /// Every field by its name in `service.yaml` and as a person would write it there; nil for one that is
    /// left out. The fields stand in the same order for every template.
    var written: [(name: String, text: String?)] {
        [
            ("port", String(port)),
            ("health", health.map { "\($0.path) every \($0.every.exact)" }),
            ("cpu", resources.milliCPU.map(Self.cores)),
            ("memory", resources.memoryBytes.map(Self.memory)),
            ("calls", calls.isEmpty ? nil : calls.map(\.description).joined(separator: ", ")),
            ("stopGrace", stopGrace.map(\.exact)),
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

extension Duration {
    /// As a file of the repository spells it, `1h30m`: exact to the millisecond, unlike ``brief``.
    fileprivate var exact: String {
        let units: [(String, Int)] = [
            ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
        ]
        var rest = milliseconds
        var text = ""
        for (name, size) in units where rest >= size {
            text += "\(rest / size)\(name)"
            rest %= size
        }
        return text.isEmpty ? "0s" : text
    }
}
