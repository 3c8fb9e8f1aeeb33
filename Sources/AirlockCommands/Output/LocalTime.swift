import AirlockModel
import Foundation

extension Timestamp {
    /// The time in the reader's zone with its offset: `2026-11-23 14:05:09 +01:00`.
    var local: String {
        let date = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
        let style = Date.ISO8601FormatStyle(
            dateSeparator: .dash, dateTimeSeparator: .space, timeSeparator: .colon,
            timeZoneSeparator: .colon, includingFractionalSeconds: false, timeZone: .current)
        let text = date.formatted(style)
        return text.hasSuffix("Z")
            ? text.dropLast() + " +00:00"
            : String(text.dropLast(6)) + " " + text.suffix(6)
    }
}

extension String {
    /// The same with each word that is a time in RFC 3339 in the reader's zone.
    var localTimes: String {
        split(separator: " ", omittingEmptySubsequences: false).map { word -> String in
            let time = word.prefix { $0 != "," && $0 != ";" }
            guard let local = Timestamp(rfc3339: String(time))?.local else { return String(word) }
            return local + String(word.dropFirst(time.count))
        }.joined(separator: " ")
    }
}

extension Duration {
    /// A length of time as people write it: `45s`, `12m`, `3h 20m`, `2d 4h`.
    var brief: String {
        let seconds = max(0, milliseconds / 1000)
        return switch seconds {
        case ..<60: "\(seconds)s"
        case ..<3600: "\(seconds / 60)m"
        case ..<86_400: "\(seconds / 3600)h \(seconds / 60 % 60)m"
        default: "\(seconds / 86_400)d \(seconds / 3600 % 24)h"
        }
    }
}
