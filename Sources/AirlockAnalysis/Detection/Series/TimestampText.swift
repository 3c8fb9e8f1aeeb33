/// Points in time as series write them: a date and time of day, ISO 8601, or seconds since the
/// epoch.
///
/// Without a zone the time is taken as UTC. Numbers of 100,000,000,000 and more are milliseconds.
enum TimestampText {
    /// The least number that is read as milliseconds: as seconds it would be the year 5138.
    private static let leastMilliseconds = 1e11

    /// Seconds since the epoch, or nil when the bytes are no timestamp.
    static func seconds(_ bytes: ArraySlice<UInt8>) -> Double? {
        if bytes.count >= 8, let date = date(bytes.prefix(10)) {
            return timeOfDay(bytes.dropFirst(10)).map { date + $0 }
        }
        guard let number = DecimalText.number(bytes) else { return nil }
        return abs(number) >= leastMilliseconds ? number / 1_000 : number
    }

    /// `2014-04-01` or `2014/04/01`.
    private static func date(_ bytes: ArraySlice<UInt8>) -> Double? {
        let start = bytes.startIndex
        guard bytes.count == 10, isDateMark(bytes[start + 4]), bytes[start + 7] == bytes[start + 4],
            let year = DecimalText.whole(bytes[start..<start + 4]),
            let month = DecimalText.whole(bytes[start + 5..<start + 7]),
            let day = DecimalText.whole(bytes[start + 8..<start + 10]),
            (1...12).contains(month), day >= 1, day <= length(of: month, in: year)
        else { return nil }
        return Double(days(year, month, day)) * 86_400
    }

    private static func isDateMark(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "-") || byte == UInt8(ascii: "/")
    }

    private static func length(of month: Int, in year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Days from 1970-01-01 in the Gregorian calendar, counted in years that begin in March.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month > 2 ? year : year - 1
        let fromMarch = (month + 9) % 12
        let leapDays = shifted / 4 - shifted / 100 + shifted / 400
        // 719,468 days lie between 0000-03-01 and 1970-01-01.
        return shifted * 365 + leapDays + (153 * fromMarch + 2) / 5 + day - 1 - 719_468
    }

    /// What follows the date: nothing, or ` 00:00`, `T00:00:00`, `T00:00:00.000+02:00`.
    private static func timeOfDay(_ bytes: ArraySlice<UInt8>) -> Double? {
        guard let mark = bytes.first else { return 0 }
        guard mark == UInt8(ascii: " ") || mark == UInt8(ascii: "T") else { return nil }
        let (clock, zone) = splitZone(bytes.dropFirst())
        guard let zone, clock.count >= 5,
            let minutes = hoursAndMinutes(clock.prefix(5))
        else { return nil }
        let rest = clock.dropFirst(5)
        guard let colon = rest.first else { return minutes * 60 - zone }
        let text = rest.dropFirst()
        guard colon == UInt8(ascii: ":"), text.count >= 2, DecimalText.whole(text.prefix(2)) != nil,
            let seconds = DecimalText.number(text), seconds >= 0, seconds < 61
        else { return nil }
        return minutes * 60 + seconds - zone
    }

    /// The time of day, and the zone's distance from UTC in seconds; nil for no zone there is.
    private static func splitZone(
        _ bytes: ArraySlice<UInt8>
    ) -> (clock: ArraySlice<UInt8>, zone: Double?) {
        if bytes.last == UInt8(ascii: "Z") { return (bytes.dropLast(), 0) }
        let marks = [UInt8(ascii: "+"), UInt8(ascii: "-")]
        guard let mark = bytes.lastIndex(where: marks.contains) else { return (bytes, 0) }
        let clock = bytes[..<mark]
        let text = bytes[(mark + 1)...]
        let minutes = text.count == 2 ? DecimalText.whole(text).map { Double($0) * 60 } : nil
        let zone = (minutes ?? hoursAndMinutes(text)).map { $0 * 60 }
        return (clock, bytes[mark] == UInt8(ascii: "-") ? zone.map { -$0 } : zone)
    }

    /// Minutes that `hh:mm` or `hhmm` says.
    private static func hoursAndMinutes(_ bytes: ArraySlice<UInt8>) -> Double? {
        let start = bytes.startIndex
        let hasColon = bytes.count == 5 && bytes[start + 2] == UInt8(ascii: ":")
        guard hasColon || bytes.count == 4, let hours = DecimalText.whole(bytes.prefix(2)),
            let minutes = DecimalText.whole(bytes.suffix(2)), hours < 25, minutes < 60
        else { return nil }
        return Double(hours * 60 + minutes)
    }
}
