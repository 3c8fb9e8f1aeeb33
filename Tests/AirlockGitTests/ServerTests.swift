import AirlockGit
import AirlockModel
import AirlockPorts
import Foundation
import Testing

@Suite("Fetching from servers", .serialized)
struct ServerTests {
    @Test(
        "every transport finds what is new, forced and deleted",
        arguments: GitServer.Transport.allCases)
    func fetch(_ transport: GitServer.Transport) async throws {
        let fixture = try Fixture()
        let first = try fixture.head()
        let server = try GitServer(transport, fixture)
        try await with(fixture.source(of: server)) { source async throws in
            #expect(try await source.fetch(limit: .ample).commit == first)
            #expect(try await source.delta(from: nil, to: first).changes.count == 1)
            let second = try fixture.commit("second", ["services/a/service.yaml": "port: 1\n"])
            #expect(try await source.fetch(limit: .ample).commit == second)
            #expect(try await source.fetch(limit: .ample).commit == second)
            #expect(try await source.descends(second, from: first))
            try fixture.git("reset", "-q", "--hard", first.description)
            let forced = try fixture.commit("forced", ["services/b/service.yaml": "port: 2\n"])
            #expect(try await source.fetch(limit: .ample).commit == forced)
            #expect(try await source.descends(forced, from: second) == false)
            try fixture.git("switch", "-q", "-c", "other")
            try fixture.git("branch", "-q", "-D", "main")
            do {
                _ = try await source.fetch(limit: .ample)
                Issue.record("a deleted branch was fetched")
            } catch SourceError.branchMissing(let name) {
                #expect(name == "main")
            }
            #expect(try await source.lastFetch()?.commit == forced)
        }
    }

    @Test("a look that finds nothing new asks once for the references and receives nothing")
    func quietLook() async throws {
        let fixture = try Fixture()
        let server = try GitServer(.http, fixture)
        try await with(fixture.source(of: server)) { source async throws in
            _ = try await source.fetch(limit: .ample)
            let before = try server.requests.count
            _ = try await source.fetch(limit: .ample)
            let new = try server.requests.dropFirst(before)
            #expect(new.count == 2 && new.allSatisfy { $0.hasPrefix("GET") }, "\(new)")
        }
    }

    @Test("a wrong token is offered once and never shown")
    func wrongToken() async throws {
        let fixture = try Fixture()
        let server = try GitServer(.http, fixture)
        var access = server.access
        access.tokenFile = fixture.root + "/wrong"
        try GitServer.write("wrong-secret\n", to: fixture.root + "/wrong", mode: 0o600)
        let error = try await fixture.refusal(of: server, access: access)
        let text = "\(try #require(error))"
        #expect(
            text.contains("does not accept the token") && !text.contains("wrong-secret"), "\(text)")
        #expect(try server.requests.count { $0.contains("with authorization") } == 1)
        access.tokenFile = nil
        let none = "\(try #require(try await fixture.refusal(of: server, access: access)))"
        #expect(none.contains("gitTokenFile"), "\(none)")
    }

    @Test("a server that is not there is told as that, and not as a fault of this machine")
    func nobodyThere() async throws {
        let fixture = try Fixture()
        let server = try GitServer(.http, fixture)
        try await with(
            try fixture.source(remote: "http://127.0.0.1:1/shop.git", access: server.access)
        ) { source async throws in
            do throws(SourceError) {
                _ = try await source.fetch(limit: .ample)
                Issue.record("somebody answers at port 1")
            } catch {
                guard case .unreachable = error else {
                    Issue.record("\(error)")
                    return
                }
            }
        }
    }

    @Test(
        "what a server answers instead of references is told with its meaning",
        arguments: [
            (403, "may not read there; give it that right"),
            (404, "404: there is no repository at this address"),
            (429, "429: it wants fewer requests"), (503, "503: the fault is the server"),
            (418, "localhost answers 418"),
        ])
    func statuses(_ status: Int, _ words: String) async throws {
        let fixture = try Fixture()
        let server = try GitServer(.http, fixture, fault: "status", target: "\(status)")
        let error = "\(try #require(try await fixture.refusal(of: server)))"
        #expect(error.contains(words) && error.contains("localhost answers \(status)"), "\(error)")
        let closed = try GitServer(.http, fixture, fault: "closed")
        let unasked = "\(try #require(try await fixture.refusal(of: closed)))"
        #expect(
            unasked.contains("403: it refuses access, and has asked for no token"), "\(unasked)")
    }

    @Test(
        "what is more than a token is refused before it is sent",
        arguments: ["a\nb\n", "a\tb", "a\u{0}b"])
    func noToken(_ text: String) async throws {
        let fixture = try Fixture()
        let server = try GitServer(.http, fixture)
        var access = server.access
        access.tokenFile = fixture.root + "/many"
        try GitServer.write(text, to: fixture.root + "/many", mode: 0o600)
        let error = "\(try #require(try await fixture.refusal(of: server, access: access)))"
        #expect(error.contains("/many holds more than a token"), "\(error)")
        #expect(try server.requests.isEmpty)
    }

    @Test("a token that others can read, or that is empty, is refused before it is sent")
    func carelessToken() async throws {
        let fixture = try Fixture()
        let server = try GitServer(.http, fixture)
        var access = server.access
        for (text, mode, word) in [("x", 0o644, "chmod 600"), ("\n", 0o600, "is empty")] {
            access.tokenFile = fixture.root + "/careless"
            try GitServer.write(text, to: fixture.root + "/careless", mode: mode)
            let error = "\(try #require(try await fixture.refusal(of: server, access: access)))"
            #expect(error.contains(word), "\(error)")
        }
        #expect(try server.requests.isEmpty)
    }

    @Test("a redirect is not followed, and its target sees no authorization")
    func redirect() async throws {
        let fixture = try Fixture()
        let target = try GitServer(.http, fixture)
        let server = try GitServer(
            .http, fixture, fault: "redirect", target: "http://127.0.0.1:\(target.port)")
        #expect(try await fixture.refusal(of: server) != nil)
        // It had the token by then.
        let asked = try server.requests
        #expect(asked.contains { $0.contains("with authorization") }, "\(asked)")
        let seen = try target.requests
        #expect(seen.isEmpty, "\(seen)")
    }

    @Test(
        "a redirect to the same host is not followed either",
        arguments: ["", "http://localhost:PORT"])
    func redirectToSameHost(_ target: String) async throws {
        let fixture = try Fixture()
        let other = try GitServer(.http, fixture)
        let target = target.replacingOccurrences(of: "PORT", with: "\(other.port)")
        let server = try GitServer(.http, fixture, fault: "moved", target: target)
        // What is asked by its own name is not redirected, and needs no other worker.
        #expect(try await fixture.refusal(of: server) == nil)
        let before = try server.requests.count
        try await with(fixture.source(remote: server.movedURL, access: server.access)) {
            source async throws in
            // The worker that was redirected is gone; another one takes its place.
            for _ in 0..<2 {
                do {
                    _ = try await source.fetch(limit: .ample)
                    Issue.record("a redirect was followed")
                } catch SourceError.unreachable(let why) {
                    #expect(why.contains("localhost redirects to http://localhost:"), "\(why)")
                    #expect(why.contains("/origin/.git, and no redirect"), "\(why)")
                }
            }
        }
        let asked = try server.requests.dropFirst(before)
        #expect(asked.contains { $0.contains("with authorization") }, "\(asked)")
        #expect(asked.allSatisfy { $0.hasPrefix("GET /moved/") }, "\(asked)")
        let seen = try other.requests
        #expect(seen.isEmpty, "\(seen)")
    }

    @Test("a certificate that nobody known signed is refused")
    func unknownAuthority() async throws {
        let fixture = try Fixture()
        let server = try GitServer(.https, fixture)
        var access = server.access
        access.certificates = nil
        let error = "\(try #require(try await fixture.refusal(of: server, access: access)))"
        #expect(error.contains("gitCAFile"), "\(error)")
        #expect(try server.requests.isEmpty)
        access.certificates = fixture.origin + "/fleet.yaml"
        let none = "\(try #require(try await fixture.refusal(of: server, access: access)))"
        #expect(none.contains("gitCAFile"), "\(none)")
    }

    @Test(
        "a server that stays silent or drips is given up at the deadline",
        arguments: ["silent", "drip"])
    func slowServers(_ fault: String) async throws {
        let fixture = try Fixture()
        let server = try GitServer(.http, fixture, fault: fault)
        let error = try await fixture.refusal(of: server, limit: .milliseconds(1_500))
        #expect(error == .timedOut(after: .milliseconds(1_500)), "\(String(describing: error))")
    }

    @Test(
        "a pack that is cut short or damaged leaves the mirror as it was, and the next fetch mends it",
        arguments: ["truncate", "garbage"])
    func damagedPacks(_ fault: String) async throws {
        let fixture = try Fixture()
        let first = try fixture.head()
        let good = try GitServer(.http, fixture)
        try await with(fixture.source(of: good)) { source async throws in
            _ = try await source.fetch(limit: .ample)
        }
        let second = try fixture.commit("second", ["services/a/service.yaml": "port: 1\n"])
        let server = try GitServer(.http, fixture, fault: fault)
        let error = try #require(try await fixture.refusal(of: server))
        #expect(!error.isDamage, "\(error)")
        try await with(fixture.source(of: good)) { source async throws in
            #expect(try await source.record(of: first).id == first)
            #expect(try await source.delta(from: nil, to: first).changes.count == 1)
            #expect(try await source.fetch(limit: .ample).commit == second)
            #expect(try await source.delta(from: first, to: second).changes.count == 1)
        }
    }

    @Test("a server that names a commit and does not send it is at fault, and the mirror is not")
    func liar() async throws {
        let fixture = try Fixture()
        let first = try fixture.head()
        let good = try GitServer(.http, fixture)
        try await with(fixture.source(of: good)) { source async throws in
            _ = try await source.fetch(limit: .ample)
        }
        try fixture.commit("second", ["services/a/service.yaml": "port: 1\n"])
        let liar = try GitServer(.http, fixture, fault: "liar")
        let error = try #require(try await fixture.refusal(of: liar))
        #expect("\(error)".contains("did not send it"), "\(error)")
        #expect(!error.isDamage)
        try await with(fixture.source(of: good)) { source async throws in
            #expect(try await source.record(of: first).id == first)
        }
    }

    @Test("a fetch over a cap is refused by name")
    func caps() async throws {
        let fixture = try Fixture()
        // Nothing that compresses: a linear congruential generator (Knuth's MMIX).
        var state: UInt64 = 1
        let bytes = (0..<100_000).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        try fixture.commit("large", ["noise": bytes.map { String($0, radix: 36) }.joined()])
        let server = try GitServer(.http, fixture)
        var limits = GitLimits.standard
        limits.fetchedBytes = 4_096
        guard
            case .tooLarge(let what, let limit)? = try await fixture.refusal(
                of: server, limits: limits)
        else {
            Issue.record("a large pack was taken")
            return
        }
        #expect(what == "the fetch" && limit == "4 KiB")
        limits = .standard
        limits.fetchedObjects = 2
        guard
            case .tooLarge(_, let objects)? = try await fixture.refusal(of: server, limits: limits)
        else {
            Issue.record("too many objects were taken")
            return
        }
        #expect(objects == "2 objects")
    }

    @Test("an advertisement without end runs into the worker's memory, not the machine's")
    func flood() async throws {
        let fixture = try Fixture()
        let server = try GitServer(.http, fixture, fault: "flood")
        let limit = Duration.seconds(120)
        let error = try #require(try await fixture.refusal(of: server, limit: limit))
        #expect(error != .timedOut(after: limit))
        let good = try GitServer(.http, fixture)
        try await with(fixture.source(of: good)) { source async throws in
            #expect(try await source.fetch(limit: .ample).commit == fixture.head())
        }
    }

    @Test("a token from the environment loses the end of its line, and is never blank")
    func tokenVariable() async throws {
        let fixture = try Fixture()
        let server = try GitServer(.http, fixture)
        for (token, isGood) in [(GitServer.token + "\n", true), (" \n", false)] {
            let worker = try fixture.script(
                "AIRLOCK_GIT_TOKEN='\(token)' exec \(WorkerCommand.built.executable) fetch-worker")
            try await with(fixture.source(remote: server.url, worker: worker)) {
                source async throws in
                do throws(SourceError) {
                    _ = try await source.fetch(limit: .ample)
                    #expect(isGood)
                } catch {
                    #expect(!isGood && "\(error)".contains("nothing but blanks"), "\(error)")
                }
            }
        }
    }

    @Test("configuration of the machine reroutes no URL")
    func insteadOf() async throws {
        let fixture = try Fixture()
        let server = try GitServer(.http, fixture)
        let other = try Fixture()
        try other.commit("other", ["x": "y"])
        try "[url \"\(other.origin)\"]\n\tinsteadOf = \(server.url)\n".write(
            toFile: fixture.root + "/home/.gitconfig", atomically: true, encoding: .utf8)
        let worker = try fixture.script(
            "HOME=\(fixture.root)/home exec \(WorkerCommand.built.executable) fetch-worker")
        try await with(
            fixture.source(remote: server.url, worker: worker, access: server.access)
        ) { source async throws in
            #expect(try await source.fetch(limit: .ample).commit == fixture.head())
        }
    }
}
