import AirlockHost
import Glibc
import Testing

@Suite("User, random names and terminal")
struct MachineTests {
    @Test("the user is the process's effective user")
    func user() {
        let user = LocalUser.current
        #expect(user.uid == geteuid())
        #expect(user.isRoot == (geteuid() == 0))
        #expect(!user.name.isEmpty)
        #expect(LocalUser(uid: 0, name: "root").isRoot)
        #expect(!LocalUser(uid: 1000, name: "someone").isRoot)
    }

    @Test("random names are 128 bits in lowercase hexadecimal and do not repeat")
    func randomNames() {
        let names = (0..<1_000).map { _ in RandomIdentity.make() }
        #expect(Set(names).count == names.count)
        #expect(
            names.allSatisfy { $0.utf8.count == 32 && $0.allSatisfy("0123456789abcdef".contains) })
        #expect(RandomIdentity.ledger() != RandomIdentity.ledger())
    }

    @Test("a pipe is no terminal: no colour, no width")
    func pipe() {
        var ends: [Int32] = [0, 0]
        #expect(Glibc.pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let terminal = Terminal(descriptor: ends[1], environment: ["TERM": "xterm"])
        #expect(!terminal.isInteractive && !terminal.showsColour && terminal.width == nil)
    }

    @Test(
        "a terminal shows colour unless NO_COLOR or TERM=dumb say no",
        arguments: [
            ([:], true), (["NO_COLOR": ""], true), (["NO_COLOR": "1"], false),
            (["TERM": "dumb"], false), (["TERM": "xterm"], true),
        ] as [([String: String], Bool)])
    func colour(environment: [String: String], expected: Bool) {
        var (main, side) = (Int32(0), Int32(0))
        var size = winsize(ws_row: 24, ws_col: 132, ws_xpixel: 0, ws_ypixel: 0)
        #expect(openpty(&main, &side, nil, nil, &size) == 0)
        defer { for end in [main, side] { close(end) } }
        let terminal = Terminal(descriptor: side, environment: environment)
        #expect(terminal.isInteractive && terminal.width == 132)
        #expect(terminal.showsColour == expected)
    }
}
