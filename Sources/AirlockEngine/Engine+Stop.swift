import AirlockModel
import AirlockPorts

/// Stopping the whole fleet, automatic rollback included.
extension Engine {
    func freezeAll(
        reason: String, lasting: Duration?, by actor: Actor
    ) async throws(EngineHalt) -> ControlAnswer.Result {
        await steering.enter()
        defer { steering.leave() }
        let now = clock.now().wall
        let stop = FleetStop(
            reason: reason, actor: actor, from: now, until: lasting.map { now + $0 }, paged: now)
        if let known = await books.stop, known.isInForce(at: now),
            Self.endsEarlier(stop.until, than: known.until)
        {
            let end = known.until.map { "until \($0.rfc3339)" } ?? "without an end"
            return .failed(
                message: "everything is stopped \(end) already, by \(known.actor.id): "
                    + "\(known.reason); this stop would end earlier",
                advice: "nothing is to be done, or `airlock thaw --all` and stop it anew")
        }
        var entry = AuditDraft(kind: .frozen, time: now, actor: actor, outcome: "stopped")
        entry.detail = ["reason": reason, "scope": "everything, automatic rollback included"]
        entry.detail["until"] = stop.until?.rfc3339
        let page = Page(stop)
        try await books.commit(
            LedgerTransaction(
                writes: [.stop(stop)], entries: [entry, Self.entry(of: page, at: now)]))
        parts.page(page)
        await wakeAll()
        let end = stop.until.map { "until \($0.rfc3339)" } ?? "until `airlock thaw --all`"
        return .done(
            message:
                "everything is stopped \(end), automatic rollback too; a person is paged every "
                + "\(FleetStop.pageEvery.milliseconds / 60_000) minutes while it lasts")
    }

    func thawAll(by actor: Actor) async throws(EngineHalt) -> ControlAnswer.Result {
        await steering.enter()
        defer { steering.leave() }
        let now = clock.now().wall
        guard let stop = await books.stop, stop.isInForce(at: now) else {
            let ended = await books.stop?.until.map { ", its stop ended at \($0.rfc3339)" } ?? ""
            return .failed(
                message: "the fleet is not stopped\(ended)",
                advice: "`airlock status` shows what is frozen")
        }
        let entry = AuditDraft(
            kind: .thawed, time: now, actor: actor, outcome: "started again")
        try await books.commit(LedgerTransaction(writes: [.stop(nil)], entries: [entry]))
        await wakeAll()
        return .done(message: "the fleet moves again; what is frozen by itself stays so")
    }

    /// Pages a person while everything is stopped, as often as that is due.
    func pageForStop() async throws(EngineHalt) {
        guard await books.stop?.isPageDue(at: clock.now().wall) == true else { return }
        await steering.enter()
        defer { steering.leave() }
        let now = clock.now().wall
        guard var stop = await books.stop, stop.isPageDue(at: now) else { return }
        stop.paged = now
        let page = Page(stop)
        try await books.commit(
            LedgerTransaction(writes: [.stop(stop)], entries: [Self.entry(of: page, at: now)]))
        parts.page(page)
    }

    private static func entry(of page: Page, at time: Timestamp) -> AuditDraft {
        AuditDraft(
            kind: .paged, time: time, outcome: "paged",
            detail: ["what": page.summary, "evidence": page.evidence, "advice": page.advice])
    }
}

extension Page {
    /// That nothing moves in the whole fleet.
    fileprivate init(_ stop: FleetStop) {
        self.init(
            lane: nil, summary: "everything is stopped, automatic rollback too",
            evidence: "by \(stop.actor.id) since \(stop.from.rfc3339): \(stop.reason)",
            advice: "run `airlock thaw --all` as soon as it may go on", since: stop.from)
    }
}
