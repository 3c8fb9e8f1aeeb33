/// The judge's figures as rows of a Markdown table; equal seeds give equal rows on every machine.
package enum JudgementTable {
    private static let rates = [0.1, 1, 10, 50]

    /// 5% errors at every rate, two smaller harms, and no harm; three judges side by side.
    ///
    /// A cell is the share of runs given up within 30 min and the median time over all runs.
    package static func detection(runs: Int = 2000, seed: UInt64 = 1) -> [String] {
        let harmful = rates.map { ($0, 0.05) } + [(1, 0.015), (10, 0.008), (50, 0.008)]
        let cells = harmful + rates.map { ($0, JudgementTrial.stableErrors) }
        let rows = cells.map { rate, errors in
            let outcome = JudgementTrial(canaryRate: rate, canaryErrors: errors)
                .watch(runs: runs, seed: seed)
            let found = [outcome.judge, outcome.threshold, outcome.ranks].map {
                cell(outcome, $0)
            }
            return "| \(text(rate)) | \(percent(errors)) | \(found.joined(separator: " | ")) |"
        }
        return [
            "| canary req/s | canary errors | e-process | fixed threshold | Mann-Whitney |",
            "|---|---|---|---|---|",
        ] + rows
    }

    /// Healthy rollouts through every step, without and with bursts.
    ///
    /// - Parameter counting: How the source tells one bad event from a retry of it.
    package static func healthyRollouts(
        runs: Int = 2000, seed: UInt64 = 1, counting: JudgementTrial.Counting = .keyed
    ) -> [String] {
        let rows = [1.0, 2, 3, 5].flatMap { burst in
            rates.map { rate in
                let outcome = JudgementTrial(canaryRate: rate, burst: burst, counting: counting)
                    .rollOut(runs: runs, seed: seed)
                let time = outcome.median.map { "\($0) s" } ?? "-"
                return "| \(text(rate)) | \(text(burst)) | \(outcome.share(outcome.rolledBack)) "
                    + "| \(outcome.share(outcome.finishedAlone)) | \(time) |"
            }
        }
        return [
            "| canary req/s at 1% | mean burst | rolled back | finished alone | median |",
            "|---|---|---|---|---|",
        ] + rows
    }

    /// 5% errors with plain counters, without and with bursts.
    package static func namelessDetection(runs: Int = 500, seed: UInt64 = 1) -> [String] {
        let rows = [1.0, 3].flatMap { burst in
            rates.map { rate in
                let trial = JudgementTrial(
                    canaryRate: rate, canaryErrors: 0.05, burst: burst, counting: .nameless)
                let outcome = trial.watch(runs: runs, seed: seed)
                return "| \(text(rate)) | \(text(burst)) | \(cell(outcome, outcome.judge)) |"
            }
        }
        return ["| canary req/s | mean burst | 5% errors found |", "|---|---|---|"] + rows
    }

    /// False alarms by the way of counting, with clients that retry (mean 3) or always fail (40 of
    /// 2,000); each canary is harmless and watched for 10 min.
    package static func counting(runs: Int = 200, seed: UInt64 = 1) -> [String] {
        let ways: [ClientTrial.Counting] = [.episodes, .perKeyAndSlot, .raw]
        let rows = [true, false].map { isSticky in
            let shares = ways.map { way in
                let trial = ClientTrial(isSticky: isSticky, burst: 3, failing: 40, counting: way)
                let alarms = trial.falseAlarms(runs: runs, seed: seed)
                return "\(Chance(billionths: Int64(alarms) * 1_000_000_000 / Int64(max(runs, 1))))"
            }
            return "| \(isSticky ? "one" : "both") | \(shares.joined(separator: " | ")) |"
        }
        return [
            "| slots of a client | once per episode | per key and slot | every bad event |",
            "|---|---|---|---|",
        ] + rows
    }

    /// One quantile of latency with stalls of whole instances; 16 times the runs at 1 request a
    /// second.
    package static func latency(runs: Int = 60, seed: UInt64 = 1) -> [String] {
        let quantiles: [Int64] = [500, 900, 990]
        let rows = quantiles.flatMap { thousandths in
            [1.0, 10, 50].map { rate in
                let cells = [0, 4].map { shift -> String in
                    let trial = LatencyTrial(
                        quantile: Quantile(thousandths: thousandths), canaryRate: rate,
                        shift: shift)
                    let outcome = trial.watch(runs: rate > 1 ? runs : 16 * runs, seed: seed)
                    return "\(cell(outcome.harmful)) | \(cell(outcome.excluded))"
                }
                let name = Quantile(thousandths: thousandths)
                return "| \(name) | \(text(rate)) | \(cells.joined(separator: " | ")) |"
            }
        }
        return [
            "| quantile | canary req/s | equal: harmful | equal: excluded "
                + "| slower: harmful | slower: excluded |",
            "|---|---|---|---|---|---|",
        ] + rows
    }

    private static func cell(_ outcome: JudgementOutcome, _ times: [Int?]) -> String {
        let median = outcome.median(times).map { " @ \($0) s" } ?? ""
        return "\(outcome.share(times))\(median)"
    }

    private static func cell(_ times: [Int?]) -> String {
        var outcome = JudgementOutcome(runs: times.count)
        outcome.judge = times
        return cell(outcome, times)
    }

    private static func text(_ number: Double) -> String {
        Decimals.text(Int64(number * 1000 + 0.5), places: 3)
    }

    private static func percent(_ number: Double) -> String {
        Decimals.text(Int64(number * 100_000 + 0.5), places: 3) + "%"
    }
}
