import AirlockCommands
import ArgumentParser

@main
struct Entry {
    // On the main thread: where no other one can be had, what needs one waits for ever.
    @MainActor
    static func main() async {
        AirlockCommand.endUnlessAble()
        await AirlockCommand.main()
    }
}
