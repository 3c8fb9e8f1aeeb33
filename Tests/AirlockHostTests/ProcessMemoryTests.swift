import AirlockHost
import Testing

@Suite("memory that a burst left behind")
struct ProcessMemoryTests {
    private static let megabyte = 1 << 20

    /// Whether it is due at each look, when what is left is as given.
    private func due(_ looks: [Int], leaving rest: Int) -> [Bool] {
        var memory = ProcessMemory()
        return looks.map { look in
            let isDue = memory.isDue(look * Self.megabyte)
            if isDue { memory.gaveBack(leaving: rest * Self.megabyte) }
            return isDue
        }
    }

    @Test("it is given back once the burst is over, and not again for what stays in use")
    func burst() {
        #expect(
            due([100, 300, 430, 431, 210, 215, 220], leaving: 210)
                == [false, false, false, true, false, false, false])
        #expect(due([100, 431, 431, 230, 300, 300], leaving: 210).filter { $0 }.count == 2)
    }

    @Test("little growth is left alone")
    func little() {
        #expect(due([20, 20, 30, 31, 31], leaving: 20).allSatisfy { !$0 })
    }

    @Test("a look at the process itself harms nothing")
    func real() {
        var memory = ProcessMemory()
        let block = [UInt8](repeating: 1, count: 64 * Self.megabyte)
        for _ in 0..<3 { memory.look() }
        #expect(block.count == 64 * Self.megabyte)
    }
}
