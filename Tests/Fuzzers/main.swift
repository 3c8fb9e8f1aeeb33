// Inputs that libFuzzer makes up, guided by what code they reach, for everything that reads bytes of
// others. `Scripts/soak fuzz` builds and runs it; the tests run the seeded generator of
// AirlockTestSupport over the same readers. Not part of a plain build: it needs libFuzzer's own main
// (Package.swift).
import Glibc

/// The reader under test; libFuzzer knows one function only.
nonisolated(unsafe) private var reader = Reader.manifests

/// What libFuzzer calls with each input; it never says that one is not worth keeping.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    reader.read(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ test: @convention(c) (UnsafePointer<UInt8>, Int) -> CInt
) -> CInt

guard let name = getenv("AIRLOCK_FUZZ_READER"), let chosen = Reader(rawValue: String(cString: name))
else {
    print("set AIRLOCK_FUZZ_READER to one of \(Reader.allCases.map(\.rawValue))")
    exit(64)
}
reader = chosen
var (count, arguments) = (CommandLine.argc, CommandLine.unsafeArgv)
exit(runDriver(&count, &arguments, testOneInput))
