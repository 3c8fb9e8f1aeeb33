import AirlockControl
import AirlockEngine
import AirlockHost
import AirlockLedger
import AirlockModel
import AirlockPorts
import Foundation

/// Getting a request carried out: by the running reconciler, or by this process when there is none.
struct Holder {
    /// How long the running reconciler may take beyond what the request itself allows.
    private static let patience = Duration.seconds(90)
    /// The same for a request that is only written down. Whoever stops a fleet in an emergency must hear
    /// soon that nobody answers.
    private static let wordPatience = Duration.seconds(20)
    /// How long a holder that hears nobody yet, or not any more, is waited for.
    private static let silence = Duration.seconds(10)
    /// The time between two tries at one that hears nobody.
    private static let knock = Duration.milliseconds(50)

    let wiring: Wiring
    private let adjust: (inout EngineSettings) -> Void

    /// A verb that ends at once speaks by its answer; its log tells of faults only, unless asked.
    ///
    /// - Parameter adjust: How the engine of this process differs, when no other one runs.
    init(wiring: Wiring, adjust: @escaping (inout EngineSettings) -> Void = { _ in }) {
        self.wiring = wiring.quiet()
        self.adjust = adjust
    }

    /// Sends `call` to whoever holds the ledger, or takes the ledger and calls `alone`.
    func ask(
        _ call: ControlRequest.Call, lasting: Duration = .zero,
        alone: (Engine) async throws -> ControlAnswer.Result
    ) async throws -> ControlAnswer.Result {
        let start = wiring.clock.now()
        while true {
            do {
                let ledger = try await wiring.ledger()
                return try await carryOut(on: ledger, alone)
            } catch let error as LedgerError {
                guard case .locked(let holder) = error else { throw error }
                let isPatient = wiring.clock.now().elapsed(since: start) < Self.silence
                let answer = try await send(
                    call, lasting: lasting, holder: holder, isFinal: !isPatient)
                if let answer { return answer }
                try await wiring.clock.sleep(for: Self.knock)
            }
        }
    }

    private func carryOut(
        on ledger: LedgerStore, _ alone: (Engine) async throws -> ControlAnswer.Result
    ) async throws -> ControlAnswer.Result {
        do {
            let engine = try await wiring.engine(on: ledger) { settings in
                settings.poll = nil
                adjust(&settings)
            }
            let result = try await alone(engine)
            try await wiring.close(ledger)
            return result
        } catch {
            try await wiring.close(ledger)
            throw error
        }
    }

    /// Carries out a request that needs no look at git, in this process or the running one.
    func carryOut(
        _ call: ControlRequest.Call, as format: OutputFormat
    ) async throws -> ExitStatus {
        let peer = ControlPeer(
            uid: wiring.user.uid, pid: ProcessInfo.processInfo.processIdentifier)
        var isAlone = false
        let result = try await ask(call) { engine in
            isAlone = true
            let request = ControlRequest(id: RandomIdentity.make(), call: call)
            return await engine.handle(request, from: peer).result
        }
        let status = try tell(result, as: format)
        if isAlone, Self.waitsForReconciler(call) {
            Output.note(
                "no reconciler is running; `airlock reconcile` or `airlock run` carries it out")
        }
        return status
    }

    /// Whether what was said is only written down until a reconciler acts on it.
    private static func waitsForReconciler(_ call: ControlRequest.Call) -> Bool {
        switch call {
        case .retry, .steer: true
        case .reconcile, .freeze, .thaw, .freezeAll, .thawAll, .acceptRewrite, .health: false
        }
    }

    /// How long its answer to a call is waited for.
    private static func answerTime(of call: ControlRequest.Call) -> Duration {
        switch call {
        case .reconcile, .acceptRewrite: patience
        case .freeze, .thaw, .freezeAll, .thawAll, .retry, .steer, .health: wordPatience
        }
    }

    /// Asks the holder; nil when it hears nobody, as one that has just begun or is about to end.
    private func send(
        _ call: ControlRequest.Call, lasting: Duration, holder: String, isFinal: Bool
    ) async throws -> ControlAnswer.Result? {
        let request = ControlRequest(id: RandomIdentity.make(), call: call)
        let deadline = lasting + Self.answerTime(of: call)
        do {
            return try await Progress.around("waiting for the running airlock (\(holder))") {
                try await ControlClient.send(
                    request, to: try wiring.controlSocket(), deadline: deadline)
            }.result
        } catch let error as ControlError {
            if case .noHolder = error, !isFinal { return nil }
            throw Self.failure(error, of: holder)
        }
    }

    /// Why the holder gave no answer, what that means for the request, and whose move is next.
    private static func failure(_ error: ControlError, of holder: String) -> Failure {
        switch error {
        case .noHolder(let path):
            Failure(
                "the ledger is held by \(holder), and nobody listens at \(path); nothing was done",
                advice: "wait for a verb that is at work; end `airlock run` whose socket was "
                    + "removed, and start it again")
        case .timedOut(let limit):
            Failure(
                "the running airlock (\(holder)) did not answer within \(limit.brief); what was "
                    + "asked may still be carried out when it goes on",
                advice: "`airlock status` shows whether it was; end that process where it hangs "
                    + "(kill -9), then the same again is carried out at once")
        case .closedEarly:
            Failure(
                "the running airlock (\(holder)) ended before it answered",
                advice: "`airlock status` shows what was done; the same again goes on from there")
        case .refused, .tooLarge, .cancelled, .garbled, .pathTooLong, .held, .notASocket, .failed:
            Failure(
                "the ledger is held by \(holder), which did not answer: \(error)",
                advice: "mend what it names, or end that process")
        }
    }

    /// Writes what came of a request that answers with a sentence.
    private func tell(
        _ result: ControlAnswer.Result, as format: OutputFormat
    ) throws -> ExitStatus {
        switch result {
        case .done(let message):
            // The holder may run in another zone: it says times in UTC, as programs read them.
            try Output.outcome(format == .human ? message.localTimes : message, as: format)
            return .done
        case .failed(let message, let advice):
            throw Failure(message.visible.localTimes, advice: advice)
        case .stale(let message): throw Failure(message, code: .stale)
        case .reconciled, .health:
            throw Failure("the running airlock answered something else", advice: "report this")
        }
    }
}
