import AirlockModel
import FoundationEssentials
import Glibc

/// The form of a line: 16 digits of the SHA-256 of the record, a blank, the record as JSON.
struct WorldLine {
    /// The longest line, in bytes.
    static let longest = 64 << 20

    private static let checksumDigits = 16
    private static let newline = UInt8(ascii: "\n")

    private let decoder = JSONDecoder()

    /// A record as it stands in the file, with its end of line.
    func line(_ record: WorldRecord, path: String) throws(WorldFile.Fault) -> [UInt8] {
        let json: [UInt8]
        do { json = try JSONSpelling.bytes(of: record) } catch {
            throw .system("encode a record for", path, EINVAL)
        }
        guard json.count < Self.longest else {
            throw .system("append a record to", path, EMSGSIZE)
        }
        return Self.checksum(json) + [UInt8(ascii: " ")] + json + [Self.newline]
    }

    /// The records of the whole lines at the start of `bytes`, and how many bytes they take.
    ///
    /// - Parameter lines: How many lines of the file stand before them.
    func records(
        in bytes: [UInt8], after lines: Int, path: String
    ) throws(WorldFile.Fault) -> (records: [WorldRecord], bytes: Int) {
        var records: [WorldRecord] = []
        var start = 0
        while let end = Self.end(of: bytes, from: start) {
            let number = lines + records.count + 1
            records.append(try record(bytes[start..<end], path: path, line: number))
            start = end + 1
        }
        return (records, start)
    }

    private func record(
        _ line: ArraySlice<UInt8>, path: String, line number: Int
    ) throws(WorldFile.Fault) -> WorldRecord {
        let json = Array(line.dropFirst(Self.checksumDigits + 1))
        guard Array(line.prefix(Self.checksumDigits)) == Self.checksum(json) else {
            throw .damaged(path, line: number)
        }
        let record: WorldRecord
        do { record = try decoder.decode(WorldRecord.self, from: Data(json)) } catch {
            throw .damaged(path, line: number)
        }
        if case .began(let format, _) = record.event, format != WorldRecord.format {
            throw .format(path, format)
        }
        return record
    }

    private static func end(of bytes: [UInt8], from start: Int) -> Int? {
        bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress,
                let found = memchr(base + start, Int32(newline), buffer.count - start)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }

    private static func checksum(_ bytes: [UInt8]) -> [UInt8] {
        Array(Digest(of: bytes).description.utf8.prefix(checksumDigits))
    }
}
