import AirlockHealing
import AirlockModel
import AirlockTestSupport
import Testing

/// The number of instances follows the load.
@Suite("scaling") struct ScalingTests {
    /// A lane with as much to do for each instance as that many would have at `full` use.
    private func run(_ ward: inout Ward, full: Double, looks: Int) {
        for _ in 0..<looks {
            let use = Int(full / Double(ward.instances.count) * 10_000)
            ward.load = Share(basisPoints: min(10_000, use))
            ward.look()
            if let heal = ward.done.last, heal.heal.rule == .scale, heal.at == ward.time,
                case .scale(_, let replicas) = heal.heal.action
            {
                ward.instances = (0..<replicas).map {
                    InstanceObservation(id: "i\($0)", phase: .healthy)
                }
            }
        }
    }

    @Test("a load above its bound adds instances one by one, with rests, up to the most")
    func up() {
        var ward = Ward(2)
        ward.replicas = Build.replicas(2, 5)
        run(&ward, full: 4.5, looks: 400)
        #expect(ward.actions.map { String($0.suffix(4)) } == ["to 3", "to 4", "to 5"])
        let times = ward.done.map(\.at)
        #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 >= 200 })
        // With five instances the load is still above: only a person can allow more.
        #expect(ward.pages == ["the load is above 75% with all instances"])
    }

    @Test("a load that comes and goes at the bound moves nothing to and fro")
    func hysteresis() {
        var ward = Ward(4)
        ward.replicas = Build.replicas(2, 8)
        for round in 0..<200 { run(&ward, full: round.isMultiple(of: 2) ? 2.9 : 3.1, looks: 6) }
        let up = ward.actions.count { $0.hasSuffix("to 5") }
        #expect(up == 1 && ward.actions.count == 1)
    }

    @Test(
        "a load below its bound takes instances away, never below the fewest and never a needed one"
    )
    func down() {
        var ward = Ward(6)
        ward.replicas = Build.replicas(2, 8)
        run(&ward, full: 0.5, looks: 600)
        #expect(ward.instances.count == 2)
        #expect(zip(ward.done, ward.done.dropFirst()).allSatisfy { $1.at - $0.at >= 300 })
    }

    @Test("one number of replicas is not scaled, and without a measured load nothing is")
    func fixed() {
        var ward = Ward(4)
        run(&ward, full: 3.9, looks: 50)
        #expect(ward.done.isEmpty)
        var blind = Ward(4)
        blind.replicas = Build.replicas(2, 8)
        blind.look(50)
        #expect(blind.done.isEmpty)
    }
}
