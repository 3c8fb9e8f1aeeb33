import AirlockModel
import AirlockPorts
import FoundationEssentials

/// What was fetched from where and when; kept in `mirror.json` beside the mirror.
///
/// It is the answer to "what does the branch hold", not the references: a branch that was deleted or
/// was never there leaves no trace in it.
struct MirrorRecord: Codable, Hashable {
    /// One branch as the remote advertised it in one fetch.
    struct Fetched: Codable, Hashable {
        let remote: String
        let branch: BranchName
        let commit: CommitID
        /// When the remote was asked.
        let fetched: Timestamp
    }

    /// The format of the file.
    static let version = 1
    /// The most heads and plans that are kept each.
    static let capacity = (heads: 32, plans: 1000)

    private(set) var v = Self.version
    /// The branch that is deployed; newest first, one entry per commit.
    private(set) var heads: [Fetched] = []
    /// Branches fetched for a plan; newest first, one entry per branch and commit.
    private(set) var plans: [Fetched] = []

    /// The newest entry for a branch of a remote.
    func latest(_ purpose: FetchPurpose, of branch: BranchName, at remote: String) -> Fetched? {
        list(purpose).first { $0.branch == branch && $0.remote == remote }
    }

    private func list(_ purpose: FetchPurpose) -> [Fetched] {
        switch purpose {
        case .head: heads
        case .plan: plans
        }
    }

    /// Notes a fetch, and forgets plans that are older than `planAge` at that time.
    mutating func note(_ entry: Fetched, for purpose: FetchPurpose, planAge: Duration) {
        func adding(_ list: [Fetched], keep: Int) -> [Fetched] {
            let others = list.filter {
                $0.branch != entry.branch || $0.commit != entry.commit || $0.remote != entry.remote
            }
            return Array(([entry] + others).prefix(keep))
        }
        switch purpose {
        case .head: heads = adding(heads, keep: Self.capacity.heads)
        case .plan: plans = adding(plans, keep: Self.capacity.plans)
        }
        plans.removeAll { entry.fetched - $0.fetched > planAge }
    }

    /// The references that the mirror shall have, and no others of ours.
    var references: Set<String> {
        Set(heads.map { FetchPurpose.head.reference(to: $0.commit) })
            .union(plans.map { FetchPurpose.plan.reference(to: $0.commit) })
    }

    /// Reads the file; an absent one is an empty record.
    ///
    /// - Throws: ``SourceError/failed(_:)`` when it does not decode: it is not the mirror that is damaged.
    init(at path: String) throws(SourceError) {
        guard let bytes = try StateFile.read(path) else {
            self.init()
            return
        }
        do {
            self = try JSONDecoder().decode(MirrorRecord.self, from: Data(bytes))
        } catch {
            throw .failed("\(path) is not readable; remove it, the next fetch writes it anew")
        }
        guard v == Self.version else {
            throw .failed("\(path) has format \(v), this version knows \(Self.version); upgrade")
        }
    }

    /// Reads the file for a fetch, which writes it anew: one that cannot be decoded is an empty record.
    ///
    /// - Throws: ``SourceError/failed(_:)`` for a file of another version, which is not ours to replace.
    init(rewriting path: String) throws(SourceError) {
        guard let bytes = try StateFile.read(path), !Self.isLegible(Data(bytes)) else {
            try self.init(at: path)
            return
        }
        self.init()
    }

    /// Whether it is a record, or the file of another version.
    private static func isLegible(_ bytes: Data) -> Bool {
        struct Format: Decodable { let v: Int }
        let decoder = JSONDecoder()
        do {
            _ = try decoder.decode(MirrorRecord.self, from: bytes)
            return true
        } catch {
            do { return try decoder.decode(Format.self, from: bytes).v != version } catch {
                return false
            }
        }
    }

    init() {}

    /// Replaces the file in one step.
    func write(to path: String) throws(SourceError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let bytes: Data
        do {
            bytes = try encoder.encode(self)
        } catch {
            throw .failed("\(path) could not be encoded: \(error)")
        }
        try StateFile.replace(path, with: Array(bytes))
    }
}

/// Why a branch is fetched; it decides under which name its commit is kept.
enum FetchPurpose: String, Codable, Hashable, CaseIterable {
    case head
    case plan

    /// Where the references of this purpose are.
    var folder: String { "refs/airlock/\(rawValue)/" }

    /// The reference is named after its commit, so that a force-push or a plan never moves one.
    func reference(to commit: CommitID) -> String { folder + commit.description }
}
