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
    /// The most files that are held in memory.
    private static let most = 256

    private let folder: String
    private var waiting: [(file: String, bytes: [UInt8])] = []
    /// Folders in which names were made or changed.
    private var folders: Set<String> = []

    /// - Parameter folder: The log's folder.
    init(folder: String) { self.folder = folder }

    /// The path under which a file is written first.
    static func draft(in folder: String, number: Int = 0) -> String {
        "\(folder)/\(draftPrefix)\(number)"
    }

    /// Takes a file; it may be written now or with the others.
    mutating func put(_ bytes: [UInt8], at file: String) throws(LedgerError) {
        waiting.append((file, bytes))
        if waiting.count >= Self.most { try write() }
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
        waiting = []
    }
}
