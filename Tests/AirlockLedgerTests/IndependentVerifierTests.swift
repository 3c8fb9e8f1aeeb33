import AirlockLedger
import AirlockModel
import AirlockTestSupport
import Foundation
import Testing

/// The Go compiler and Debian's `golang-golang-x-mod-dev`, when this machine has both.
private enum Go {
    static let module = "/usr/share/gocode/src/golang.org/x/mod/go.mod"

    /// `AIRLOCK_GO`, the one that `Scripts/setup` installed, or the first `go` on the path.
    static let compiler: String? = {
        let environment = ProcessInfo.processInfo.environment
        let path = (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/go" }
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let own = root.appending(path: ".build/venv/bin/go").path()
        return ([environment["AIRLOCK_GO"]].compactMap { $0 } + [own] + path).first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }()

    static var isThere: Bool {
        compiler != nil && FileManager.default.fileExists(atPath: module)
    }
}

/// Nothing of ours takes part in the verdict: Go's own packages read our files.
@Suite struct IndependentVerifierTests {
    @Test(
        "the Go project's own packages verify every record of our log",
        .enabled(if: Go.isThere, "needs a Go compiler and golang-golang-x-mod-dev"))
    func verifiedByGo() async throws {
        let folder = try Folder()
        try await folder.writeLog(of: 1_000, batches: 5)
        let key = try AuditLog(folder.state).verifierKey()
        let program = "\(folder.path)/verifier"
        try FileManager.default.copyItem(
            at: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("GoVerifier"),
            to: URL(fileURLWithPath: program))
        let built = try go(["build", "-o", "verifier", "."], in: program)
        #expect(built.status == 0, "\(built.output)")
        let arguments = [folder.state.audit, key.description]
        let good = try run("\(program)/verifier", arguments, in: program, [:])
        #expect(good.status == 0 && good.output == "verified 1000 entries\n", "\(good.output)")

        let file = "state/audit/tile/entries/002"
        var bytes = try folder.read(file)
        bytes[bytes.count / 2] ^= 1
        try folder.write(bytes, to: file)
        let bad = try run("\(program)/verifier", arguments, in: program, [:])
        #expect(bad.status != 0, "\(bad.output)")
    }

    private func go(_ arguments: [String], in folder: String) throws -> (
        status: Int32, output: String
    ) {
        let settings = [
            "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GO111MODULE": "on",
            "GOCACHE": "\(folder)/cache", "GOPATH": "\(folder)/path", "CGO_ENABLED": "0",
        ]
        return try run(try #require(Go.compiler), arguments, in: folder, settings)
    }

    private func run(
        _ program: String, _ arguments: [String], in folder: String, _ settings: [String: String]
    ) throws -> (status: Int32, output: String) {
        try ChildProcess.run(
            [program] + arguments,
            environment: ProcessInfo.processInfo.environment.merging(settings) { $1 },
            directory: folder)
    }
}
