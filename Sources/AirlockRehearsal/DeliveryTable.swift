/// What rollouts and rollbacks cost in requests, measured on the real engine in simulated worlds.
package enum DeliveryTable {
    /// Requests that were lost while healthy releases were rolled out and back.
    ///
    /// - Parameter runs: Rollouts over all strategies and courses.
    /// - Throws: ``DeliveryTrial/Failure`` when one does not end.
    package static func losses(runs: Int, seed: Int) async throws -> [String] {
        var rows = [
            "| strategy | ends | rollouts | as it should | requests | lost | routing orders |",
            "|---|---|---|---|---|---|---|",
        ]
        let cells = DeliveryTrial.Strategy.allCases.flatMap { strategy in
            [DeliveryTrial.Course.settled, .rolledBack].map { (strategy, $0) }
        }
        for (place, (strategy, course)) in cells.enumerated() {
            var (right, requests, lost) = (0, 0, 0)
            var routes: [Int: Int] = [:]
            let numbers = stride(from: seed + place, to: seed + runs, by: cells.count)
            for number in numbers {
                let trial = DeliveryTrial(strategy: strategy, course: course, seed: number)
                let result = try await trial.play()
                if trial.isRight(result) { right += 1 }
                requests += result.count.requests
                lost += result.count.lost
                routes[result.count.routes, default: 0] += 1
            }
            let count = Array(numbers).count
            let told = routes.sorted { $0.key < $1.key }.map { "\($0.key) in \($0.value)" }
            rows.append(
                "| \(strategy.rawValue) | \(course.word) | \(count) | \(right) "
                    + "| \(requests / 1000) | \((lost + 999) / 1000) "
                    + "| \(told.joined(separator: ", ")) |")
        }
        return rows
    }

    /// How long a slot that breaks a hard limit still gets requests.
    ///
    /// - Parameter runs: Rollouts of each strategy.
    /// - Throws: ``DeliveryTrial/Failure`` when one does not end.
    package static func breaches(runs: Int, seed: Int) async throws -> [String] {
        var rows = [
            "| hard limit on errors | rollouts | rolled back | first bad second to last request on it, "
                + "median | worst |",
            "|---|---|---|---|---|",
        ]
        for strategy in [DeliveryTrial.Strategy.canary, .blueGreen] {
            var times: [Int] = []
            var right = 0
            for number in seed..<seed + runs {
                let trial = DeliveryTrial(strategy: strategy, course: .broken, seed: number)
                let result = try await trial.play()
                if trial.isRight(result) { right += 1 }
                if let time = result.lastBad { times.append(time) }
            }
            times.sort()
            let median = times.isEmpty ? "-" : "\(times[times.count / 2]) ms"
            rows.append(
                "| \(strategy.rawValue) | \(runs) | \(right) | \(median) "
                    + "| \(times.last.map { "\($0) ms" } ?? "-") |")
        }
        return rows
    }

    /// How long a canary at 1% that fails 5% of its requests beside 0.5% still gets requests.
    ///
    /// - Parameter runs: Rollouts at each rate.
    /// - Throws: ``DeliveryTrial/Failure`` when one does not end.
    package static func detection(runs: Int, seed: Int) async throws -> [String] {
        var rows = [
            "| canary gets | rollouts | rolled back | first request to last request on it, median "
                + "| to reach |",
            "|---|---|---|---|---|",
        ]
        for (rate, aim) in [(1, 80), (10, 10), (50, 3)] {
            var times: [Int] = []
            for number in seed..<seed + runs {
                let trial = DeliveryTrial(
                    strategy: .canary, course: .harmful(perSecond: rate), seed: number)
                let result = try await trial.play()
                if trial.isRight(result), let time = result.lastBad { times.append(time) }
            }
            times.sort()
            // One that was not found was not found in any time.
            let median = times.count > runs / 2 ? "\(times[runs / 2]) ms" : "-"
            rows.append("| \(rate)/s | \(runs) | \(times.count) | \(median) | \(aim) s |")
        }
        return rows
    }
}
