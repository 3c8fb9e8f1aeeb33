package import AirlockManifest
package import AirlockModel
package import AirlockPorts

/// Reading what a difference needs from a source, and decoding it on all cores.
package enum FleetDecoding {
    /// Documents that one task decodes: enough to be worth a task, few enough to share the work.
    private static let batch = 256

    /// Applies `delta` to `decoder` with contents from `source`.
    ///
    /// A file that is too large is left out, so that only its own lanes are parked.
    /// - Parameters:
    ///   - known: Contents that the source does not have, such as those of a merge in memory.
    ///   - limit: The most that the files of the fleet may hold together, in bytes. What earlier commits brought
    ///     counts, so that what was accepted piece by piece can be read as a whole after a start.
    /// - Throws: ``SourceError`` when contents cannot be read, or are over the limit; the decoder is then of no use
    ///   for another commit.
    package static func apply(
        _ delta: TreeDelta, to decoder: inout FleetDecoder, from source: any CommitSource,
        known: [ObjectID: [UInt8]] = [:], commit: CommitID?, causes: Causes = Causes(),
        limit: Int = ManifestLimits.fleetBytes
    ) async throws(SourceError) -> DecodedFleet {
        let wanted = decoder.wantedDocuments(delta)
        let missing = Set(wanted.map(\.key.object)).filter { known[$0] == nil }.sorted()
        let blobs = known.merging(try await source.blobs(missing)) { $1 }
        let documents = await decode(wanted, blobs)
        let decoded = decoder.apply(delta, documents: documents, commit: commit, causes: causes)
        guard decoder.bytes <= limit else {
            throw .tooLarge(what: "what the files hold together", limit: "\(limit) bytes")
        }
        return decoded
    }

    private static func decode(
        _ wanted: [WantedDocument], _ blobs: [ObjectID: [UInt8]]
    ) async -> [DecodedDocument] {
        let starts = stride(from: 0, to: wanted.count, by: batch)
        return await withTaskGroup(of: [DecodedDocument].self) { group in
            for start in starts {
                let part = wanted[start..<min(start + batch, wanted.count)]
                group.addTask { @concurrent in
                    part.compactMap { document in
                        blobs[document.key.object].map { DecodedDocument(document.key, bytes: $0) }
                    }
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
    }
}
