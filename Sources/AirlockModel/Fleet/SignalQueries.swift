package import AirlockAnalysis

/// The server that measures what an environment runs.
package struct MetricsServer: Hashable, Sendable, Codable {
    package let address: HTTPAddress
    /// Time between two of its scrapes of the same instance: nothing newer can be known.
    package let every: Duration

    package init(address: HTTPAddress, every: Duration = .seconds(15)) {
        self.address = address
        self.every = every
    }

    /// What ``every`` may be.
    ///
    /// Longer, and the newest value would be stale before the next one comes.
    package static let allowed: ClosedRange<Duration> = .seconds(1)...(.seconds(30))

    /// How old the newest sample may be: three scrapes. Also what `$window` stands for.
    package var window: Duration { every * 3 }
}

/// How a service's signals are asked for; the same text for every slot, with ``SignalQuery/Variable``s.
package struct SignalQueries: Hashable, Sendable {
    /// What a service can say about itself.
    package enum Signal: String, Hashable, Sendable, CaseIterable {
        /// Cumulative, one series an instance.
        case requests
        /// Cumulative, one series an instance; a part of the requests.
        case errors
        /// In seconds.
        case latencyP99
        /// Cumulative, by the upper bound `le` in seconds, as of a histogram.
        case latencyBuckets
        /// A share of the limit, 0 to 1.
        case cpu
        /// In bytes.
        case memory

        /// Whether only differences mean anything.
        package var isCumulative: Bool {
            switch self {
            case .requests, .errors, .latencyBuckets: true
            case .latencyP99, .cpu, .memory: false
            }
        }
    }

    package let requests: SignalQuery
    package let errors: SignalQuery
    /// Whether each count of `errors` is of another client, so that retries are in it once; else one
    /// client may be in it many times.
    package let areErrorsSeparate: Bool
    /// The label whose value names the instance that a series is of.
    package let instance: String
    /// What is asked beside them.
    package let others: [Signal: SignalQuery]
    /// The service's own signals, sorted by name.
    package let named: [Named]

    /// A signal that the service gives a name, for the bounds of its releases.
    package struct Named: Hashable, Sendable {
        /// None of ``HardLimit/Known``.
        package let name: SignalName
        package let query: SignalQuery

        package init(name: SignalName, query: SignalQuery) {
            self.name = name
            self.query = query
        }
    }

    /// The most signals that a service may name.
    package static let mostNamed = 16

    /// What Prometheus itself puts on every series that it scrapes.
    package static let scrapedInstance = "instance"

    /// - Parameters:
    ///   - instance: A name for which ``isLabel(_:)`` is true.
    ///   - others: Neither requests nor errors.
    ///   - named: In any order, each name once.
    package init(
        requests: SignalQuery, errors: SignalQuery, areErrorsSeparate: Bool = false,
        instance: String = SignalQueries.scrapedInstance,
        others: [Signal: SignalQuery] = [:], named: [Named] = []
    ) {
        self.named = named.sorted { $0.name < $1.name }
        self.requests = requests
        self.errors = errors
        self.areErrorsSeparate = areErrorsSeparate
        self.instance = instance
        self.others = others
    }

    /// The question for a signal; nil where the service has none.
    package subscript(signal: Signal) -> SignalQuery? {
        switch signal {
        case .requests: requests
        case .errors: errors
        case .latencyP99, .latencyBuckets, .cpu, .memory: others[signal]
        }
    }

    /// The signals that are asked for, in the order of their kinds.
    package var signals: [Signal] { Signal.allCases.filter { self[$0] != nil } }

    /// What tells of the signals of those names and counts no requests.
    package func gauges(of names: [SignalName]) -> (signals: [Signal], named: [Named]) {
        let known = signals.filter { signal in
            switch signal {
            case .cpu: names.contains(HardLimit.Known.cpu.name)
            case .memory: names.contains(HardLimit.Known.memory.name)
            case .requests, .errors, .latencyP99, .latencyBuckets: false
            }
        }
        return (known, named.filter { names.contains($0.name) })
    }

    /// What is asked to compare single instances: without buckets, which are many series each, and without
    /// memory and signals of the service's own, by which no instance is judged.
    package var ofInstances: SignalQueries {
        SignalQueries(
            requests: requests, errors: errors, areErrorsSeparate: areErrorsSeparate,
            instance: instance, others: others.filter { $0.key == .latencyP99 || $0.key == .cpu })
    }

    /// What is asked of a slot by itself: without the signals of the service's own, which are for the bounds
    /// of a rollout, so that one that cannot be answered takes away nothing else.
    package var withoutNamed: SignalQueries {
        SignalQueries(
            requests: requests, errors: errors, areErrorsSeparate: areErrorsSeparate,
            instance: instance, others: others)
    }

    /// Whether a text is the name of a label, as the data model of Prometheus has it, that a user may mean:
    /// names with two underscores before them are its own.
    package static func isLabel(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first), !text.hasPrefix("__"),
            text.utf8.count <= 128
        else { return false }
        return text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                || $0 == 0x5F
        }
    }
}

/// One question in PromQL with variables.
package struct SignalQuery: Hashable, Sendable {
    /// What a query may leave open, spelled with a `$` before it.
    package enum Variable: String, Hashable, Sendable, CaseIterable {
        case lane
        case environment
        case service
        /// All 64 digits of a slot's id.
        case slot
        /// Its first 12 digits, for engines whose labels are short.
        case shortSlot
        /// How far back a value may lie, such as `15s`.
        case window
    }

    /// Why a text is no query.
    package enum Fault: Error, Hashable, Sendable {
        case tooLong(Int)
        case unknownVariable(String)
        /// Neither a plain selector nor bounded by `$window`: a value that is long gone would count.
        case mayBeStale
    }

    /// The most bytes of a query.
    package static let maximumBytes = 2_000

    /// What the query is made of.
    package enum Piece: Hashable, Sendable {
        case text(String)
        case variable(Variable)
    }

    package let text: String
    package let pieces: [Piece]
    /// Whether it names series and nothing else, so that a window can be put behind it.
    package let isSelector: Bool

    /// - Throws: ``Fault``.
    package init(_ text: String) throws(Fault) {
        guard text.utf8.count <= Self.maximumBytes else { throw .tooLong(text.utf8.count) }
        self.text = text
        pieces = try Self.pieces(of: text)
        isSelector = Self.isSelector(text)
        guard isSelector || pieces.contains(.variable(.window)) else { throw .mayBeStale }
    }

    /// The query with values in the place of variables.
    ///
    /// - Parameter value: Escaped here, because a variable stands between quotes.
    package func filled(_ value: (Variable) -> String) -> String {
        pieces.map { piece in
            switch piece {
            case .text(let text): text
            case .variable(let variable): Self.escaped(value(variable))
            }
        }.joined()
    }

    /// Written so that it can leave no string, whichever quotes it stands in.
    private static func escaped(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\", "\"", "'": text += "\\\(scalar)"
            case "\n": text += "\\n"
            // A raw string has no escapes, so what ends one is left out.
            case "`": continue
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    private static func pieces(of text: String) throws(Fault) -> [Piece] {
        var pieces: [Piece] = []
        var plain = ""
        var rest = text[...]
        while let character = rest.popFirst() {
            let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            guard character == "$", let first = name.first, !first.isNumber else {
                plain.append(character)
                continue
            }
            guard let variable = Variable(rawValue: String(name)) else {
                throw .unknownVariable(String(name))
            }
            if !plain.isEmpty { pieces.append(.text(plain)) }
            plain = ""
            pieces.append(.variable(variable))
            rest = rest.dropFirst(name.count)
        }
        if !plain.isEmpty { pieces.append(.text(plain)) }
        return pieces
    }

    /// `name`, `name{…}` or `{…}`, with quotes read as PromQL reads them.
    private static func isSelector(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        var place = 0
        while place < bytes.count, isOfName(bytes[place]) { place += 1 }
        let name = bytes[..<place]
        if let first = name.first, (0x30...0x39).contains(first) { return false }
        if place == bytes.count { return !name.isEmpty }
        guard bytes[place] == UInt8(ascii: "{") else { return false }
        var quote: UInt8?
        place += 1
        while place < bytes.count {
            let byte = bytes[place]
            if let open = quote {
                if byte == UInt8(ascii: "\\"), open != UInt8(ascii: "`") { place += 1 }
                if byte == open { quote = nil }
            } else if [UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`")].contains(byte) {
                quote = byte
            } else if byte == UInt8(ascii: "}") {
                return place == bytes.count - 1
            }
            place += 1
        }
        return false
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
            || (0x61...0x7A).contains(byte) || byte == 0x5F || byte == 0x3A
    }
}
