import AirlockAnalysis
import AirlockModel

/// How a text of the format is spelled.
package enum Form: Hashable, Sendable {
    /// Any text of at least one character.
    case words
    /// A name of a fleet, an environment, a service or a secret.
    case name(String)
    case artifact
    /// `sha256:` and 64 digits.
    case digest
    /// A time above zero, such as `10m`.
    case duration
    /// A time that may be zero.
    case delay
    /// A delay, or `never`.
    case delayOrNever
    case share
    case cpu
    case memory
    /// Memory per minute.
    case growth
    case rate
    /// A number of actions in a window of time.
    case budget
    /// The path of a URL.
    case urlPath
    /// Where a server speaks HTTP.
    case httpAddress
    /// The name of a configuration value.
    case configKey
    /// A decimal number of a unit that only the user knows.
    case number
    /// The name of a signal of the service's own.
    case signalName
    /// One of a few words.
    case choice([String])

    /// What the text is called, with its article.
    package var noun: String {
        switch self {
        case .words: "a text"
        case .name(let noun): "\(noun.hasPrefix("environment") ? "an" : "a") \(noun)"
        case .artifact: "an artifact named by digest"
        case .digest: "a digest"
        case .duration: "a duration above zero"
        case .delay: "a duration"
        case .delayOrNever: "a duration or `never`"
        case .share: "a percentage of at most 100%"
        case .cpu: "an amount of CPU"
        case .memory: "an amount of memory"
        case .growth: "a growth of memory"
        case .rate: "a rate"
        case .budget: "a budget"
        case .urlPath: "the path of a URL"
        case .httpAddress: "the address of an HTTP server"
        case .configKey: "the name of a configuration value"
        case .number: "a number"
        case .signalName: "the name of a signal"
        case .choice(let words):
            words.count == 1
                ? "the word `\(words[0])`"
                : "one of \(words.map { "`\($0)`" }.joined(separator: ", "))"
        }
    }

    /// The right form, for the end of a message.
    package var advice: String {
        switch self {
        case .words: "write at least one character"
        case .name: "use \(UnitName.form)"
        case .artifact: "write \(ArtifactReference.form); a tag can be moved and is refused"
        case .digest: "write sha256:<64 lowercase hexadecimal digits>"
        case .duration, .delay: "write 250ms, 10s, 10m, 1h30m or 7d"
        case .delayOrNever: "write 250ms, 10s, 1h30m or never"
        case .share: "write 25% or 0.5%"
        case .cpu: "write 500m for half a core, or 2 for two cores"
        case .memory: "write 256Mi, 1Gi or 64M"
        case .growth: "write 10Mi/m"
        case .rate: "write 50/s, 0.5/s or 30/m"
        case .budget: "write 3 per 10m, with at most \(HealingPolicy.Budget.maximum) in at least 1s"
        case .urlPath: "write /healthz"
        case .httpAddress:
            "write https://prometheus.example:9090, without user, query or a slash at the end"
        case .configKey: "use letters, digits, `_`, `.` and `-`, starting with a letter or `_`"
        case .number: "write 100, 0.25 or -3"
        case .signalName: "use 1 to 64 lowercase letters, digits, `.`, `_` and `-`"
        case .choice(let words): "write \(words.joined(separator: " or "))"
        }
    }

    /// Whether a number without quotes is accepted too.
    package var allowsInteger: Bool { self == .cpu || self == .number }

    /// The grammar as a regular expression that JSON Schema (ECMA 262) understands.
    package var pattern: String {
        let time = "([0-9]{1,6}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?([0-9]{1,6}ms)?"
        let size = "[1-9][0-9]{0,5}(k|M|G|T|Ki|Mi|Gi|Ti)"
        return switch self {
        case .words: "^[^\\n]+$"
        case .name: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
        case .artifact:
            "^(?=.{1,255}@)(\(Self.host)/)?(\(Self.component)/)*\(Self.component)"
                + "@sha256:[0-9a-f]{64}$"
        case .digest: "^sha256:[0-9a-f]{64}$"
        case .duration: "^(?=.*[1-9])\(time)$"
        case .delay: "^(?=.)\(time)$"
        case .delayOrNever: "^(never|(?=.)\(time))$"
        case .share: "^(100(\\.0{1,2})?|[0-9]{1,2}(\\.[0-9]{1,2})?)%$"
        case .cpu: "^[1-9][0-9]{0,5}m?$"
        case .memory: "^\(size)$"
        case .growth: "^\(size)/m$"
        case .rate: "^[0-9]{1,6}(\\.[0-9]{1,3})?/(s|m)$"
        case .budget:
            "^([1-9]|[1-4][0-9]|50) per (?=.*[1-9].*(d|h|m|s)$)([0-9]{1,6}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$"
        case .urlPath: "^/[!-~]{0,254}$"
        case .httpAddress: HTTPAddress.pattern
        case .configKey: "^[A-Za-z_][A-Za-z0-9_.-]{0,127}$"
        case .number: "^-?[0-9]{1,12}(\\.[0-9]{1,6})?$"
        case .signalName: "^[a-z0-9._-]{1,64}$"
        case .choice(let words): "^(\(words.joined(separator: "|")))$"
        }
    }

    /// Whether `text` is spelled in this form.
    package func accepts(_ text: String) -> Bool {
        switch self {
        case .words: !text.isEmpty && !text.utf8.contains(0x0A)
        case .name: UnitName(text) != nil
        case .artifact: ArtifactReference(text) != nil
        case .digest: Quantity.digest(text) != nil
        case .duration: Quantity.duration(text).map { $0 > .zero } ?? false
        case .delay: Quantity.duration(text) != nil
        case .delayOrNever: text == "never" || Quantity.duration(text) != nil
        case .share: Quantity.share(text) != nil
        case .cpu: Quantity.milliCPU(text) != nil
        case .memory: Quantity.memoryBytes(text) != nil
        case .growth: Quantity.growthPerMinute(text) != nil
        case .rate: Quantity.milliRate(text) != nil
        case .budget: Quantity.budget(text) != nil
        case .urlPath: Self.isPath(text)
        case .httpAddress: HTTPAddress(text) != nil
        case .configKey: Self.isConfigKey(text)
        case .number: Quantity.millionths(text) != nil
        case .signalName: SignalName(text) != nil
        case .choice(let words): words.contains(text)
        }
    }

    /// Whether `text` would be of this form if its numbers had fewer digits.
    func isTooLong(_ text: String) -> Bool {
        switch self {
        case .duration, .delay, .delayOrNever, .cpu, .memory, .growth, .rate, .budget:
            Quantity.shortened(text).map { accepts($0) } ?? false
        case .words, .name, .artifact, .digest, .share, .urlPath, .httpAddress, .configKey, .number,
            .signalName, .choice:
            false
        }
    }

    /// The right form of `number`, which stands without the unit that this form needs; nil for a
    /// form without units.
    package func unitAdvice(for number: String) -> String? {
        switch self {
        case .duration, .delay, .delayOrNever: "write \(number)s or \(number)m"
        case .share: "write \(number)%"
        case .memory: "write \(number)Mi or \(number)M"
        case .growth: "write \(number)Mi/m"
        case .rate: "write \(number)/s"
        case .budget: "write \(number) per 10m"
        case .words, .name, .artifact, .digest, .cpu, .urlPath, .httpAddress, .configKey, .number,
            .signalName, .choice:
            nil
        }
    }

    /// A path component of an image's name, by the grammar of the OCI distribution reference.
    private static let component = "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*"
    /// The host of an image's name, with an optional port.
    private static let host: String = {
        let label = "[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?"
        return "\(label)(\\.\(label))*(:[0-9]{1,5})?"
    }()

    private static func isPath(_ text: String) -> Bool {
        text.utf8.first == UInt8(ascii: "/") && text.utf8.count <= 255
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    private static func isConfigKey(_ text: String) -> Bool {
        func isStart(_ byte: UInt8) -> Bool {
            (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
        }
        guard let first = text.utf8.first, isStart(first), text.utf8.count <= 128 else {
            return false
        }
        return text.utf8.allSatisfy {
            isStart($0) || (0x30...0x39).contains($0) || $0 == 0x2E || $0 == 0x2D
        }
    }
}
