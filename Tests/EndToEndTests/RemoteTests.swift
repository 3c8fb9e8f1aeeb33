import Foundation
import Testing

/// What a remote that is there, gone or closed does to the verbs.
@Suite("the remote") struct RemoteTests {
    @Test("a token stands in no output and in no file, whether it is the right one or not")
    func token() async throws {
        let stage = try await Stage()
        let server = try HTTPServer(stage, "--token", "sesame-right")
        defer { server.stop() }
        for token in ["sesame-right", "sesame-wrong"] {
            let environment = ["AIRLOCK_REPO": server.url, "AIRLOCK_GIT_TOKEN": token]
            let verbs = [
                ["reconcile", "--wait", "120s"], ["plan"], ["status"], ["doctor"],
                ["doctor", "--settings"], ["audit", "show"],
            ]
            let sent = Data("x-access-token:\(token)".utf8).base64EncodedString()
            for verb in verbs {
                let outcome = try await stage.start(verb, environment: environment)
                    .outcome(within: .seconds(180))
                let text = outcome.output + outcome.errors
                #expect(!text.contains("sesame") && !text.contains(sent), "\(verb)")
                if token == "sesame-right" { #expect(outcome.code == 0, "\(verb): \(text)") }
                if verb[0] == "reconcile" {
                    #expect((outcome.code == 0) == (token == "sesame-right"), "\(outcome)")
                }
            }
        }
        let kept =
            "grep -rlaE 'sesame|eC1hY2Nlc3MtdG9rZW4' --exclude-dir=programs '\(stage.root)' || echo none"
        #expect(try stage.shell(kept) == "none")
    }

    @Test("a remote that is gone and a commit that is refused are told side by side")
    func twoFaults() async throws {
        let stage = try await Stage()
        try await stage.must("reconcile", "--wait", "120s")
        try stage.commit("broken", ["fleet.yaml": "x: [\n"])
        let refused = try await stage.airlock("reconcile", "--wait", "120s")
        #expect(
            refused.code == 1 && (refused.output + refused.errors).contains("refused"), "\(refused)"
        )
        try stage.shell("mv '\(stage.repository)' '\(stage.root)/gone'")
        for verb in [["reconcile", "--wait", "120s"], ["reconcile", "-o", "json"]] {
            let outcome = try await stage.airlock(verb)
            let text = outcome.output + outcome.errors
            #expect(outcome.code == 1 && text.contains("refused"), "\(text)")
            #expect(outcome.output.contains("cannot be reached"), "\(outcome.output)")
        }
    }

    @Test("host keys are read from the home directory unless the settings name another file")
    func knownHosts() async throws {
        let stage = try await Stage()
        try stage.shell(
            "ssh-keygen -q -t ed25519 -N '' -f '\(stage.root)/key' && mkdir -p '\(stage.root)/home/.ssh'"
        )
        let environment = [
            "AIRLOCK_REPO": "ssh://git@127.0.0.1:1/shop.git",
            "AIRLOCK_GIT_SSH_KEY": stage.root + "/key",
        ]
        let none = try await stage.airlock("plan", environment: environment)
        let file = stage.root + "/home/.ssh/known_hosts"
        #expect(
            none.code == 1 && none.errors.contains("no file of known host keys at \(file)"),
            "\(none)")
        try stage.shell(
            "echo \"127.0.0.1 $(cut -d' ' -f1,2 '\(stage.root)/key.pub')\" > '\(file)'")
        let found = try await stage.airlock("plan", environment: environment)
        #expect(found.code == 1 && found.errors.contains("cannot be reached"), "\(found)")
        #expect(!found.errors.contains("known host"), "\(found)")
        let named = try await stage.airlock(
            "plan",
            environment: environment.merging(["AIRLOCK_GIT_KNOWN_HOSTS": stage.root + "/none"]) {
                $1
            })
        #expect(
            named.errors.contains("no file of known host keys at \(stage.root)/none"), "\(named)")
    }
}
