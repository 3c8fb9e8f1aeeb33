import AirlockEngine
import AirlockLedger
import AirlockModel
import AirlockPorts
import Foundation

/// Whether the parts that a ledger stands on fit together: its log, and the engines that it has claimed.
extension DoctorCommand {
    /// The signed log beside the journal; a reconciler starts only where each has what the other signed.
    func audit(_ wiring: Wiring) async -> Check {
        let advice =
            "put ledger.sqlite and audit/ back from one backup; no reconciler starts until then"
        do {
            let checkpoint = try AuditLog(wiring.state).comparedCheckpoint()
            // Counted after the log was read: a writer that is at work writes the journal first.
            let count = try await wiring.reader()?.entryCount() ?? checkpoint.size
            guard count >= checkpoint.size else {
                return Check(
                    name: "audit", ok: false,
                    text: "audit/checkpoint covers \(checkpoint.size) entries, "
                        + "the journal has \(count)",
                    advice: advice)
            }
            return Check(
                name: "audit", ok: true,
                text: "\(checkpoint.size) entries are signed; `airlock audit verify` checks all",
                advice: nil)
        } catch let error as AuditFault {
            switch error {
            case .missing: return await unsigned(wiring)
            case .cutShort:
                return Check(name: "audit", ok: false, text: error.description, advice: advice)
            case .damaged, .unreadable, .refused:
                return Check(
                    name: "audit", ok: false, text: error.description,
                    advice: "`airlock audit verify` names the place")
            }
        } catch {
            return Check(name: "audit", ok: false, text: Explanation.of(error), advice: nil)
        }
    }

    /// What it means that there is no checkpoint: one is signed as soon as a fleet has a name.
    private func unsigned(_ wiring: Wiring) async -> Check {
        do {
            let isNamed = try await wiring.reader()?.origin() != nil
            return Check(
                name: "audit", ok: !isNamed,
                text: isNamed
                    ? "the checkpoint of this ledger is gone" : "nothing is signed yet",
                advice: isNamed ? "the next `airlock run` lays the log anew from the journal" : nil)
        } catch {
            return Check(name: "audit", ok: false, text: Explanation.of(error), advice: nil)
        }
    }

    /// Whether every environment is this ledger's, as far as its provider says.
    func claims(_ wiring: Wiring) async -> Check {
        // To look for a fleet would make the state directory.
        guard FileManager.default.fileExists(atPath: wiring.settings[.state]) else {
            return Check(name: "claims", ok: true, text: "no fleet is known yet", advice: nil)
        }
        do {
            let reader = try wiring.reader()
            let (own, state) = (try await reader?.claim(), try await reader?.state())
            let fleet = try await FleetReading(wiring).lastFetched()?.fleet
            let named = try await reader?.origin()
            guard let origin = named ?? fleet?.name else {
                return Check(name: "claims", ok: true, text: "no fleet is known yet", advice: nil)
            }
            let environments = Set(state.map { Array($0.claims.keys) } ?? [])
                .union(fleet.map { Array($0.environments.keys) } ?? [])
            var others: [(name: EnvironmentName, why: String)] = []
            for name in environments.sorted() {
                let last = state?.claims[name]?.epoch
                guard let stored = try await claim(on: name, of: origin, wiring),
                    let why = Self.objection(to: stored, own: own, last: last)
                else { continue }
                others.append((name, why))
            }
            guard let first = others.first else {
                return Check(
                    name: "claims", ok: true, text: "no other ledger has an environment",
                    advice: nil)
            }
            return Check(
                name: "claims", ok: false,
                text: others.map { "\($0.name) \($0.why)" }.joined(separator: "; "),
                advice: "put the ledger that has it back from a backup; or end every other "
                    + "reconciler and take it: `airlock run --take-over \(first.name)`")
        } catch {
            return Check(name: "claims", ok: false, text: Explanation.of(error), advice: nil)
        }
    }

    /// Why the next writer of this ledger could not take what is claimed like that; nil when it could.
    private static func objection(to stored: Claim, own: Claim?, last: Epoch?) -> String? {
        guard let own, own.ledger == stored.ledger else {
            return "belongs to ledger \(stored.ledger)"
        }
        let next = max(own.epoch.number, last?.number ?? 0) + 1
        return stored.epoch.number < next
            ? nil : "was taken by a later writer of this ledger (epoch \(stored.epoch))"
    }

    private func claim(
        on name: EnvironmentName, of fleet: FleetName, _ wiring: Wiring
    ) async throws(ProviderError) -> Claim? {
        for provider in wiring.providers.values {
            let answer = try await provider.observe(name, of: fleet, lanes: nil, since: nil)
            if case .observed(let observation) = answer, let claim = observation.claim {
                return claim
            }
        }
        return nil
    }
}
