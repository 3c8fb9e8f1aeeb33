/// A line of a series that cannot be read.
package struct SeriesFault: Error, Hashable, Sendable {
    /// The number of the line, from 1.
    package let line: Int
    /// What is wrong with it.
    package let problem: Problem

    /// What can be wrong with a line.
    package enum Problem: Hashable, Sendable {
        /// Not two fields: how many there are.
        case fields(Int)
        /// The first field, which is no point in time.
        case timestamp(String)
        /// The second field, which is no number.
        case value(String)
        /// A quote that is not closed on the line.
        case quote
        /// Longer than ``SeriesReader/longestLine``.
        case length
    }

    /// What is wrong, where, and what the right form is, in one sentence each.
    package var sentences: String {
        let form = "A line is `timestamp,value`, for example `2014-04-01 00:05:00,19.25`."
        switch problem {
        case .fields(let count):
            let number = count == 1 ? "1 field" : "\(count) fields"
            return "Line \(line) has \(number) instead of 2. \(form)"
        case .timestamp(let text):
            return "Line \(line): `\(text)` is no timestamp. Write `2014-04-01 00:05:00`, "
                + "`2014-04-01T00:05:00Z` or seconds since 1970."
        case .value(let text):
            return "Line \(line): `\(text)` is no number. Write a decimal number, "
                + "or nothing where a value is missing. \(form)"
        case .quote:
            return "Line \(line): a quoted field is not closed on its line. \(form)"
        case .length:
            return "Line \(line) is longer than \(SeriesReader.longestLine) bytes. \(form)"
        }
    }
}
