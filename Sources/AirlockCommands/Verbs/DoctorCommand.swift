import AirlockControl
import AirlockEngine
import AirlockGit
import AirlockHost
import AirlockLedger
import AirlockModel
import AirlockPorts
import AirlockSimulator
import ArgumentParser
import Foundation

/// `airlock doctor`: checks what Airlock stands on, and says whose move is next.
struct DoctorCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check what Airlock stands on.")

    @Flag(help: "Only print each setting with its origin.") var settings = false
    @Flag(help: "Only measure what the disk of the state directory gives a ledger.")
    var disk = false
    @Option(help: "How many entries `--disk` writes, at about 1 kB each.")
    var entries = 20_000
    @OptionGroup var common: CommonOptions
    @OptionGroup var output: FormatOption

    func validate() throws {
        guard (1_000...10_000_000).contains(entries) else {
            throw ValidationError("--entries is 1000 to 10000000, not \(entries).")
        }
    }

    /// One check.
    struct Check: Encodable {
        let name: String
        let ok: Bool
        let text: String
        let advice: String?
    }

    func perform() async throws -> ExitStatus {
        let values = try common.settings()
        if settings {
            try tell(values)
            return .done
        }
        let wiring = try Wiring(values)
        if disk {
            try await measure(wiring)
            return .done
        }
        var checks = [
            clock(wiring), everyValue(wiring), await repository(wiring), stateDirectory(wiring),
            await ledger(wiring), await history(wiring),
        ]
        checks += [
            await audit(wiring), await world(wiring), await claims(wiring), await holder(wiring),
        ]
        checks.append(libraries)
        switch output.format {
        case .json, .yaml: try Output.value(["checks": checks], as: output.format)
        case .human:
            let ink = common.ink
            for check in checks {
                let mark = check.ok ? ink.green("✓") : ink.red("✗")
                Output.data("\(mark) \(check.name): \(check.text)")
                if let advice = check.advice { Output.data("  → \(advice)") }
            }
        }
        return checks.allSatisfy(\.ok) ? .done : .error
    }

    private func measure(_ wiring: Wiring) async throws {
        let found = try await Progress.around(
            "writing \(entries) entries beside the state directory"
        ) {
            try await DiskMeasurement.run(entries: entries, in: wiring)
        }
        guard output.format == .human else { return try Output.value(found, as: output.format) }
        var table = Table(["what", "value"])
        for (what, value) in [
            ("entries written in batches", "\(found.entries)"),
            ("entries a second", "\(found.entriesPerSecond)"),
            ("one production entry, signed: median", "\(found.waitP50.shown) ms"),
            ("one production entry, signed: p99", "\(found.waitP99.shown) ms"),
            ("open for writing", "\(found.open.shown) ms"),
            ("slowest of 100 proofs", "\(found.proof.shown) ms"),
        ] { table.add([Table.Cell(what), Table.Cell(value)]) }
        Output.data(table.text(common.ink))
    }

    private func tell(_ settings: Settings) throws {
        let entries = Settings.Key.allCases.compactMap { settings.entries[$0] }
        switch output.format {
        case .json, .yaml:
            let view = Dictionary(
                uniqueKeysWithValues: entries.map {
                    ($0.key.rawValue, ["value": $0.shown, "origin": $0.origin])
                })
            try Output.value(["settings": view], as: output.format)
        case .human:
            var table = Table(["setting", "value", "origin"])
            for entry in entries {
                table.add([
                    Table.Cell(entry.key.rawValue), Table.Cell(entry.shown),
                    Table.Cell(entry.origin, .dim),
                ])
            }
            Output.data(table.text(common.ink))
        }
    }

    /// The libraries that read what servers send, whose mends come as packages.
    private var libraries: Check {
        let packages = DebianPackages.versions(builtFrom: ["libgit2", "libssh2"])
            .sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return Check(
            name: "libgit2", ok: true,
            text: Libgit2.version
                + (packages.isEmpty ? "" : " (packages " + packages.joined(separator: ", ") + ")"),
            advice: nil)
    }

    private func clock(_ wiring: Wiring) -> Check {
        Check(
            name: "clock", ok: true, text: wiring.clock.now().wall.local, advice: nil)
    }

    /// Fetches; where there is no state directory yet, into a folder that goes again.
    private func repository(_ wiring: Wiring) async -> Check {
        guard !FileManager.default.fileExists(atPath: wiring.settings[.state]) else {
            return await head(wiring)
        }
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "airlock-\(RandomIdentity.make())").path(percentEncoded: false)
        let check = await head(wiring.mirroring(in: folder))
        do {
            if FileManager.default.fileExists(atPath: folder) {
                try FileManager.default.removeItem(atPath: folder)
            }
        } catch {
            return Check(
                name: "repository", ok: false, text: "\(folder) could not be removed",
                advice: "remove it")
        }
        return check
    }

    private func head(_ wiring: Wiring) async -> Check {
        do {
            let fleets = try FleetReading(wiring)
            let reading = try await fleets.head()
            let problems = reading.diagnostics.count
            let notices = reading.origin.notices
            return Check(
                name: "repository", ok: problems == 0 && notices.isEmpty && reading.fleet != nil,
                text: "\(wiring.settings.shown(.repo)) \(wiring.settings[.branch]) at "
                    + "\(reading.commit.short), \(problems) problems"
                    + notices.map { "; \($0.visible)" }.joined(),
                advice: problems == 0 ? nil : "`airlock validate` names them")
        } catch {
            return Check(
                name: "repository", ok: false, text: Explanation.of(error), advice: nil)
        }
    }

    private func stateDirectory(_ wiring: Wiring) -> Check {
        do {
            try wiring.state.check()
            return Check(name: "state", ok: true, text: wiring.settings[.state], advice: nil)
        } catch {
            if case .missing(let path) = error {
                return Check(
                    name: "state", ok: true, text: "\(path) is not there yet", advice: nil)
            }
            return Check(
                name: "state", ok: false, text: Explanation.of(error),
                advice: "only its owner may read the state directory")
        }
    }

    private func ledger(_ wiring: Wiring) async -> Check {
        do {
            guard let reader = try wiring.reader() else {
                return Check(
                    name: "ledger", ok: true, text: "none yet",
                    advice: "`airlock run` or `airlock reconcile` makes one")
            }
            try await reader.check()
            let state = try await reader.state()
            let behind = state.clock.map { $0.wall - wiring.clock.now().wall } ?? .zero
            guard behind <= .seconds(30) else {
                return Check(
                    name: "ledger", ok: false,
                    text: "the clock is \(behind.brief) behind the last entry",
                    advice: "set the clock; production does not go forward until then")
            }
            return Check(
                name: "ledger", ok: true,
                text: "every row fits its hash; \(state.lanes.count) lanes, "
                    + "\(state.operations.count) operations under way", advice: nil)
        } catch {
            return Check(
                name: "ledger", ok: false, text: Explanation.of(error),
                advice: "nothing is done until a person has looked")
        }
    }

    /// Settings that only some verbs read, and that would stop those.
    private func everyValue(_ wiring: Wiring) -> Check {
        let settings = wiring.settings
        let reads: [() throws -> Void] = [
            { _ = try RunCommand.poll(from: settings[.poll]) }, { _ = try wiring.logger() },
            { _ = try settings.remoteAccess() }, { _ = try settings.mayPush() },
            { _ = try settings.gitIdentity() }, { _ = try settings.commitSigner() },
        ]
        var wrong: [String] = []
        for read in reads {
            do { try read() } catch { wrong.append(Explanation.of(error)) }
        }
        return Check(
            name: "settings", ok: wrong.isEmpty,
            text: wrong.isEmpty
                ? "every value can be read" : wrong.joined(separator: "\n"),
            advice: wrong.isEmpty
                ? nil : "`airlock doctor --settings` says where each value comes from")
    }

    /// Whether the reconciler would follow the head that was fetched last.
    private func history(_ wiring: Wiring) async -> Check {
        do {
            guard try wiring.reader() != nil else {
                return Check(
                    name: "history", ok: true, text: "no commit was accepted yet", advice: nil)
            }
            let fleets = try FleetReading(wiring)
            let planning = try await PlanReading(wiring)
            guard let reading = try await fleets.lastFetched(),
                let refusal = try await planning.refusal(of: reading, from: fleets.source)
            else {
                return Check(
                    name: "history", ok: true, text: "the head follows what is in force",
                    advice: nil)
            }
            return Check(
                name: "history", ok: false, text: refusal.phrase,
                advice: "compare the two with `git log`; push a head that descends from what is in "
                    + "force, or let the reconciler follow this one")
        } catch {
            return Check(name: "history", ok: false, text: Explanation.of(error), advice: nil)
        }
    }

    /// The simulated world, which is lost as a whole when a line of its file is.
    private func world(_ wiring: Wiring) async -> Check {
        do throws(ProviderError) {
            let view = try await wiring.world.view(of: nil)
            return Check(
                name: "world", ok: true, text: "\(view.orders) orders, \(view.lanes.count) lanes",
                advice: nil)
        } catch {
            return Check(
                name: "world", ok: false, text: error.phrase,
                advice: "mend what it names, then `airlock reconcile` runs there what git says")
        }
    }

    private func holder(_ wiring: Wiring) async -> Check {
        do {
            let answer = try await ControlClient.send(
                ControlRequest(id: RandomIdentity.make(), call: .health),
                to: try wiring.controlSocket(), deadline: .seconds(2))
            guard case .health(let health) = answer.result else {
                return Check(name: "run", ok: false, text: "it answered nonsense", advice: nil)
            }
            return Check(
                name: "run", ok: health.faults.isEmpty,
                text: (["pid \(health.pid)"] + health.faults).joined(separator: "; "), advice: nil)
        } catch {
            if let silent = LockHolder.current(in: wiring.state) {
                return Check(
                    name: "run", ok: false,
                    text: "the ledger is held by \(silent), which does not answer: \(error)",
                    advice: silent.advice)
            }
            return Check(
                name: "run", ok: true, text: "no reconciler is running",
                advice: "`airlock run` starts one")
        }
    }
}
