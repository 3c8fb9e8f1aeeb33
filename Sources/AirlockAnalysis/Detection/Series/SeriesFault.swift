/// A line of a series that cannot be read.
package struct SeriesFault: Error, Hashable, Sendable {
    /// The number of the line, from 1.
    package let line: Int
    /// The byte of the line at which it begins, from 1.
    package let column: Int
    /// What is wrong with it.
    package let problem: Problem

    init(line: Int, column: Int = 1, problem: Problem) {
        self.line = line
        self.column = column
        self.problem = problem
    }

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
        /// Not later than the line before.
        case order
        /// More lines than are kept.
        case tooMany(Int)
        /// The end of an incident, which is before its start.
        case end
    }

    /// What is wrong, where, and what the right form is, in one sentence each.
    package var sentences: String {
        let (text, form) = words
        switch problem {
        case .fields, .length: return "Line \(line) \(text)." + form
        case .timestamp, .value, .quote, .order, .tooMany, .end:
            return "Line \(line): \(text)." + form
        }
    }

    /// The same as a compiler tells it: `errors.csv:4:21: …`.
    package func sentences(in file: String) -> String {
        let (text, form) = words
        return "\(file):\(line):\(column): \(text)." + form
    }

    private var words: (text: String, form: String) {
        let form = " A line is `timestamp,value`, for example `2014-04-01 00:05:00,19.25`."
        switch problem {
        case .fields(let count):
            return ("has \(count == 1 ? "1 field" : "\(count) fields") instead of 2", form)
        case .timestamp(let text):
            return (
                "`\(text)` is no timestamp",
                " Write `2014-04-01 00:05:00`, `2014-04-01T00:05:00Z` or seconds since 1970."
            )
        case .value(let text):
            return (
                "`\(text)` is no number",
                " Write a decimal number, or nothing where a value is missing." + form
            )
        case .quote: return ("a quoted field is not closed on its line", form)
        case .length: return ("is longer than \(SeriesReader.longestLine) bytes", form)
        case .order:
            return (
                "the time is not later than that of the line before",
                " Sort the file by time, and leave one line for each time."
            )
        case .tooMany(let most):
            return (
                "the file has more than \(most) values", " Take a shorter time or wider steps."
            )
        case .end:
            return (
                "the incident ends before it starts", " A line is `start,end` or `start,end,name`."
            )
        }
    }
}
