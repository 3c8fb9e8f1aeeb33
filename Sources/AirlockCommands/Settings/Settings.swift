import AirlockGit
import AirlockHost
import AirlockManifest
import AirlockModel
import Foundation

/// The reconciler's own settings; none of them is in the fleet.
///
/// Each comes from the first that says it: flag, `AIRLOCK_*` variable, settings file, default.
struct Settings: Sendable {
    /// One setting's text and where it came from.
    struct Entry: Sendable {
        let key: Key
        let value: String
        let origin: String
    }

    /// The settings there are.
    enum Key: String, CaseIterable, Sendable {
        case repo
        case branch
        case state
        case poll
        case gitTokenFile
        case gitTokenUser
        case gitCAFile
        case gitSSHKey
        case gitKnownHosts
        case insecureTransport
        case gitPush
        case gitPushTokenFile
        case gitPushSSHKey
        case gitSigningKey
        case gitIdentity
        case metricsTokenFile
        case metricsTokenFor
        case alertmanager
        case alertmanagerTokenFile
        case webhook
        case webhookSecretFile
        case logLevel
        case logFormat

        /// The environment variable that gives it.
        var variable: String {
            switch self {
            case .repo: "AIRLOCK_REPO"
            case .branch: "AIRLOCK_BRANCH"
            case .state: "AIRLOCK_STATE"
            case .poll: "AIRLOCK_POLL"
            case .gitTokenFile: "AIRLOCK_GIT_TOKEN_FILE"
            case .gitTokenUser: "AIRLOCK_GIT_TOKEN_USER"
            case .gitCAFile: "AIRLOCK_GIT_CA_FILE"
            case .gitSSHKey: "AIRLOCK_GIT_SSH_KEY"
            case .gitKnownHosts: "AIRLOCK_GIT_KNOWN_HOSTS"
            case .insecureTransport: "AIRLOCK_INSECURE_TRANSPORT"
            case .gitPush: "AIRLOCK_GIT_PUSH"
            case .gitPushTokenFile: "AIRLOCK_GIT_PUSH_TOKEN_FILE"
            case .gitPushSSHKey: "AIRLOCK_GIT_PUSH_SSH_KEY"
            case .gitSigningKey: "AIRLOCK_GIT_SIGNING_KEY"
            case .gitIdentity: "AIRLOCK_GIT_IDENTITY"
            case .metricsTokenFile: "AIRLOCK_METRICS_TOKEN_FILE"
            case .metricsTokenFor: "AIRLOCK_METRICS_TOKEN_FOR"
            case .alertmanager: "AIRLOCK_ALERTMANAGER"
            case .alertmanagerTokenFile: "AIRLOCK_ALERTMANAGER_TOKEN_FILE"
            case .webhook: "AIRLOCK_WEBHOOK"
            case .webhookSecretFile: "AIRLOCK_WEBHOOK_SECRET_FILE"
            case .logLevel: "AIRLOCK_LOG_LEVEL"
            case .logFormat: "AIRLOCK_LOG_FORMAT"
            }
        }
    }

    /// Where the settings file lies when `--config` names none.
    static let defaultFile = "/etc/airlock/airlock.yaml"

    /// What is shown as the origin where nothing was said.
    private static let defaultOrigin = "default"

    /// The longest settings file in bytes.
    private static let maximumFileBytes = 64 << 10

    private(set) var entries: [Key: Entry]

    /// Collects every setting.
    ///
    /// - Parameter flags: What the command line says.
    /// - Throws: ``Failure`` when the settings file cannot be read or says something else.
    init(flags: [Key: String], file: String?, environment: [String: String]) throws {
        let path = file ?? Self.defaultFile
        let written = try Self.read(path, isRequired: file != nil)
        var entries: [Key: Entry] = [:]
        for key in Key.allCases {
            if let value = flags[key] {
                entries[key] = Entry(key: key, value: value, origin: "flag")
            } else if let value = environment[key.variable], !value.isEmpty {
                entries[key] = Entry(key: key, value: value, origin: key.variable)
            } else if let value = written[key] {
                entries[key] = Entry(key: key, value: value, origin: path)
            } else {
                let value = try Self.fallback(key, environment: environment)
                entries[key] = Entry(key: key, value: value, origin: Self.defaultOrigin)
            }
        }
        self.entries = entries
    }

    /// The same with another level of logging, where nobody asked for one.
    func quiet(_ level: String) -> Settings {
        guard entries[.logLevel]?.origin == Self.defaultOrigin else { return self }
        var settings = self
        settings.entries[.logLevel] = Entry(
            key: .logLevel, value: level, origin: Self.defaultOrigin)
        return settings
    }

    /// The same with another state directory.
    func keeping(state: String) -> Settings {
        var settings = self
        settings.entries[.state] = Entry(key: .state, value: state, origin: Self.defaultOrigin)
        return settings
    }

    /// Whether somebody said it: a flag, a variable or the settings file.
    func isSaid(_ key: Key) -> Bool {
        entries[key].map { $0.origin != Self.defaultOrigin } ?? false
    }

    /// The text of a setting.
    subscript(key: Key) -> String { entries[key]?.value ?? "" }

    /// A value as people may see it: without credentials.
    func shown(_ key: Key) -> String { entries[key]?.shown ?? "" }

    private static func fallback(_ key: Key, environment: [String: String]) throws -> String {
        switch key {
        case .repo: FileManager.default.currentDirectoryPath
        case .branch: "main"
        case .state: try SettingsPaths(environment: environment).stateDirectory()
        case .poll: "60s"
        case .gitTokenUser: RemoteAccess().tokenUser
        case .gitTokenFile, .gitCAFile, .gitSSHKey, .gitKnownHosts, .gitPushTokenFile,
            .gitPushSSHKey, .gitSigningKey, .metricsTokenFile, .metricsTokenFor, .alertmanager,
            .alertmanagerTokenFile, .webhook, .webhookSecretFile:
            ""
        case .insecureTransport, .gitPush: "false"
        case .gitIdentity: "Airlock <airlock@localhost>"
        case .logLevel: "info"
        case .logFormat: "text"
        }
    }

    private static func read(_ path: String, isRequired: Bool) throws -> [Key: String] {
        guard FileManager.default.fileExists(atPath: path) else {
            guard isRequired else { return [:] }
            throw Failure("there is no settings file \(path)", advice: "check --config")
        }
        let bytes = try Data(contentsOf: URL(filePath: path)).prefix(maximumFileBytes + 1)
        guard bytes.count <= maximumFileBytes else {
            throw Failure("\(path) is over 64 KiB", advice: "a settings file has a few lines")
        }
        let (values, diagnostics) = SettingsDocument.read(
            path: path, bytes: Array(bytes), keys: Key.allCases.map(\.rawValue))
        guard diagnostics.isEmpty else {
            throw Failure(
                diagnostics.map(\.description).joined(separator: "\n"),
                advice: "mend \(path); `airlock doctor --settings` shows every setting")
        }
        return Dictionary(
            uniqueKeysWithValues: values.compactMap { name, value in
                Key(rawValue: name).map { ($0, value) }
            })
    }
}

/// A failure that a person reads: what failed, and whose move is next.
struct Failure: Error, CustomStringConvertible {
    let message: String
    let advice: String?
    let code: ExitStatus

    init(_ message: String, advice: String? = nil, code: ExitStatus = .error) {
        self.message = message
        self.advice = advice
        self.code = code
    }

    var description: String { message + (advice.map { "\n  → \($0)" } ?? "") }
}

/// The exit codes of every verb.
enum ExitStatus: Int32, Sendable {
    case done = 0
    /// Error, failed check, lost lock, access denied.
    case error = 1
    /// Differences, where the verb was asked to tell.
    case differences = 2
    /// A forward change is held.
    case held = 3
    /// A change id is not what would be done any more.
    case stale = 4
    /// A signal ended the verb before its work was done, or the second one did not wait.
    case interrupted = 130
}
