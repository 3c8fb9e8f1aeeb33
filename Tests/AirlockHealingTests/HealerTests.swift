import AirlockHealing
import AirlockModel
import AirlockTestSupport
import Testing

/// Each rule, and each guard, by itself.
@Suite("healing") struct HealerTests {
    @Test("a lane that is well is left alone, and nothing is written about it")
    func quiet() {
        var ward = Ward()
        ward.look(100)
        #expect(ward.done.isEmpty && ward.said.isEmpty && ward.record.isEmpty)
    }

    @Test(
        "a failed instance is restarted once, with its evidence, its share of the budget and an end"
    )
    func restart() throws {
        var ward = Ward()
        ward.look()
        ward.make(3, .failed)
        ward.look(8)
        #expect(ward.actions == ["restart i3"])
        let heal = try #require(ward.done.first?.heal)
        #expect(
            heal.evidence == "i3 has failed at 2 of 3 looks" && heal.budget == "1 of 3 per 600s")
        #expect(heal.expires.milliseconds == (ward.done[0].at + 60) * 1000)
        #expect(ward.record.open.map(\.heals) == [1] && ward.said.isEmpty)
    }

    @Test("one bad look is no sickness, and three of six are, in a row or not")
    func flapping() {
        var ward = Ward()
        for isBad in [true, false, false, true, false, false, false, true, false] {
            ward.make(0, isBad ? .unhealthy : .healthy)
            ward.look()
        }
        #expect(ward.done.isEmpty)
        for isBad in [true, false, true] {
            ward.make(0, isBad ? .unhealthy : .healthy)
            ward.look()
        }
        #expect(ward.actions == ["restart i0"])
    }

    @Test("an instance that restarting did not mend is replaced")
    func replace() {
        var ward = Ward()
        for _ in 0..<2 {
            ward.make(1, .failed)
            ward.look(4)
        }
        #expect(ward.actions == ["restart i1", "replace i1"])
    }

    @Test("what dies every 11 minutes and is started again by its engine is found within the day")
    func slowCrashes() throws {
        var ward = Ward()
        ward.look()
        for _ in 0..<5 {
            ward.make(2, .healthy, crashes: 1)
            ward.look(132)
        }
        #expect(ward.actions == ["replace i2"])
        #expect(ward.done[0].heal.evidence == "i2 crashes again and again: 5 times in a day")
        #expect(ward.pages.contains("crashing instances were seen 5 times in a day"))
        #expect(ward.time - 100_000 < 3_600)
    }

    @Test("a restart that healing ordered is no death of the instance")
    func ownRestarts() {
        var ward = Ward()
        ward.make(0, .failed)
        ward.look(20)
        #expect(ward.record.incidents.map(\.fault) == [.failed])
    }

    // MARK: Ejecting

    @Test("a degraded instance is ejected, and readmitted with a sentence that grows up to its cap")
    func sentences() {
        var ward = Ward()
        ward.capabilities.remove(.replace)
        ward.policy.budget = .init(count: 50, window: .seconds(600))
        ward.degrade(4, errors: 40)
        ward.look(2_000)
        let out = ward.done.filter { $0.heal.action.phrase == "eject i4" }.map(\.at)
        let back = ward.done.filter { $0.heal.action.phrase == "readmit i4" }.map(\.at)
        let lengths = zip(out, back).map { $1 - $0 }
        #expect(lengths.prefix(12) == [30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300, 300])
        #expect(ward.pages.contains("instances with errors were healed 3 times and more"))
    }

    @Test("one that came back bad twice is replaced")
    func ejectThenReplace() {
        var ward = Ward()
        ward.policy.budget = .init(count: 9, window: .seconds(600))
        ward.degrade(4, errors: 0, latency: 900_000)
        ward.look(200)
        #expect(
            ward.actions == ["eject i4", "readmit i4", "eject i4", "readmit i4", "replace i4"])
    }

    @Test("at most a tenth is out at a time")
    func share() {
        var ward = Ward(20)
        ward.policy.budget = .init(count: 50, window: .seconds(600))
        for index in 0..<4 { ward.degrade(index, errors: 40) }
        var most = 0
        for _ in 0..<50 {
            ward.look()
            most = max(most, ward.instances.count(where: \.isEjected))
        }
        #expect(most == 2)
        #expect(ward.holds.contains { $0.hasSuffix("cannot be ejected") })
        #expect(ward.pages.contains { $0.hasSuffix("stay in the traffic") }, "\(ward.pages)")
    }

    @Test(
        "more sick ones than may be out: the share goes, and a person is told of the others",
        arguments: [7, 12])
    func moreThanTheShare(count: Int) {
        var ward = Ward(count)
        for index in 0..<2 { ward.degrade(index, errors: 60) }
        ward.look(20)
        #expect(ward.actions.first == "eject i0" && ward.instances.count(where: \.isEjected) == 1)
        // They take turns from then on, and the one page stands.
        ward.look(400)
        #expect(Set(ward.actions).isSuperset(of: ["eject i0", "readmit i0", "eject i1"]))
        let told = ward.pages.filter { $0.hasSuffix("stay in the traffic") }
        #expect(told.count == 1, "\(ward.pages)")
    }

    @Test("a sick one that git's least number needs stays, and a person is told")
    func atTheLeast() {
        var ward = Ward(6)
        ward.replicas = Build.replicas(6, 12)
        ward.degrade(0, errors: 60)
        ward.look(10)
        #expect(ward.pages.isEmpty, "another one may come back: \(ward.pages)")
        ward.look(10)
        #expect(ward.done.isEmpty && ward.holds == ["i0 cannot be ejected"])
        #expect(ward.pages.contains { $0.hasSuffix("stay in the traffic") }, "\(ward.pages)")
    }

    @Test("nothing is ejected that the load needs, and what is out comes back when it is needed")
    func needed() {
        var ward = Ward()
        ward.load = Share(basisPoints: 7_300)
        ward.degrade(0, errors: 40)
        ward.look(10)
        #expect(ward.done.isEmpty && ward.holds == ["i0 cannot be ejected"])
        ward.load = Share(basisPoints: 5_000)
        ward.look(2)
        #expect(ward.actions == ["eject i0"])
        ward.make(5, .failed)
        ward.look()
        #expect(ward.actions.last == "readmit i0")
    }

    @Test("a slot of one or two instances loses none that serves")
    func small() {
        for count in 1...2 {
            var ward = Ward(count)
            ward.replicas = Build.replicas(count, 8)
            ward.degrade(0, errors: 90)
            ward.look(50)
            #expect(ward.done.isEmpty)
        }
    }

    @Test("what somebody else ejected is readmitted too")
    func foreign() {
        var ward = Ward()
        ward.make(7, .healthy, isEjected: true)
        ward.look(10)
        #expect(ward.actions == ["readmit i7"])
    }

    // MARK: Guards

    @Test("the budget is one for all, and when it is empty a person is paged")
    func budget() {
        var ward = Ward(40)
        for index in 0..<5 {
            ward.make(index, .failed)
            ward.look(4)
        }
        #expect(ward.done.count == 3)
        #expect(ward.pages.contains("the budget of 3 per 600s is empty"))
        ward.look(120)
        #expect(ward.done.count == 5)
    }

    @Test("the same fault on 30% of the instances is not an instance's: no action and a page")
    func correlation() {
        var ward = Ward()
        for index in 0..<3 { ward.make(index, .failed) }
        ward.look(50)
        #expect(ward.done.isEmpty)
        #expect(ward.pages == ["failed instances are too many to be healed one by one"])
        var below = Ward()
        for index in 0..<2 { below.make(index, .failed) }
        below.look(20)
        #expect(below.done.count == 2)
    }

    @Test("what fails one after the other within ten minutes is correlated as well")
    func staggered() {
        var ward = Ward()
        ward.policy.budget = .init(count: 50, window: .seconds(600))
        for index in 0..<6 {
            ward.make(index, .failed)
            ward.look(12)
        }
        #expect(ward.actions == ["restart i0", "restart i1"])
        #expect(ward.pages.contains("failed instances are too many to be healed one by one"))
    }

    @Test("right after a change it is the change's fault: no action and a page that names it")
    func afterChange() throws {
        var ward = Ward()
        ward.policy.afterChange = .seconds(600)
        ward.settledAt = ward.time
        ward.make(0, .failed)
        ward.look(10)
        #expect(ward.done.isEmpty)
        let page = try #require(ward.said.first)
        #expect(page.text.hasPrefix("failed instances right after change "))
        #expect(page.advice == "roll the release back with `airlock rollback production/api`")
        ward.look(120)
        #expect(ward.actions == ["restart i0"])
    }

    @Test("a page names the way back only where there is one, and first only right after a change")
    func wayBack() throws {
        func advice(changed: Bool, hasEarlier: Bool, failed: Int) throws -> String {
            var ward = Ward()
            ward.policy.afterChange = .seconds(600)
            ward.settledAt = changed ? ward.time : ward.time - 3_600
            ward.hasEarlier = hasEarlier
            for index in 0..<failed { ward.make(index, .failed) }
            ward.look(10)
            return try #require(ward.said.first { $0.kind == .page }).advice
        }
        let command = "`airlock rollback production/api`"
        for failed in [1, 3] {
            let fresh = try advice(changed: true, hasEarlier: true, failed: failed)
            #expect(fresh.hasPrefix("roll the release back with \(command)"))
            let only = try advice(changed: true, hasEarlier: false, failed: failed)
            #expect(only.contains("release a fix") && !only.contains(command))
        }
        let old = try advice(changed: false, hasEarlier: true, failed: 3)
        #expect(old.hasPrefix("look for what they share") && old.contains(command))
        let first = try advice(changed: false, hasEarlier: false, failed: 3)
        #expect(first.hasPrefix("look for what they share") && !first.contains(command))
    }

    @Test("the third heal of one cause pages although each one helped, and the incident stays open")
    func masking() throws {
        var ward = Ward(20)
        for index in 0..<3 {
            ward.make(index, .failed)
            ward.look(200)
        }
        #expect(ward.done.count == 3)
        #expect(ward.pages.first == "failed instances were healed 3 times and more")
        let incident = try #require(ward.record.open.first)
        #expect(incident.heals == 3 && incident.sightings == 3 && incident.isOpen)
        ward.look(20, every: 3_600)
        #expect(ward.record.open.count == 1)
        ward.look(6, every: 3_600)
        #expect(ward.record.open.isEmpty && ward.record.incidents.count == 1)
    }

    @Test("a rising rate pages before the third heal of one cause")
    func rising() {
        var ward = Ward(40)
        ward.make(0, .failed)
        ward.look(4)
        ward.look(2, every: 2_400)
        for index in 1...2 {
            ward.make(index, .unhealthy)
            ward.look(5)
        }
        #expect(ward.pages.isEmpty)
        ward.make(3, .failed)
        ward.look(4)
        ward.make(4, .failed)
        ward.look(4)
        #expect(ward.pages.contains("failed instances come more and more often"))
    }

    @Test("lost telemetry holds: nothing is healed, noted or closed")
    func telemetry() {
        var ward = Ward()
        ward.make(0, .failed)
        ward.look(1)
        for index in ward.instances.indices { ward.make(index, .unknown) }
        ward.look(200)
        #expect(ward.done.isEmpty && ward.record.incidents.isEmpty)
        #expect(ward.holds == ["the state of instances is unknown, so nothing is healed"])
        #expect(ward.said.count == 1)
    }

    @Test("a page stands on while nothing is known, and is not said anew after that")
    func pageInTheDark() {
        var ward = Ward(20)
        for index in 0..<3 {
            ward.make(index, .failed)
            ward.look(200)
        }
        let page = "failed instances were healed 3 times and more"
        #expect(ward.pages == [page])
        ward.make(7, .unknown)
        let dark = ward.look()
        #expect(dark.ended.isEmpty && dark.record.said.contains { $0.text == page })
        ward.make(7, .healthy)
        #expect(ward.look(10).record.said.map(\.text) == [page])
        #expect(ward.pages == [page])
    }

    @Test("without signals nothing is ejected or scaled, and what has failed is restarted")
    func noSignals() {
        var ward = Ward()
        ward.replicas = Build.replicas(2, 20)
        ward.readings = .down("it is gone")
        ward.degrade(1, errors: 90)
        ward.make(0, .failed)
        ward.look(20)
        #expect(ward.actions == ["restart i0"])
        #expect(ward.holds == ["no signals, so nothing is ejected or scaled"])
    }

    @Test("a rule that is dry says once what it would do, and the others go on")
    func dryRun() {
        var ward = Ward()
        ward.replicas = Build.replicas(5, 10)
        ward.policy.dryRun = [.restart]
        ward.make(0, .failed)
        ward.degrade(1, errors: 40)
        ward.look(20)
        #expect(ward.said.map(\.text) == ["would restart i0"])
        #expect(ward.said.map(\.kind) == [.dryRun])
        #expect(ward.actions.first == "eject i1" && !ward.actions.contains("restart i0"))
        #expect(ward.record.spent.count == ward.actions.count { $0 == "eject i1" })
    }

    @Test("what the provider cannot do is a hold with its name")
    func capabilities() {
        var ward = Ward()
        ward.replicas = Build.replicas(5, 10)
        ward.capabilities = [.start, .scale, .route, .stop]
        ward.make(0, .failed)
        ward.degrade(1, errors: 40)
        ward.look(20)
        #expect(ward.done.isEmpty)
        #expect(ward.holds == ["the provider cannot restart", "the provider cannot eject"])
    }
}
