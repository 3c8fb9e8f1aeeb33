/// How much cumulative series grew from one step to the next. Pure.
enum SeriesGrowth {
    /// The growth of each series that is known at one of both ends at least.
    ///
    /// A counter that begins while its instance is there, as with the first answer of a kind, began at zero.
    /// Nil where a value is no number, and where an instance came or went: it went on serving or failing
    /// meanwhile, and nobody saw it. A series that does not say of which instance it is stands for one of
    /// its own.
    ///
    /// - Parameters:
    ///   - time: The later end, in seconds since 1970; the earlier lies `step` seconds before it.
    ///   - label: What names the instance of a series.
    static func parts(
        of series: [RangeAnswer.Series], at time: Int, step: Int, tellingBy label: String
    ) -> [(series: RangeAnswer.Series, growth: Double)]? {
        var parts: [(series: RangeAnswer.Series, growth: Double)] = []
        var (came, went): ([RangeAnswer.Series], [RangeAnswer.Series]) = ([], [])
        for one in series {
            let (before, now) = (one.values[time - step], one.values[time])
            guard [before, now].allSatisfy({ $0.map { $0.isFinite && $0 >= 0 } ?? true }) else {
                return nil
            }
            switch (before, now) {
            case (nil, nil): continue
            case (let before?, let now?):
                // A counter that fell began anew at zero.
                parts.append((one, now >= before ? now - before : now))
            case (nil, let now?):
                came.append(one)
                parts.append((one, now))
            case (_?, nil): went.append(one)
            }
        }
        guard isThere(came, in: series, at: time - step, by: label),
            isThere(went, in: series, at: time, by: label)
        else { return nil }
        return parts
    }

    /// Whether the instance of each of `some` has another series at `time`.
    private static func isThere(
        _ some: [RangeAnswer.Series], in all: [RangeAnswer.Series], at time: Int, by label: String
    ) -> Bool {
        guard !some.isEmpty else { return true }
        let there = Set(all.filter { $0.values[time] != nil }.compactMap { $0.target(by: label) })
        return some.allSatisfy { $0.target(by: label).map { there.contains($0) } ?? false }
    }
}

extension RangeAnswer.Series {
    /// What was scraped for it: a scrape comes or fails as a whole, and one instance may have several. Nil
    /// where the series does not say of which instance it is.
    fileprivate func target(by label: String) -> [String]? {
        guard let instance = labels[label] else { return nil }
        return [instance, labels["instance"] ?? "", labels["job"] ?? ""]
    }
}
