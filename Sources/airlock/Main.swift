import AirlockCommands
import ArgumentParser

@main
struct Entry {
    static func main() async { await AirlockCommand.main() }
}
