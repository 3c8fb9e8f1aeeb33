private import AirlockAnalysis

/// Why the columns of an entry are not looks.
package enum EvidenceFault: Error, Hashable, Sendable {
    /// The column is missing, is no list of that many values, or has a value of another kind.
    case column(String)
}

/// Looks in columns, as entries of the audit log keep them.
///
/// Values are separated by commas, equal ones that follow each other are written once with their
/// number (`0*60`), and `-` is no value. A minute of one look a second is about a kilobyte. Only seconds
/// have values in the columns of metrics and limits, which are counted from 0 in the policy's order.
package enum EvidenceColumns {
    /// Milliseconds since 1970 that a look can be at: until the year 9999.
    private static let times = 0...253_402_300_799_999
    /// The most looks of one entry.
    package static let mostLooks = 64
    /// Bytes of the values of an entry, at most; leaves room for its other fields and the columns' names.
    private static let mostBytes = 10_000
    /// Bytes of one piece of a column: a longer one goes on under its name with `+1`, `+2`, ….
    private static let pieceBytes = 2_000

    /// The details of the entries that keep `looks`, in their order.
    ///
    /// - Parameter count: Looks of the same rollout that were kept before.
    package static func details(of looks: [JudgedLook], after count: Int) -> [[String: String]] {
        var details: [[String: String]] = []
        var (first, place, bytes) = (0, 0, 0)
        func close() {
            guard first < place else { return }
            details.append(detail(of: looks[first..<place], from: count + first + 1))
            (first, bytes) = (place, 0)
        }
        while place < looks.count {
            let size = looks[place].row.reduce(0) { $0 + $1.value.utf8.count + 1 }
            // However long the values are, no column and no entry is cut.
            if place - first == mostLooks || bytes + size > mostBytes { close() }
            bytes += size
            place += 1
        }
        close()
        return details
    }

    private static func detail(
        of looks: ArraySlice<JudgedLook>, from first: Int
    ) -> [String: String] {
        var columns: [String: [String]] = [:]
        var before = 0
        for look in looks {
            columns["at", default: []].append(String(look.at &- before))
            before = look.at
            for (name, value) in look.row { columns[name, default: []].append(value) }
        }
        var detail = ["looks": "\(first)-\(first + looks.count - 1)"]
        for (name, values) in columns {
            detail.merge(pieces(of: runs(values), named: name, bytes: pieceBytes)) { $1 }
        }
        return detail
    }

    /// Reads what ``details(of:after:)`` wrote for looks of `policy`.
    ///
    /// - Returns: The number of the first look, from 1, and the looks.
    package static func looks(
        in detail: [String: String], of policy: JudgedPolicy
    ) throws(EvidenceFault) -> (first: Int, looks: [JudgedLook]) {
        let range = (detail["looks"] ?? "").split(separator: "-").map { Int($0) }
        guard range.count == 2, let first = range[0], let last = range[1], first > 0, last >= first,
            last - first < mostLooks
        else { throw .column("looks") }
        let count = last - first + 1
        let times = try Column("at", count, in: detail).integers()
        let steps = try Column(Name.step, count, in: detail).integers()
        let words = try Column(Name.seen, count, in: detail).values
        let seconds = words.count { $0 == JudgedLook.secondWord }
        var metrics: [[JudgedLook.Counts?]] = []
        var latencies: [JudgedLook.Counts?] = []
        for (place, metric) in policy.policy.metrics.enumerated() {
            let found = try counts(of: metric, place, seconds, detail, after: latencies)
            if metric.kind.isLatency {
                latencies = found.indices.map { second in
                    found[second] ?? (latencies.isEmpty ? nil : latencies[second])
                }
            }
            metrics.append(found)
        }
        var limits: [[Int?]] = []
        for place in policy.policy.limits.indices {
            limits.append(try Column(Name.limit(place), seconds, in: detail).optionals())
        }
        var looks: [JudgedLook] = []
        var (time, next) = (0, 0)
        for place in 0..<count {
            time &+= times[place]
            guard Self.times.contains(time) else { throw .column("at") }
            guard policy.steps.indices.contains(steps[place]) else { throw .column(Name.step) }
            let seen: JudgedLook.Seen
            switch words[place] {
            case JudgedLook.secondWord:
                let values = limits.map { $0[next].map { SignalValue(millionths: Int64($0)) } }
                seen = .second(metrics: metrics.map { $0[next] }, limits: values)
                next += 1
            case JudgedLook.clockWord: seen = .clock
            case let word:
                guard let fault = DataFault(rawValue: String(word)) else {
                    throw .column(Name.seen)
                }
                seen = .fault(fault)
            }
            looks.append(JudgedLook(at: time, step: steps[place], seen: seen))
        }
        return (first, looks)
    }

    private static func counts(
        of metric: ComparedMetric, _ place: Int, _ seconds: Int, _ detail: [String: String],
        after latencies: [JudgedLook.Counts?]
    ) throws(EvidenceFault) -> [JudgedLook.Counts?] {
        let target = try Column(Name.target(place), seconds, in: detail)
        let base = try Column(Name.base(place), seconds, in: detail)
        let who = try Column(Name.witnesses(place), seconds, in: detail)
        var found: [JudgedLook.Counts?] = []
        for second in 0..<seconds {
            guard target.values[second] != "-" else {
                guard base.values[second] == "-" else { throw .column(base.name) }
                found.append(nil)
                continue
            }
            let witnesses = try who.witnesses(at: second)
            if metric.kind.isLatency, target.values[second] == Spelling.same {
                guard base.values[second] == Spelling.same, latencies.indices.contains(second),
                    case .latencies(let before) = latencies[second]
                else { throw .column(target.name) }
                found.append(
                    .latencies(
                        LatencyTally(
                            canary: before.canary, stable: before.stable, witnesses: witnesses)))
            } else if metric.kind.isLatency {
                found.append(
                    .latencies(
                        LatencyTally(
                            canary: try target.buckets(at: second),
                            stable: try base.buckets(at: second), witnesses: witnesses)))
            } else {
                found.append(
                    .events(
                        Tally(
                            canary: try target.served(at: second),
                            stable: try base.served(at: second), witnesses: witnesses)))
            }
        }
        return found
    }

    // MARK: Spelling

    private static func runs(_ values: [String]) -> String {
        var runs: [(value: String, times: Int)] = []
        for value in values {
            if let last = runs.indices.last, runs[last].value == value {
                runs[last].times += 1
            } else {
                runs.append((value, 1))
            }
        }
        return runs.map { $0.times == 1 ? $0.value : "\($0.value)*\($0.times)" }
            .joined(separator: ",")
    }

    /// A long text as details of an entry that are not cut: it goes on under its name with `+1`, `+2`, ….
    ///
    /// - Parameters:
    ///   - text: ASCII only.
    ///   - most: Bytes of one piece, at the most.
    static func pieces(of text: String, named name: String, bytes most: Int) -> [String: String] {
        let bytes = Array(text.utf8)
        var detail: [String: String] = [:]
        for start in stride(from: 0, to: max(1, bytes.count), by: most) {
            detail[start == 0 ? name : "\(name)+\(start / most)"] =
                String(decoding: bytes[start..<min(start + most, bytes.count)], as: UTF8.self)
        }
        return detail
    }

    /// What ``pieces(of:named:bytes:)`` wrote; empty where nothing has that name.
    static func text(named name: String, in detail: [String: String]) -> String {
        var text = detail[name] ?? ""
        var number = 1
        while let more = detail["\(name)+\(number)"] {
            text += more
            number += 1
        }
        return text
    }
}

extension EvidenceColumns {
    /// What columns are called.
    fileprivate enum Name {
        static let step = "step"
        static let seen = "seen"

        static func target(_ place: Int) -> String { "metric.\(place).target" }
        static func base(_ place: Int) -> String { "metric.\(place).base" }
        static func witnesses(_ place: Int) -> String { "metric.\(place).witnesses" }
        static func limit(_ place: Int) -> String { "limit.\(place)" }
    }

    /// What stands for more than itself.
    fileprivate enum Spelling {
        /// Buckets that are those of the metric of latency before.
        static let same = "="
    }

    /// The values of one column, each as often as it stands for.
    fileprivate struct Column {
        let name: String
        let values: [Substring]

        init(
            _ name: String, _ count: Int, in detail: [String: String]
        ) throws(EvidenceFault) {
            self.name = name
            let text = EvidenceColumns.text(named: name, in: detail)
            var found: [Substring] = []
            for run in text.split(separator: ",") {
                let parts = run.split(separator: "*", omittingEmptySubsequences: false)
                let times = parts.count == 2 ? Int(parts[1]) : 1
                guard parts.count <= 2, let times, (1...mostLooks).contains(times),
                    found.count + times <= count
                else { throw .column(name) }
                found += repeatElement(parts[0], count: times)
            }
            guard found.count == count else { throw .column(name) }
            values = found
        }

        func integers() throws(EvidenceFault) -> [Int] {
            let found = try optionals().compactMap(\.self)
            guard found.count == values.count else { throw .column(name) }
            return found
        }

        func optionals() throws(EvidenceFault) -> [Int?] {
            var found: [Int?] = []
            for text in values {
                let number = Int(text)
                guard number != nil || text == "-" else { throw .column(name) }
                found.append(number)
            }
            return found
        }

        func served(at place: Int) throws(EvidenceFault) -> Served {
            guard let served = Served(spelled: values[place]) else { throw .column(name) }
            return served
        }

        func buckets(at place: Int) throws(EvidenceFault) -> [Int64] {
            guard let buckets = [Int64](spelledBuckets: values[place]) else { throw .column(name) }
            return buckets
        }

        func witnesses(at place: Int) throws(EvidenceFault) -> Witnesses {
            guard let witnesses = Witnesses(spelled: values[place]) else { throw .column(name) }
            return witnesses
        }
    }
}

extension JudgedLook {
    fileprivate static let secondWord: Substring = "second"
    fileprivate static let clockWord: Substring = "clock"

    /// Its value in each column but that of its time.
    fileprivate var row: [(name: String, value: String)] {
        let step = (EvidenceColumns.Name.step, String(step))
        switch seen {
        case .clock: return [step, (EvidenceColumns.Name.seen, String(Self.clockWord))]
        case .fault(let fault): return [step, (EvidenceColumns.Name.seen, fault.rawValue)]
        case .second(let metrics, let limits):
            var row = [step, (EvidenceColumns.Name.seen, String(Self.secondWord))]
            var latencies: LatencyTally?
            for (place, counts) in metrics.enumerated() {
                let spelled = Self.spelled(counts, after: latencies)
                if case .latencies(let tally) = counts { latencies = tally }
                row.append((EvidenceColumns.Name.target(place), spelled.target))
                row.append((EvidenceColumns.Name.base(place), spelled.base))
                row.append((EvidenceColumns.Name.witnesses(place), spelled.witnesses))
            }
            for (place, value) in limits.enumerated() {
                row.append(
                    (EvidenceColumns.Name.limit(place), value.map { "\($0.millionths)" } ?? "-"))
            }
            return row
        }
    }

    /// Every metric of latency has the same buckets: written once, the largest look fits into an entry.
    private static func spelled(
        _ counts: Counts?, after before: LatencyTally?
    ) -> (target: String, base: String, witnesses: String) {
        switch counts {
        case nil: ("-", "-", "-")
        case .events(let tally):
            (tally.canary.spelled, tally.stable.spelled, tally.witnesses.spelled)
        case .latencies(let tally)
        where tally.canary == before?.canary && tally.stable == before?.stable:
            (EvidenceColumns.Spelling.same, EvidenceColumns.Spelling.same, tally.witnesses.spelled)
        case .latencies(let tally):
            (tally.canary.spelledBuckets, tally.stable.spelledBuckets, tally.witnesses.spelled)
        }
    }
}

extension ComparedMetric.Kind {
    fileprivate var isLatency: Bool {
        switch self {
        case .latency: true
        case .badEvents, .badParts: false
        }
    }
}
