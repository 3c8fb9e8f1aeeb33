import AirlockModel
import AirlockSimulator
import ArgumentParser

/// `airlock sim`: the simulated world.
struct SimCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sim", abstract: "Look at the simulated world and make things go wrong there.",
        subcommands: [
            Show.self, Fault.self, Advance.self, RehearseCommand.self, ReplayCommand.self,
            TrialsCommand.self,
        ])

    /// `airlock sim show`.
    struct Show: Verb {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show what the simulated world runs.")
        @Option(help: "Only this environment.") var env: EnvironmentName?
        @OptionGroup var common: CommonOptions
        @OptionGroup var output: FormatOption

        func perform() async throws -> ExitStatus {
            let wiring = try Wiring(try common.settings())
            let view = try await wiring.world.view(of: env)
            if let env { try await KnownNames.check(.environment(env), wiring) }
            switch output.format {
            case .json, .yaml: try Output.value(view, as: output.format)
            case .human: Output.data(Self.text(view, common.ink))
            }
            return .done
        }

        private static func text(_ view: WorldView, _ ink: Ink) -> String {
            var table = Table([
                "lane", "slot", "artifact", "traffic", "healthy", "req/min", "errors", "p99", "cpu",
                "memory",
            ])
            for lane in view.lanes {
                for slot in lane.slots {
                    let healthy = "\(slot.healthy)/\(slot.replicas)"
                    let health: Ink.Shade =
                        slot.healthy == slot.replicas ? .green : .red
                    let errors: Ink.Shade = slot.errors == 0 ? .green : .yellow
                    let latency = slot.latencyP99Microseconds.map { "\($0 / 1000)ms" } ?? "-"
                    table.add([
                        Table.Cell(lane.lane), Table.Cell(String(slot.slot.prefix(12)), .dim),
                        Table.Cell(ArtifactReference(slot.artifact)?.short ?? slot.artifact),
                        Table.Cell("\(slot.weight)‰"),
                        Table.Cell(healthy, health),
                        Table.Cell(String(slot.requests)),
                        Table.Cell(String(slot.errors), errors),
                        Table.Cell(latency),
                        Table.Cell("\(slot.cpuBasisPoints / 100)%"),
                        Table.Cell("\(slot.memoryBytes >> 20)Mi"),
                    ])
                }
            }
            let head =
                "World at \(Timestamp(rfc3339: view.time)?.local ?? view.time), "
                + "seed \(view.seed), \(view.orders) orders"
            let faults = view.faults.map { ink.red("fault: \($0.kind) in \($0.scope)") }
            return ([ink.bold(head)] + faults + [table.isEmpty ? "Nothing runs." : table.text(ink)])
                .joined(separator: "\n")
        }
    }

    /// `airlock sim fault`.
    struct Fault: Verb {
        static let configuration = CommandConfiguration(
            commandName: "fault", abstract: "Make something go wrong in the simulated world.",
            discussion: """
                refuse          orders are refused
                lose-answer     orders are carried out, and the answer is lost
                lose-order      orders are lost
                half            half of an order is carried out, and the answer is lost
                deliver-twice   orders arrive twice
                late            the answer is lost, the order is carried out --by later
                partition       nothing gets through
                lose-instance   an instance dies
                kill-instance   --instances end, and nobody starts them again
                degrade-instance  --instances fail --errors of their requests, take --latency, or both
                cure-instances  degraded instances are well again
                drift-replicas  someone sets --replicas by hand
                drift-traffic   someone takes the traffic away
                drift-config    someone edits what runs
                drift-stop      someone stops what serves
                drift-foreign   someone starts another artifact
                """)

        /// The words on the command line.
        enum Word: String, ExpressibleByArgument, CaseIterable {
            case refuse
            case loseAnswer = "lose-answer"
            case loseOrder = "lose-order"
            case half
            case deliverTwice = "deliver-twice"
            case late
            case partition
            case loseInstance = "lose-instance"
            case killInstance = "kill-instance"
            case degradeInstance = "degrade-instance"
            case cureInstances = "cure-instances"
            case driftReplicas = "drift-replicas"
            case driftTraffic = "drift-traffic"
            case driftConfig = "drift-config"
            case driftStop = "drift-stop"
            case driftForeign = "drift-foreign"
        }

        @Argument(help: "What goes wrong.") var kind: Word
        @Argument(help: "Where: an environment or a lane.") var scope: Freeze.Scope
        @Option(help: "How many orders it strikes (default: all).") var times: Int?
        @Option(name: .customLong("for"), help: "How long it lasts, such as 30s.")
        var lasting: DurationArgument?
        @Option(help: "How late, for late (default: 5s).") var by: DurationArgument?
        @Option(help: "The number, for drift-replicas.") var replicas = 1
        @Option(
            help:
                "How many instances, for kill-instance and degrade-instance; in each lane of an environment."
        )
        var instances = 1
        @Option(
            help:
                "Share of requests that fail, for degrade-instance (default: 50%, none with --latency)."
        )
        var errors: ShareArgument?
        @Option(help: "99 of 100 requests take at most this long, for degrade-instance.")
        var latency: DurationArgument?
        @OptionGroup var common: CommonOptions
        @OptionGroup var output: FormatOption

        func perform() async throws -> ExitStatus {
            let wiring = try Wiring(try common.settings())
            guard times.map({ $0 > 0 }) ?? true, (0...10_000).contains(replicas) else {
                throw Failure("--times is at least 1, --replicas 0 to 10000")
            }
            let running = try await wiring.world.view(of: nil).lanes.compactMap { LaneID($0.lane) }
            let names = try await KnownNames(wiring, and: running)
            if !names.isEmpty { try names.check(scope) }
            try await wiring.world.inject(
                SimulatedFault(
                    kind: fault, scope: scope, times: times, lasting: lasting?.duration))
            try Output.outcome("\(kind.rawValue) strikes \(scope).", as: output.format)
            return .done
        }

        private var fault: SimulatedFault.Kind {
            switch kind {
            case .refuse: .refuse
            case .loseAnswer: .loseAnswer
            case .loseOrder: .loseOrder
            case .half: .half
            case .deliverTwice: .deliverTwice
            case .late: .late(by?.duration ?? .seconds(5))
            case .partition: .partition
            case .loseInstance: .loseInstance
            case .killInstance: .killInstances(instances)
            case .degradeInstance:
                .degradeInstances(
                    instances,
                    errors: errors?.share ?? Share(basisPoints: latency == nil ? 5_000 : 0),
                    latency: latency?.duration)
            case .cureInstances: .cureInstances
            case .driftReplicas: .driftReplicas(replicas)
            case .driftTraffic: .driftTraffic
            case .driftConfig: .driftConfig
            case .driftStop: .driftStop
            case .driftForeign: .driftForeign
            }
        }
    }

    /// `airlock sim advance`.
    struct Advance: Verb {
        static let configuration = CommandConfiguration(
            commandName: "advance", abstract: "Let time pass in the simulated world.")
        @Argument(help: "How much, such as 10m.") var duration: DurationArgument
        @OptionGroup var common: CommonOptions
        @OptionGroup var output: FormatOption

        func perform() async throws -> ExitStatus {
            let wiring = try Wiring(try common.settings())
            try await wiring.world.advance(by: duration.duration)
            try Output.outcome(
                "The world is \(duration.duration.phrase) further.", as: output.format)
            return .done
        }
    }
}
