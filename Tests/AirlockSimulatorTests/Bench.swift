import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator
import AirlockTestSupport
import FoundationEssentials
import Glibc

/// A simulated world with a clock that only the test moves, and one writer.
struct Bench {
    let clock: ManualClock
    let world: SimulatedProvider
    var claim = Bench.claim()

    static let environment = Build.environment("testing")
    static let lane = Build.lane("testing/checkout")
    static let spec = Build.slot("checkout")

    /// A world in memory.
    init(seed: UInt64 = 42) {
        let clock = ManualClock()
        self.clock = clock
        world = SimulatedProvider(seed: seed) { clock.now().wall }
    }

    /// A world in a file of a state directory.
    init(in folder: Folder, clock: ManualClock = ManualClock()) {
        self.clock = clock
        world = SimulatedProvider(directory: folder.path) { clock.now().wall }
    }

    static func claim(epoch: Int = 1) -> Claim {
        guard let ledger = LedgerID(String(repeating: "1", count: 32)) else {
            preconditionFailure("not a ledger id")
        }
        return Claim(ledger: ledger, epoch: Epoch(epoch))
    }

    @discardableResult
    func order(
        _ action: Action, _ operation: Int, in lane: LaneID = Bench.lane, by writer: Claim? = nil
    ) async throws(ProviderError) -> Receipt {
        let claim = writer ?? self.claim
        return try await world.perform(
            ActionOrder(
                key: ActionKey(
                    ledger: claim.ledger, operation: operation, step: 0, action: action),
                claim: claim, fleet: Build.fleetName(), lane: lane, change: nil,
                operation: operation, action: action))
    }

    /// One slot that serves in the lane since five seconds.
    func serve(replicas: Int = 2, in lane: LaneID = Bench.lane) async throws {
        let spec = Build.slot(lane.unit.name.description)
        try await order(.start(spec, replicas: replicas), 1, in: lane)
        clock.advance(by: .seconds(5))
        try await order(.route([spec.id: 1000]), 1, in: lane)
    }

    /// How artifact `version` of the lane's service behaves from now on.
    func behave(
        _ behaviour: ArtifactBehaviour, traffic: Int = 50_000, _ version: Int = 1
    ) async throws {
        let digest = Build.artifact("checkout", version).digest
        try await world.adopt(
            SimulationSpec(
                artifacts: [digest: behaviour], traffic: [Build.unit("checkout"): traffic]))
    }

    func inject(
        _ kind: SimulatedFault.Kind, _ scope: String = "testing", times: Int? = nil,
        lasting: Duration? = nil
    ) async throws {
        guard let scope = Freeze.Scope(scope) else { preconditionFailure("not a scope: \(scope)") }
        try await world.inject(
            SimulatedFault(kind: kind, scope: scope, times: times, lasting: lasting))
    }

    func look(_ lanes: Set<LaneID>? = nil) async throws(ProviderError) -> Observation {
        let answer = try await world.observe(
            Self.environment, of: Build.fleetName(), lanes: lanes, since: nil)
        switch answer {
        case .observed(let observation): return observation
        case .unchanged: throw .refused("unchanged since no revision")
        }
    }

    func slot(_ lane: LaneID = Bench.lane) async throws -> SlotObservation? {
        try await look().lanes[lane]?.slots.first
    }

    func counters(
        last seconds: Int, of lane: LaneID = Bench.lane, slot: SlotID? = nil
    ) async throws -> [SecondCounters] {
        let now = clock.now().wall
        return try await world.counters(
            of: lane, slot: slot ?? Build.slot(lane.unit.name.description).id,
            from: now + .seconds(-seconds), to: now)
    }

    func effects() async throws -> [Delivery.Effect] { try await world.deliveries().map(\.effect) }

    /// The state as bytes: what is seen and what was counted.
    func bytes() async throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let seen = try await look()
        var all = Array(try encoder.encode(seen.lanes))
        all += Array(try encoder.encode(seen.claim))
        for lane in seen.lanes.keys.sorted() {
            for slot in seen.lanes[lane]?.slots ?? [] {
                let counters = try await counters(last: 60, of: lane, slot: slot.id)
                all += Array(try encoder.encode(counters))
            }
        }
        all += Array(try encoder.encode(try await world.deliveries()))
        return all
    }
}

/// A folder of its own, removed with the last reference.
final class Folder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory
            .appending(path: "airlock-sim-\(UUID().uuidString)").path(percentEncoded: false)
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The world's file.
    var file: String { "\(path)/simulator/world.jsonl" }

    func bytes() throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: file))) }

    /// Changes the file as nobody should.
    func tamper(_ body: (inout [UInt8]) -> Void) throws {
        var bytes = try bytes()
        body(&bytes)
        guard let handle = fopen(file, "r+") else { throw CocoaError(.fileReadUnknown) }
        defer { fclose(handle) }
        ftruncate(fileno(handle), 0)
        fwrite(bytes, 1, bytes.count, handle)
    }
}
