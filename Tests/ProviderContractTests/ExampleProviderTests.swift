import AirlockModel
import AirlockPorts
import AirlockTestSupport
import FoundationEssentials
import Testing

/// The provider of docs/add-a-provider.md does what every provider must do.
@Suite struct ExampleProviderTests {
    private static let contract = ProviderContract {
        let provider = ExampleProvider()
        return ProviderContract.Subject(
            provider: provider, startup: .zero, pass: { _ in },
            cutOff: { await provider.cutOff($0) })
    }

    @Test("the example keeps the contract")
    func contract() async throws { try await Self.contract.runAll() }

    @Test("the page shows exactly the code that is tested")
    func page() throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent()
        let root = tests.deletingLastPathComponent().deletingLastPathComponent()
        let code = try text(tests.appending(path: "ExampleProvider.swift"))
        let page = try text(root.appending(path: "docs/add-a-provider.md"))
        #expect(page.contains("```swift\n\(code)```\n"))
    }

    private func text(_ file: URL) throws -> String {
        String(decoding: try Data(contentsOf: file), as: UTF8.self)
    }
}
