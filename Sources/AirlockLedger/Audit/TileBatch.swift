import AirlockPorts

/// Files of the audit log that become durable together.
///
/// A few files are synced one by one. Of many, as after a burst, all are written under other names, synced
/// by one call for the whole file system, and renamed: a kill or a loss of power leaves each file whole or
/// not there.
struct TileBatch {
    /// What files are called while they are written; the only ones in the log's folder that are not part
    /// of the log.
    static let draftPrefix = ".new"
    /// Up to here files are synced one by one.
    private static let few = 6
    /// The most files, and bytes, that are held in memory.
    private static let most = (files: 256, bytes: 16 << 20)

    private let folder: String
    private let syncsParents: Bool
    private var waiting: [(file: String, bytes: [UInt8])] = []
    private var waitingBytes = 0
    /// Folders in which names were made or changed.
    private var folders: Set<String> = []

    /// - Parameters:
    ///   - folder: The log's folder.
    ///   - syncsParents: Whether folders that are there already may not be durable: a batch before this
    ///     one failed, or was another process's.
    init(folder: String, syncsParents: Bool) {
        self.folder = folder
        self.syncsParents = syncsParents
    }

    /// The path under which a file is written first.
    static func draft(in folder: String, number: Int = 0) -> String {
        "\(folder)/\(draftPrefix)\(number)"
    }

    /// Takes a file; it may be written now or with the others.
    mutating func put(_ bytes: [UInt8], at file: String) throws(LedgerError) {
        waiting.append((file, bytes))
        waitingBytes += bytes.count
        if waiting.count >= Self.most.files || waitingBytes >= Self.most.bytes { try write() }
    }

    /// Returns when everything is on disk under its name.
    mutating func finish() throws(LedgerError) {
        try write()
        for folder in folders.sorted() { try DurableFile.sync(folder: folder) }
        folders = []
    }

    private mutating func write() throws(LedgerError) {
        for (file, _) in waiting {
            let folder = DurableFile.folder(of: file)
            folders.formUnion(try DurableFile.makeFolder(folder))
            folders.insert(folder)
            if syncsParents { folders.insert(DurableFile.folder(of: folder)) }
        }
        if waiting.count <= Self.few {
            for (file, bytes) in waiting {
                try DurableFile.replace(file, with: bytes, draft: Self.draft(in: folder))
            }
        } else {
            for (number, file) in waiting.enumerated() {
                try DurableFile.write(file.bytes, to: Self.draft(in: folder, number: number))
            }
            try DurableFile.sync(fileSystemOf: folder)
            for (number, file) in waiting.enumerated() {
                try DurableFile.rename(Self.draft(in: folder, number: number), to: file.file)
            }
        }
        (waiting, waitingBytes) = ([], 0)
    }

    /// Whether a name in the log's folder is that of a file that was being written.
    static func isDraft(_ name: String) -> Bool {
        name.hasPrefix(draftPrefix)
            && name.dropFirst(draftPrefix.count).allSatisfy { $0.isASCII && $0.isNumber }
    }
}
