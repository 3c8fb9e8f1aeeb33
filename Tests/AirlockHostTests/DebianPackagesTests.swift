import AirlockHost
import Testing

@Suite struct DebianPackagesTests {
    @Test("installed packages of a source are found, and no others")
    func versions() {
        let status = """
            Package: libgit2-1.5
            Status: install ok installed
            Source: libgit2
            Version: 1.5.1+ds-1+deb12u1
            Description: a library
             Version: 9

            Package: libgit2-dev
            Status: install ok installed
            Source: libgit2
            Version: 1.5.1+ds-1+deb12u1

            Package: libssh2-1
            Status: deinstall ok config-files
            Source: libssh2
            Version: 1.10.0-3

            Package: libssh2
            Status: install ok installed
            Source: libssh2 (2.0)
            Version: 2.0-1
            """
        #expect(
            DebianPackages.versions(builtFrom: ["libgit2", "libssh2"], in: status)
                == ["libgit2-1.5": "1.5.1+ds-1+deb12u1", "libssh2": "2.0-1"])
        #expect(DebianPackages.versions(builtFrom: ["x"], in: "no colon\n\n: \n").isEmpty)
    }
}
