import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator
import AirlockTestSupport
import Foundation
import Testing

/// The world's file outlives its readers and writers and shows what was done to it.
@Suite struct FileTests {
    @Test("opening the file again changes nothing")
    func reopened() async throws {
        let folder = try Folder()
        let bench = Bench(in: folder)
        try await bench.behave(ArtifactBehaviour(errorRate: Share(basisPoints: 300)))
        try await bench.serve()
        bench.clock.advance(by: .seconds(20))
        let before = try await bench.bytes()
        let after = try await Bench(in: folder, clock: bench.clock).bytes()
        #expect(after == before)
        let (seen, again) = (
            try await bench.look(), try await Bench(in: folder, clock: bench.clock).look()
        )
        #expect(seen.revision == again.revision)
    }

    @Test("two processes on one file see each other")
    func shared() async throws {
        let folder = try Folder()
        let one = Bench(in: folder)
        let two = Bench(in: folder, clock: one.clock)
        try await one.order(.start(Bench.spec, replicas: 2), 1)
        one.clock.advance(by: .seconds(1))
        try await two.order(.route([Bench.spec.id: 1000]), 2)
        let repeated = try await two.order(.start(Bench.spec, replicas: 2), 1)
        #expect(repeated.repeated)
        try await one.order(.scale(Bench.spec.id, replicas: 3), 3)
        let (first, second) = (try await one.bytes(), try await two.bytes())
        #expect(first == second)
    }

    @Test("a reader whose clock is ahead does not move the world for others")
    func clocksApart() async throws {
        let folder = try Folder()
        let ahead = Bench(in: folder)
        let behind = Bench(in: folder)
        ahead.clock.advance(by: .seconds(100))
        try await behind.inject(.late(.seconds(50)), times: 1)
        await #expect(throws: ProviderError.self) {
            try await behind.order(.start(Bench.spec, replicas: 1), 1)
        }
        let early = try await ahead.slot()
        #expect(early != nil)
        // For this writer the late order is still to come; it takes the same key first.
        try await behind.order(.start(Bench.spec, replicas: 1), 1)
        let (seen, fresh) = (
            try await ahead.look(), try await Bench(in: folder, clock: ahead.clock).look()
        )
        #expect(seen == fresh)
    }

    @Test("after a process whose clock was ahead the world goes on, for short processes too")
    func clockWasAhead() async throws {
        let folder = try Folder()
        let clock = ManualClock()
        try await Bench(in: folder, clock: clock).order(.start(Bench.spec, replicas: 1), 1)
        clock.step(wall: .seconds(315_360_000))
        let next = Build.slot("checkout", 2)
        try await Bench(in: folder, clock: clock).order(.start(next, replicas: 1), 2)
        clock.step(wall: .seconds(-315_360_000))
        let last = Build.slot("checkout", 3)
        try await Bench(in: folder, clock: clock).order(.start(last, replicas: 1), 3)
        // Each look is of a process of its own, which knows only what the file says.
        let early = try await Bench(in: folder, clock: clock).look()
        #expect(early.lanes[Bench.lane]?.slot(last.id)?.healthyCount == 0)
        clock.advance(by: .seconds(2))
        let later = try await Bench(in: folder, clock: clock).look()
        #expect(later.lanes[Bench.lane]?.slot(last.id)?.healthyCount == 1)
        let lines = try folder.bytes().split(separator: 0x0A).count
        try await Bench(in: folder, clock: clock).order(.scale(last.id, replicas: 2), 4)
        #expect(try folder.bytes().split(separator: 0x0A).count == lines + 1, "it is said once")
    }

    @Test("a torn last line is ignored by readers and cut off by the next writer")
    func torn() async throws {
        let folder = try Folder()
        let bench = Bench(in: folder)
        try await bench.serve()
        let whole = try folder.bytes()
        let torn = Array("0123456789abcdef {\"at\":17".utf8)
        try folder.tamper { $0 += torn }
        let seen = try await bench.slot()
        let fresh = try await Bench(in: folder, clock: bench.clock).slot()
        #expect(seen != nil && seen == fresh)
        #expect(try folder.bytes() == whole + torn)
        try await bench.order(.stop(Bench.spec.id), 2)
        let bytes = try folder.bytes()
        #expect(bytes.starts(with: whole))
        #expect(bytes.count > whole.count && !bytes.dropFirst(whole.count).starts(with: torn))
        let left = try await Bench(in: folder, clock: bench.clock).look()
        #expect(left.lanes.isEmpty)
    }

    @Test("a damaged line is an error that names file and line, for readers and writers")
    func damaged() async throws {
        let folder = try Folder()
        let bench = Bench(in: folder)
        try await bench.serve()
        let whole = try folder.bytes()
        let second = try #require(whole.firstIndex(of: 0x0A)) + 40
        try folder.tamper { $0[second] ^= 1 }
        let other = Bench(in: folder, clock: bench.clock)
        for _ in 0..<2 {
            let error = await #expect(throws: ProviderError.self) { try await other.look() }
            #expect("\(try #require(error))".contains("\(folder.file) line 2"))
        }
        let error = await #expect(throws: ProviderError.self) {
            try await other.order(.stop(Bench.spec.id), 2)
        }
        #expect("\(try #require(error))".contains("line 2 is damaged"))
        try folder.tamper { $0 = whole }
        let mended = try await other.slot()
        #expect(mended != nil)
    }

    @Test("a file that was moved away or cut short is begun anew")
    func moved() async throws {
        let folder = try Folder()
        let bench = Bench(in: folder)
        try await bench.serve()
        let whole = try folder.bytes()
        try FileManager.default.moveItem(atPath: folder.file, toPath: folder.file + ".old")
        let nothing = try await bench.look()
        #expect(nothing.lanes.isEmpty)
        try await bench.order(.start(Bench.spec, replicas: 1), 9)
        let fresh = try await Bench(in: folder, clock: bench.clock).slot()
        #expect(fresh?.operation == 9)
        // Others look at the new file, and go on when the old one is back: one reads, one writes.
        let (reader, turning) = (
            Bench(in: folder, clock: bench.clock), Bench(in: folder, clock: bench.clock)
        )
        for other in [reader, turning] { _ = try await other.look() }
        try FileManager.default.removeItem(atPath: folder.file)
        try FileManager.default.copyItem(atPath: folder.file + ".old", toPath: folder.file)
        try await turning.order(.scale(Bench.spec.id, replicas: 4), 10)
        for each in [bench, reader, turning] {
            let back = try await each.slot()
            #expect(back?.replicas == 4 && back?.operation == 1)
        }
        let firstLine = try #require(whole.firstIndex(of: 0x0A)) + 1
        try folder.tamper { $0 = Array(whole[..<firstLine]) }
        let cut = try await bench.look()
        #expect(cut.lanes.isEmpty)
    }

    @Test("folder and file are their owner's alone, and a wider file is refused")
    func modes() async throws {
        let folder = try Folder()
        let bench = Bench(in: folder)
        _ = try await bench.look()
        #expect(!FileManager.default.fileExists(atPath: folder.file), "reading makes no file")
        try await bench.serve()
        func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try mode(folder.file) == 0o600)
        #expect(try mode("\(folder.path)/simulator") == 0o700)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: folder.file)
        let reader = Bench(in: folder, clock: bench.clock)
        for _ in 0..<2 {
            await #expect(throws: ProviderError.self) { try await reader.look() }
            await #expect(throws: ProviderError.self) {
                try await reader.order(.stop(Bench.spec.id), 2)
            }
        }
    }

    @Test("an order that cannot be written is refused and has no effect")
    func unwritable() async throws {
        let folder = try Folder()
        try Data().write(to: URL(filePath: "\(folder.path)/simulator"))
        let bench = Bench(in: folder)
        let error = await #expect(throws: ProviderError.self) {
            try await bench.order(.start(Bench.spec, replicas: 1), 1)
        }
        #expect(error?.isOutcomeUnknown == false)
        try FileManager.default.removeItem(atPath: "\(folder.path)/simulator")
        let seen = try await bench.look()
        #expect(seen.lanes.isEmpty)
        try await bench.order(.start(Bench.spec, replicas: 1), 1)
    }
}
