import AirlockHTTP
import AirlockModel
import AirlockPorts

/// What one server says about one service.
struct PrometheusSource: SignalSource {
    /// The most bytes of an answer.
    private static let maximumBytes = 4 << 20
    /// How far the server's clock may be off, in seconds; as ``Freshness`` has it.
    private static let maximumSkew = 5

    let server: MetricsServer
    let queries: SignalQueries?
    let access: MetricsAccess
    let gate: ServerGate
    let now: @Sendable () -> Timestamp

    var traits: SignalTraits {
        SignalTraits(
            isKeyed: queries?.areErrorsSeparate ?? false,
            spacing: max(1, server.every.milliseconds / 1000))
    }

    /// A long time takes several questions, so that each answer stays small; what is more than
    /// ``SignalGrid/mostQuestions`` of them is missing.
    func counters(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) async throws(ProviderError) -> [SecondCounters] {
        let queries = try asked(of: lane).withoutNamed
        let range = question(queries, lane, [(.target, slot)])
        var counters: [SecondCounters] = []
        var fault: ProviderError?
        var grid = grid(of: slot, from: from, to: to)
        for _ in 0..<SignalGrid.mostQuestions {
            guard let part = grid else { break }
            let series = try await series(range, on: part)
            do throws(ProviderError) {
                counters += try CounterSteps(series, of: .target, on: part, asking: queries)
                    .counters()
            } catch { fault = error }
            grid = part.following
        }
        // What cannot be answered in a part may have been answered in another.
        if counters.isEmpty, let fault { throw fault }
        return counters
    }

    func instances(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) async throws(ProviderError) -> [InstanceCounters]? {
        let queries = try asked(of: lane).ofInstances
        guard let grid = grid(of: slot, from: from, to: to) else { return [] }
        let series = try await series(question(queries, lane, [(.target, slot)]), on: grid)
        return CounterSteps(series, of: .target, on: grid, asking: queries).ofInstances()
    }

    func counters(
        of lane: LaneID, for question: SignalQuestion
    ) async throws(ProviderError) -> (target: [SecondCounters], base: [SecondCounters]) {
        guard let base = question.base else { return (try await idle(lane, question), []) }
        let slots: [(RangeQuestion.Side, SlotID)] = [(.target, question.target), (.base, base)]
        let queries = try asked(of: lane)
        guard let grid = SignalGrid(question, every: server.every, now: now()) else {
            return ([], [])
        }
        let series = try await series(self.question(queries, lane, slots), on: grid)
        func counters(_ side: RangeQuestion.Side) throws(ProviderError) -> [SecondCounters] {
            try CounterSteps(series, of: side, on: grid, asking: queries).counters()
        }
        return (try counters(.target), try counters(.base))
    }

    /// What a slot without traffic shows.
    private func idle(
        _ lane: LaneID, _ question: SignalQuestion
    ) async throws(ProviderError) -> [SecondCounters] {
        let queries = try asked(of: lane)
        guard let grid = SignalGrid(question, every: server.every, now: now()) else { return [] }
        var range = self.question(queries, lane, [(.target, question.target)])
        (range.signals, range.named) = queries.gauges(of: question.bounded)
        let series = try await series(range, on: grid)
        return CounterSteps(series, of: .target, on: grid, asking: queries).ofIdle()
    }

    private func asked(of lane: LaneID) throws(ProviderError) -> SignalQueries {
        guard let queries else {
            throw .refused("services/\(lane.unit.name)/service.yaml has no `signals`")
        }
        return queries
    }

    private func question(
        _ queries: SignalQueries, _ lane: LaneID, _ slots: [(RangeQuestion.Side, SlotID)]
    ) -> RangeQuestion {
        RangeQuestion(
            lane: lane, queries: queries, window: server.window,
            slots: slots.map { (side: $0.0, id: $0.1) })
    }

    /// The steps of a slot by itself.
    private func grid(of slot: SlotID, from: Timestamp, to: Timestamp) -> SignalGrid? {
        SignalGrid(
            SignalQuestion(target: slot, base: slot, from: from, to: to, sharedSince: from),
            every: server.every, now: now())
    }

    private func series(
        _ range: RangeQuestion, on grid: SignalGrid
    ) async throws(ProviderError) -> [RangeAnswer.Series] {
        try await gate.ask(rest: server.every, now: now) { () throws(ProviderError) in
            try await ask(range, on: grid)
        }
    }

    private func ask(
        _ range: RangeQuestion, on grid: SignalGrid
    ) async throws(ProviderError) -> [RangeAnswer.Series] {
        let answer = try await send(range.text, on: grid)
        if answer.status == 200 { return try RangeAnswer.series(in: answer.body, on: grid) }
        guard let fault = RangeAnswer.fault(in: answer.body) else {
            throw Self.error(status: answer.status)
        }
        // Only what nobody can mend by waiting is looked into: which of the queries is it?
        guard fault.type == "bad_data" || fault.type == "execution" else {
            throw .noAnswer("\(fault.type): \(fault.text)")
        }
        for signal in range.signals {
            let single = try await send(range.text(of: signal), on: grid)
            if single.status == 200 { continue }
            let why = RangeAnswer.fault(in: single.body)?.text ?? fault.text
            throw .refused("`\(signal.rawValue)` cannot be asked: \(why)")
        }
        for signal in range.named {
            guard let text = range.text(of: signal) else { continue }
            let single = try await send(text, on: grid)
            if single.status == 200 { continue }
            let why = RangeAnswer.fault(in: single.body)?.text ?? fault.text
            throw .refused("`\(signal.name)` cannot be asked: \(why)")
        }
        throw .refused("\(fault.type): \(fault.text)")
    }

    private func send(
        _ query: String, on grid: SignalGrid
    ) async throws(ProviderError) -> WebAnswer {
        let request = WebRequest(
            .post, "\(server.address)/api/v1/query_range", headers: try headers(),
            body: FormBody.bytes([
                ("query", query), ("start", "\(grid.first)"), ("end", "\(grid.last)"),
                ("step", "\(grid.step)"), ("timeout", "4s"),
            ]), limit: access.limit, maximumBytes: Self.maximumBytes)
        let answer: WebAnswer
        do throws(WebError) { answer = try await WebClient.send(request) } catch {
            if case .tooLarge = error {
                throw .refused("\(error.phrase); write sum by (instance) (…)")
            }
            throw .noAnswer("\(server.address): \(error.phrase)")
        }
        if let time = answer.time {
            let skew = time - now().milliseconds / 1000
            guard abs(skew) <= Self.maximumSkew else {
                throw .refused(
                    "the clock of \(server.address) is \(abs(skew)) s "
                        + (skew > 0 ? "ahead of" : "behind") + " this one")
            }
        }
        return answer
    }

    private func headers() throws(ProviderError) -> [(name: String, value: String)] {
        if server.address.isPlain, !server.address.isLoopback, !access.allowsInsecure {
            throw .refused(
                "\(server.address) would be asked over plain http; use https, or set "
                    + "insecureTransport: true")
        }
        var headers = [
            (name: "Content-Type", value: FormBody.mediaType),
            (name: "Accept", value: "application/json"),
        ]
        guard let token = access.token, token.server == server.address else { return headers }
        do {
            headers.append((name: "Authorization", value: "Bearer \(try token.read())"))
        } catch {
            throw .refused("the token for \(server.address) cannot be read: \(error)")
        }
        return headers
    }

    private static func error(status: Int) -> ProviderError {
        switch status {
        case 300..<400:
            .refused("it answers with a redirect (\(status)); write the address that it leads to")
        case 401, 403:
            .refused("it lets nobody in without a token (\(status)); set metricsTokenFile")
        case 404: .refused("it has no /api/v1/query_range (404); check the url")
        case 500...: .noAnswer("it answered \(status)")
        default: .refused("it answered \(status)")
        }
    }
}
