import AirlockHost
import FoundationEssentials
import Testing

@Suite("Default paths")
struct SettingsPathsTests {
    @Test(
        "the state directory follows systemd, then XDG, then the home directory",
        arguments: [
            (["STATE_DIRECTORY": "/var/lib/airlock", "HOME": "/h"], "/var/lib/airlock"),
            (["STATE_DIRECTORY": "/var/lib/airlock:/var/lib/more"], "/var/lib/airlock"),
            (["XDG_STATE_HOME": "/x", "HOME": "/h"], "/x/airlock"),
            (["XDG_STATE_HOME": "/x/", "HOME": "/h"], "/x/airlock"),
            (["HOME": "/h"], "/h/.local/state/airlock"),
            (["XDG_STATE_HOME": "relative", "HOME": "/h"], "/h/.local/state/airlock"),
            (["XDG_STATE_HOME": "", "HOME": "/h"], "/h/.local/state/airlock"),
            (["STATE_DIRECTORY": "", "HOME": "/h"], "/h/.local/state/airlock"),
        ])
    func state(environment: [String: String], expected: String) throws {
        #expect(try SettingsPaths(environment: environment).stateDirectory() == expected)
    }

    @Test("without HOME the user database knows the home directory")
    func noHome() throws {
        let path = try SettingsPaths(environment: [:]).stateDirectory()
        #expect(path.hasPrefix("/") && path.hasSuffix(".local/state/airlock"))
    }

    @Test("the control socket is in the state directory up to the kernel's limit")
    func shortSocket() throws {
        let paths = SettingsPaths(environment: ["XDG_RUNTIME_DIR": "/run/user/1000"])
        let state = "/" + String(repeating: "s", count: 107 - 1 - "/control.sock".count)
        let socket = try paths.controlSocket(in: state)
        #expect(socket == state + "/control.sock")
        #expect(socket.utf8.count == SettingsPaths.longestSocketPath)
    }

    @Test("a path over the limit moves the socket to the runtime directory")
    func longSocket() throws {
        let paths = SettingsPaths(environment: ["XDG_RUNTIME_DIR": "/run/user/1000"])
        let state = "/" + String(repeating: "s", count: 108 - 1 - "/control.sock".count)
        let socket = try paths.controlSocket(in: state)
        #expect(socket.hasPrefix("/run/user/1000/airlock-") && socket.hasSuffix(".sock"))
        #expect(socket.utf8.count <= SettingsPaths.longestSocketPath)
        #expect(try paths.controlSocket(in: state) == socket)
        #expect(try paths.controlSocket(in: state + "2") != socket)
    }

    @Test("a symlink to a state directory leads to the same socket")
    func symlink() throws {
        let files = FileManager.default
        let root = files.temporaryDirectory.path + "/airlock-host-" + RandomIdentity.make()
        defer { try? files.removeItem(atPath: root) }
        let state = root + "/" + String(repeating: "s", count: 100)
        try files.createDirectory(atPath: state, withIntermediateDirectories: true)
        try files.createSymbolicLink(atPath: root + "/link", withDestinationPath: state)
        let paths = SettingsPaths(environment: ["XDG_RUNTIME_DIR": "/run/user/1000"])
        #expect(
            try paths.controlSocket(in: root + "/link") == paths.controlSocket(in: state))
    }

    @Test("without a runtime directory a long path is an error that says what to set")
    func noRuntime() throws {
        let state = "/" + String(repeating: "s", count: 200)
        let error = try #require(throws: HostError.self) {
            try SettingsPaths(environment: [:]).controlSocket(in: state)
        }
        #expect(error == .socketPathTooLong(path: state + "/control.sock", limit: 107))
        #expect(error.description.contains("XDG_RUNTIME_DIR"))
    }
}
