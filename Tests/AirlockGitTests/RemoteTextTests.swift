import AirlockGit
import AirlockModel
import AirlockPorts
import Foundation
import Testing

@Suite("what may be a remote")
struct RemoteTextTests {
    @Test(
        "another kind of remote is refused with what is supported, and without its credentials",
        arguments: [
            "user:secret@example.org:shop.git", "https:/user:secret@example.org/x", "shop",
            "../shop", "ftp://example.org/shop",
            "ext::sh -c id", "https://-oProxyCommand=id/x", "ssh://-oProxyCommand=id/x",
            "https://example.org/../etc", "https://example.org/a'b", "https://example.org/a b",
            "https://example.org", "https://example.org:99999/x", "https://[::1/x",
            "file://example.org/shop", "/tmp/a\u{0}b", "file:///tmp/%zz", "",
        ])
    func unsupported(remote: String) throws {
        let fixture = try Fixture(empty: true)
        do {
            _ = try fixture.source(remote: remote)
            Issue.record("accepted \(remote)")
        } catch SourceError.unsupportedRemote(let text) {
            #expect(text.contains("file:///") && !text.contains("secret"), "\(text)")
        }
    }

    @Test(
        "the short form of ssh is refused with what to write, and shows no user that may be a token",
        arguments: [
            ("git@example.org:team/shop.git", "ssh://git@example.org/team/shop.git"),
            ("git@example.org:/srv/shop.git", "ssh://git@example.org/srv/shop.git"),
            ("secret@example.org:shop.git", "ssh://USER@example.org/shop.git"),
            ("example.org:shop.git", "ssh://USER@example.org/shop.git"),
        ])
    func shortForm(remote: String, form: String) throws {
        let fixture = try Fixture(empty: true)
        do {
            _ = try fixture.source(remote: remote)
            Issue.record("accepted \(remote)")
        } catch SourceError.unsupportedRemote(let text) {
            #expect(text.hasSuffix("write \(form)") && !text.contains("secret"), "\(text)")
        }
    }

    @Test(
        "a URL with credentials, and one that others can read on its way, are refused",
        arguments: [
            ("https://ada:secret@example.org/shop.git", "gitTokenFile"),
            ("ssh://git:secret@example.org/shop.git", "gitSSHKey"),
            ("https://x:\(String(repeating: "secret", count: 60))@example.org/a", "gitTokenFile"),
            ("https://example.org/shop.git?private_token=secret", "https://git.example"),
            ("https://a:secret?b@example.org/c", "gitTokenFile"),
            ("http://example.org/shop.git", "insecureTransport"),
            ("git://192.0.2.1/shop.git", "insecureTransport"),
            ("http://127.0.0.1.example.org/shop.git", "insecureTransport"),
        ])
    func refusedURLs(remote: String, hint: String) throws {
        let fixture = try Fixture(empty: true)
        do {
            _ = try fixture.source(remote: remote)
            Issue.record("accepted \(remote)")
        } catch SourceError.unsupportedRemote(let text) {
            #expect(text.contains(hint) && !text.contains("secret"), "\(text)")
        }
    }

    @Test("http and git may leave the machine only where the settings say so")
    func insecure() throws {
        let fixture = try Fixture(empty: true)
        var access = RemoteAccess()
        access.allowsInsecure = true
        _ = try fixture.source(remote: "http://git.example.org/shop.git", access: access)
        _ = try fixture.source(remote: "http://[::1]:8080/shop.git")
        _ = try fixture.source(remote: "git://localhost/shop.git")
    }
}
