import AirlockHost
import AirlockManifest
import AirlockModel
import ArgumentParser
import Foundation

/// Flags that every verb about a fleet takes.
struct CommonOptions: ParsableArguments {
    @Option(help: "The fleet's repository: a path or URL (default: this directory).")
    var repo: String?

    @Option(help: "The branch that says what runs (ASCII, at most 200 bytes; default: main).")
    var branch: String?

    @Option(
        help:
            "The state directory (default: $STATE_DIRECTORY of systemd, else $XDG_STATE_HOME/airlock, else ~/.local/state/airlock)."
    )
    var state: String?

    @Option(help: "The settings file (default: \(Settings.defaultFile)).")
    var config: String?

    @Option(
        help:
            "trace, debug, info, notice, warning, error or critical (default: info for run, else warning)."
    )
    var logLevel: String?

    @Option(help: "text or json (default: text).")
    var logFormat: String?

    @Flag(help: "No colour, as with NO_COLOR.")
    var noColor = false

    /// The settings with these flags in front.
    func settings(_ more: [Settings.Key: String] = [:]) throws -> Settings {
        var flags = more
        flags[.repo] = repo
        flags[.branch] = branch
        flags[.state] = state
        flags[.logLevel] = logLevel
        flags[.logFormat] = logFormat
        return try Settings(
            flags: flags, file: config, environment: ProcessInfo.processInfo.environment)
    }

    /// Colours for stdout.
    var ink: Ink { Ink.ofStdout(noColor: noColor) }
}

extension Ink {
    /// Colours for stdout where it is a terminal that shows them.
    static func ofStdout(noColor: Bool) -> Ink {
        let terminal = Terminal(
            descriptor: FileHandle.standardOutput.fileDescriptor,
            environment: ProcessInfo.processInfo.environment)
        return Ink(isOn: terminal.showsColour && !noColor)
    }
}

/// The flag for the form of the output.
struct FormatOption: ParsableArguments {
    @Option(
        name: [.customShort("o"), .customLong("output")], help: "human, json or yaml.")
    var format: OutputFormat = .human
}

/// The flag for the form of a plan.
struct PlanFormatOption: ParsableArguments {
    @Option(
        name: [.customShort("o"), .customLong("output")], help: "human, json, yaml or markdown.")
    var format: PlanFormat = .human
}

extension EnvironmentName: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}
extension LaneID: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}
extension UnitID: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}
extension FleetName: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}
extension BranchName: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}
extension Freeze.Scope: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}

/// A length of time on the command line: `45s`, `10m`, `2h`, `1h30m`.
struct DurationArgument: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        guard let duration = Quantity.duration(argument) else { return nil }
        self.duration = duration
    }
}

/// A percentage on the command line, such as `25%`.
struct ShareArgument: ExpressibleByArgument {
    let share: Share

    init?(argument: String) {
        guard let share = Quantity.share(argument) else { return nil }
        self.share = share
    }
}

/// A point in time on the command line: RFC 3339, or a length of time before now.
struct TimeArgument: ExpressibleByArgument {
    private enum Form {
        case at(Timestamp)
        case ago(Duration)
    }
    private let form: Form

    init?(argument: String) {
        if let time = Timestamp(rfc3339: argument) {
            form = .at(time)
        } else if let ago = Quantity.duration(argument) {
            form = .ago(ago)
        } else {
            return nil
        }
    }

    func timestamp(now: Timestamp) -> Timestamp {
        switch form {
        case .at(let time): time
        case .ago(let duration): now + (.zero - duration)
        }
    }
}
