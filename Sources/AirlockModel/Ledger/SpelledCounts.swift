package import AirlockAnalysis

/// How the columns of evidence spell what one second says: no comma and no star, which separate.
extension Served {
    /// `requests`, with `/bad` where some were, and `/surely/atMost` where they were not told apart.
    package var spelled: String {
        if badAtLeast == badAtMost {
            return badAtMost == 0 ? "\(requests)" : "\(requests)/\(badAtMost)"
        }
        return "\(requests)/\(badAtLeast)/\(badAtMost)"
    }

    /// Reads what ``spelled`` wrote; nil for anything else.
    package init?(spelled text: Substring) {
        let numbers = text.split(separator: "/", omittingEmptySubsequences: false).map {
            Int64($0)
        }
        guard (1...3).contains(numbers.count), let requests = numbers[0],
            let atLeast = numbers.count > 1 ? numbers[1] : 0, let atMost = numbers.last ?? nil
        else { return nil }
        self.init(
            requests: requests, badAtLeast: atLeast,
            badAtMost: numbers.count == 1 ? 0 : atMost)
    }
}

extension Witnesses {
    /// Digests in hexadecimal, joined by `+`; `-` for nobody.
    package var spelled: String {
        let names = digests.map { String($0, radix: 16) }
        return names.isEmpty ? "-" : names.joined(separator: "+")
    }

    /// Reads what ``spelled`` wrote; nil for anything else.
    package init?(spelled text: Substring) {
        guard text != "-" else {
            self = .none
            return
        }
        let digests = text.split(separator: "+", omittingEmptySubsequences: false).map {
            UInt64($0, radix: 16)
        }
        guard digests.count <= 2, digests.allSatisfy({ $0 != nil }) else { return nil }
        self.init(digests.compactMap(\.self))
    }
}

extension [Int64] {
    /// Counts by bucket, joined by `;`; several buckets that follow each other without a request are `~` and
    /// their number.
    package var spelledBuckets: String {
        var parts: [String] = []
        var empty = 0
        for count in self + [-1] {
            if count == 0 {
                empty += 1
                continue
            }
            if empty > 0 { parts.append(empty == 1 ? "0" : "~\(empty)") }
            empty = 0
            parts.append(String(count))
        }
        return parts.dropLast().joined(separator: ";")
    }

    /// Reads what ``spelledBuckets`` wrote; nil for anything else.
    package init?(spelledBuckets text: Substring) {
        self = []
        for part in text.split(separator: ";", omittingEmptySubsequences: false) {
            if part.first == "~" {
                guard let empty = Int(part.dropFirst()),
                    (1...LatencyTally.mostBuckets).contains(empty)
                else { return nil }
                self += repeatElement(0, count: empty)
            } else {
                guard let count = Int64(part) else { return nil }
                append(count)
            }
            guard count <= LatencyTally.mostBuckets else { return nil }
        }
    }
}
