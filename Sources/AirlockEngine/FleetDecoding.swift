package import AirlockManifest
package import AirlockModel
package import AirlockPorts

/// Reading what a difference needs from a source, and decoding it on all cores.
package enum FleetDecoding {
    /// Documents that one task decodes: enough to be worth a task, few enough to share the work.
    private static let batch = 256

    /// Applies `delta` to `decoder` with contents from `source`.
    ///
    /// - Parameter known: Contents that the source does not have, such as those of a merge in memory.
    /// - Throws: ``SourceError`` when contents cannot be read; the decoder is then unchanged.
    package static func apply(
        _ delta: TreeDelta, to decoder: inout FleetDecoder, from source: any CommitSource,
        known: [ObjectID: [UInt8]] = [:], commit: CommitID?, causes: Causes = Causes()
    ) async throws(SourceError) -> DecodedFleet {
        let wanted = decoder.wantedDocuments(delta)
        let missing = Set(wanted.map(\.key.object)).filter { known[$0] == nil }.sorted()
        let blobs = known.merging(try await contents(of: missing, from: source)) { $1 }
        let documents = await decode(wanted, blobs)
        return decoder.apply(delta, documents: documents, commit: commit, causes: causes)
    }

    /// Reads blobs; one that is too large is left out, so that only its own lanes are parked.
    private static func contents(
        of objects: [ObjectID], from source: any CommitSource
    ) async throws(SourceError) -> [ObjectID: [UInt8]] {
        do { return try await source.blobs(objects) } catch {
            guard case .tooLarge = error else { throw error }
        }
        var found: [ObjectID: [UInt8]] = [:]
        for object in objects {
            do { found.merge(try await source.blobs([object])) { $1 } } catch {
                guard case .tooLarge = error else { throw error }
            }
        }
        return found
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
