package import AirlockModel
package import AirlockPorts
import FoundationEssentials

/// Which commit is being read, so that the next process knows which one this one died of.
extension GitSource {
    /// The file; it is there only while a commit is read.
    private struct Reading: Codable {
        /// The format of the file.
        static let version = 1

        var v = Self.version
        let commit: CommitID
        /// Processes that began to read it, this one among them.
        let times: Int
        let began: Timestamp
    }

    /// What the file says; a file that cannot be read, as after a loss of power, tells of no crash.
    package func unendedReadings(
        of commit: CommitID
    ) async throws(SourceError) -> UnendedReadings {
        guard let bytes = try StateFile.read(paths.reading) else { return UnendedReadings() }
        let reading: Reading
        do { reading = try JSONDecoder().decode(Reading.self, from: Data(bytes)) } catch {
            return UnendedReadings()
        }
        guard reading.v == Reading.version, reading.commit == commit else {
            return UnendedReadings()
        }
        return UnendedReadings(count: reading.times, last: reading.began)
    }

    /// Writes the file beside the mirror and renames it, without a flush.
    package func beginReading(
        _ commit: CommitID, at time: Timestamp
    ) async throws(SourceError) {
        let before = try await unendedReadings(of: commit)
        let reading = Reading(commit: commit, times: before.count + 1, began: time)
        let bytes: Data
        do { bytes = try JSONEncoder().encode(reading) } catch {
            throw .failed("\(paths.reading) could not be encoded: \(error)")
        }
        try StateFile.replace(paths.reading, with: Array(bytes), flushed: false)
    }

    /// Removes the file.
    package func endReading() async throws(SourceError) { try StateFile.remove(paths.reading) }
}
