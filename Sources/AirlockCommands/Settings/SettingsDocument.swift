import AirlockManifest
import AirlockModel

/// Reading a settings file with the same diagnostics as a file of the fleet.
enum SettingsDocument {
    /// The values of a flat mapping of `keys`, or everything that is wrong with it.
    static func read(
        path: String, bytes: [UInt8], keys: [String]
    ) -> (values: [String: String], diagnostics: [Diagnostic]) {
        let document: Document
        do throws(Problem) { document = try Document(bytes) } catch {
            return ([:], [error.diagnostic(at: path)])
        }
        guard case .mapping(let pairs) = document.root.content else {
            let place = document.root.place
            return (
                [:],
                [
                    Diagnostic(
                        path: path, line: place.line, column: place.column,
                        problem: "a settings file is a mapping", advice: "write repo: /srv/shop.git"
                    )
                ]
            )
        }
        var values: [String: String] = [:]
        var diagnostics: [Diagnostic] = []
        for pair in pairs {
            if !keys.contains(pair.key) {
                diagnostics.append(
                    Diagnostic(
                        path: path, line: pair.place.line, column: pair.place.column,
                        problem: "there is no setting \(pair.key)",
                        advice: "use one of \(keys.joined(separator: ", "))"))
            } else if case .scalar(let text, _) = pair.value.content {
                values[pair.key] = text
            } else {
                diagnostics.append(
                    Diagnostic(
                        path: path, line: pair.value.place.line, column: pair.value.place.column,
                        problem: "\(pair.key) is one value", advice: "write it on the same line"))
            }
        }
        return (values, diagnostics.sorted())
    }
}
