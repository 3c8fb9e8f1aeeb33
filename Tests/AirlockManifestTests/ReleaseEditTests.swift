import AirlockManifest
import AirlockModel
import AirlockTestSupport
import Testing

@Suite("editing a release by lines")
struct ReleaseEditTests {
    private static let old = Build.artifact("web", 1)
    private static let new = Build.artifact("web", 2)

    private static func edited(
        _ text: String, version: String? = "1.0.0", config: [String: DesiredConfigValue] = [:]
    ) throws(ReleaseEdit.Failure) -> String {
        let wanted = ReleaseEdit.Wanted(artifact: old, version: version, config: config)
        return String(
            decoding: try ReleaseEdit.bytes(of: Array(text.utf8), saying: wanted), as: UTF8.self)
    }

    @Test("artifact, version and configuration go back; comments and other edits stay")
    func goesBack() throws {
        let text = """
            # The pages that customers see.
            artifact: \(Self.new)   # built on Monday
            version: "2.0.0"   # the big one
            replicas: {min: 6, max: 24} # more since yesterday
            config:
              # how loud
              LOG_LEVEL: debug  # was info
              SESSION_KEY: {secret: web-session-2}   # rotated
              NEW_FLAG: true
              OWNER: 'team #2'
              ASSET_HOST: https://assets.example/#x
            strategy: {canary: {hold: 10m}}

            """
        let back = try Self.edited(
            text,
            config: [
                "LOG_LEVEL": .plain("info"),
                "SESSION_KEY": .secret(try #require(SecretName("web-session"))),
                "ASSET_HOST": .plain("https://assets.example/#x"),
                "OWNER": .plain("it's ours"),
                "GREETING": .plain("a: \"b\" #c"),
            ])
        #expect(
            back == """
                # The pages that customers see.
                artifact: \(Self.old)   # built on Monday
                version: "1.0.0"   # the big one
                replicas: {min: 6, max: 24} # more since yesterday
                config:
                  # how loud
                  LOG_LEVEL: info  # was info
                  SESSION_KEY: {secret: web-session}   # rotated
                  OWNER: 'it''s ours'
                  ASSET_HOST: https://assets.example/#x
                  GREETING: "a: \\"b\\" #c"
                strategy: {canary: {hold: 10m}}

                """)
    }

    @Test("values of several lines are put back, taken out and replaced as a whole")
    func blocks() throws {
        let text = """
            artifact: >-
              \(Self.new)
            version: 1.0.0
            replicas: 1
            config:
              CA: |   # of the new authority
                -----BEGIN-----
                new

                -----END-----

              MOTD: >
                hello
                there
              GONE: |-
                a
                b
              LAST: |
                x
               # said of the block
            # the end

            """
        let back = try Self.edited(
            text,
            config: [
                "CA": .plain("-----BEGIN-----\nold\n-----END-----\n"), "MOTD": .plain("hi"),
                "LAST": .plain("x\n"), "MORE": .plain("1"),
            ])
        #expect(
            back == """
                artifact: \(Self.old)
                version: 1.0.0
                replicas: 1
                config:
                  CA: |   # of the new authority
                    -----BEGIN-----
                    old
                    -----END-----

                  MOTD: hi
                  LAST: |
                    x
                  MORE: 1
                   # said of the block
                # the end

                """)
    }

    @Test("keys that are new are taken out, keys that are gone come back")
    func keys() throws {
        let plain = "artifact: \(Self.new)\nreplicas: 1\n"
        #expect(
            try Self.edited(plain, config: ["B": .plain("x y"), "A": .plain("1")]) == """
                artifact: \(Self.old)
                version: 1.0.0
                config:
                  A: 1
                  B: "x y"
                replicas: 1

                """)
        let full = "artifact: \(Self.new)\nversion: 3\nconfig:\n  A: 1\nreplicas: 1\n"
        #expect(
            try Self.edited(full, version: nil) == "artifact: \(Self.old)\nreplicas: 1\n")
        let flow = "artifact: \(Self.new)\nversion: 1.0.0\nconfig: {A: 1, B: [}]\n"
        #expect(throws: ReleaseEdit.Failure.self) { _ = try Self.edited(flow) }
        let table = "artifact: \(Self.new)\nversion: 1.0.0\nconfig: {A: 1} # all\nreplicas: 1\n"
        #expect(
            try Self.edited(table, config: ["A": .plain("2"), "C": .plain("3")])
                == "artifact: \(Self.old)\nversion: 1.0.0\nconfig: {A: 2, C: 3} # all\nreplicas: 1\n"
        )
    }

    @Test("what says it already, cannot be read or is no list of lines is told and not written")
    func refusals() {
        let same = "artifact: \(Self.old)\nversion: 1.0.0\nreplicas: 1\n"
        #expect(throws: ReleaseEdit.Failure.nothingToDo) { _ = try Self.edited(same) }
        #expect(throws: ReleaseEdit.Failure.self) { _ = try Self.edited("artifact: [") }
        let flow = "{artifact: '\(Self.new)', replicas: 1}\n"
        #expect(throws: ReleaseEdit.Failure.notByLines) { _ = try Self.edited(flow) }
        let folded = "artifact: \(Self.old)\nversion: a\n  b\nreplicas: 1\n"
        #expect(throws: ReleaseEdit.Failure.notByLines) { _ = try Self.edited(folded) }
    }

    @Test("a file with a byte order mark keeps it")
    func byteOrderMark() throws {
        let text = "\u{FEFF}artifact: \(Self.new)\nversion: 2\nreplicas: 1\n"
        let back = try Self.edited(text)
        #expect(
            Array(back.unicodeScalars)
                == Array(
                    "\u{FEFF}artifact: \(Self.old)\nversion: 1.0.0\nreplicas: 1\n".unicodeScalars))
    }

    @Test("a file with Windows line ends keeps them")
    func carriageReturns() throws {
        let text = "artifact: \(Self.new)\r\nversion: 2\r\nreplicas: 1\r\n"
        #expect(
            try Self.edited(text)
                == "artifact: \(Self.old)\r\nversion: 1.0.0\r\nreplicas: 1\r\n")
        let short = "artifact: \(Self.new)\r\nreplicas: 1\r\n"
        #expect(
            try Self.edited(short)
                == "artifact: \(Self.old)\r\nversion: 1.0.0\r\nreplicas: 1\r\n")
    }
}
