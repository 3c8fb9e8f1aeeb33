/// The detector and simple baselines on labelled series, for a table.
///
/// The detector's threshold is 0.5 everywhere. Each baseline has the quiet period of the detector
/// and the threshold that suits it best on the series that the detector was designed on.
package enum DetectionTrials {
    /// Which series.
    package enum Collection: String, CaseIterable, Sendable {
        /// Those that the constants of the detector were chosen on.
        case design
        /// The same families, other seeds.
        case heldOutSeeds
        /// Families that no constant was chosen on.
        case heldOutFamilies

        /// The series, each drawn when it is asked for.
        func series(perFamily: Int) -> some Sequence<TrialSeries> {
            let first: UInt64 = self == .design ? 0 : 1_000
            let families = TrialFamily.allCases.filter {
                $0.isHeldOut == (self == .heldOutFamilies)
            }
            return families.lazy.flatMap { family in
                (0..<UInt64(perFamily)).lazy.map { TrialSeries(family, seed: first + $0) }
            }
        }
    }

    /// One line of the table.
    package struct Row: Sendable {
        /// `detector`, or the name of the baseline.
        package let name: String
        /// The least score that was a detection.
        package let threshold: Double
        /// What was earned on each collection, in the order of ``Collection``'s cases.
        package let scores: [TrialScore]
    }

    /// The detector's line, then one for each baseline.
    /// - Parameter perFamily: How many series of each family; 24 is what the figures in the
    ///   documentation are for.
    package static func rows(perFamily: Int) -> [Row] {
        let detector = Row(
            name: "detector", threshold: 0.5,
            scores: Collection.allCases.map { detectorScore($0, perFamily: perFamily) })
        return [detector] + TrialBaseline.allCases.map { row($0, perFamily: perFamily) }
    }

    /// What the detector earns on a collection.
    package static func detectorScore(_ collection: Collection, perFamily: Int) -> TrialScore {
        var result = TrialScore()
        for series in collection.series(perFamily: perFamily) {
            result.add(scores(of: series), of: series, threshold: 0.5)
        }
        return result
    }

    /// What the detector earns on a family.
    package static func detectorScore(_ family: TrialFamily, seeds: Range<UInt64>) -> TrialScore {
        var result = TrialScore()
        for seed in seeds {
            let series = TrialSeries(family, seed: seed)
            result.add(scores(of: series), of: series, threshold: 0.5)
        }
        return result
    }

    /// The detector's scores, one for each value.
    package static func scores(
        of series: TrialSeries, sensitivity: Sensitivity = .standard
    ) -> [Double] {
        var detector = Detector(sensitivity: sensitivity)
        return zip(series.values, series.times).map { detector.score($0, at: $1) }
    }

    private static func row(_ baseline: TrialBaseline, perFamily: Int) -> Row {
        let thresholds =
            (1..<20).map { Double($0) / 20 } + [0.97, 0.98, 0.99, 0.995, 0.999, 0.9999]
        let tables = Collection.allCases.map { collection in
            var table = thresholds.map { _ in TrialScore() }
            for series in collection.series(perFamily: perFamily) {
                let scores = baseline.scores(of: series, seed: 5)
                for (index, threshold) in thresholds.enumerated() {
                    table[index].add(
                        scores, of: series, threshold: threshold,
                        quietShare: AlarmGate.quietShare)
                }
            }
            return table
        }
        let best =
            thresholds.indices.max { tables[0][$0].normalised < tables[0][$1].normalised } ?? 0
        return Row(
            name: baseline.rawValue, threshold: thresholds[best], scores: tables.map { $0[best] })
    }
}
