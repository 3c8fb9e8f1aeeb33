package import AirlockModel

/// Reads quantities with their units; nil for anything that is not exactly of the form.
///
/// Numbers have at most six digits before the point, so that nothing can overflow.
package enum Quantity {
    static let digitLimit = 6

    /// `1h30m`: days, hours, minutes, seconds and milliseconds in this order, each at most once.
    package static func duration(_ text: String) -> Duration? {
        let units: [(name: String, milliseconds: Int)] = [
            ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
        ]
        var rest = text[...]
        var next = 0
        var total = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            guard let number = takeNumber(&rest) else { return nil }
            let name = String(rest.prefix { $0.isLetter })
            guard let index = units[next...].firstIndex(where: { $0.name == name }) else {
                // `10s5m` has its parts in the wrong order; `10m5ms` is found above.
                return nil
            }
            rest = rest.dropFirst(name.count)
            total += number * units[index].milliseconds
            next = index + 1
        }
        return .milliseconds(total)
    }

    /// `0.5%`: at most 100, at most two digits after the point.
    package static func share(_ text: String) -> Share? {
        guard text.hasSuffix("%"), let points = decimal(text.dropLast(), places: 2) else {
            return nil
        }
        guard points.digits <= 3, points.value <= 10_000,
            points.digits < 3 || points.value == 10_000
        else { return nil }
        return Share(basisPoints: points.value)
    }

    /// `500m` in thousandths of a core, or `2` in cores.
    package static func milliCPU(_ text: String) -> Int? {
        var rest = text[...]
        guard text.utf8.first != UInt8(ascii: "0"), let number = takeNumber(&rest) else {
            return nil
        }
        return rest == "m" ? number : rest.isEmpty ? number * 1_000 : nil
    }

    /// `256Mi` in steps of 1024, `64M` in steps of 1000.
    package static func memoryBytes(_ text: String) -> Int? {
        let units = [
            "k": 1_000, "M": 1_000_000, "G": 1_000_000_000, "T": 1_000_000_000_000,
            "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40,
        ]
        var rest = text[...]
        guard
            text.utf8.first != UInt8(ascii: "0"), let number = takeNumber(&rest),
            let unit = units[String(rest)]
        else { return nil }
        return number * unit
    }

    /// `10Mi/m`: bytes a minute.
    package static func growthPerMinute(_ text: String) -> Int? {
        text.hasSuffix("/m") ? memoryBytes(String(text.dropLast(2))) : nil
    }

    /// `50/s` or `30/m`, in thousandths a second, rounded down.
    package static func milliRate(_ text: String) -> Int? {
        guard let thousandths = decimal(text.dropLast(2), places: 3) else { return nil }
        return text.hasSuffix("/s")
            ? thousandths.value : text.hasSuffix("/m") ? thousandths.value / 60 : nil
    }

    /// `3 per 10m`: 1 to 50 in a window of whole seconds.
    package static func budget(_ text: String) -> HealingPolicy.Budget? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1] == "per", !parts[0].hasPrefix("0") else { return nil }
        var digits = parts[0]
        guard let count = takeNumber(&digits), digits.isEmpty,
            (1...HealingPolicy.Budget.maximum).contains(count), !parts[2].hasSuffix("ms"),
            let window = duration(String(parts[2])), window > .zero
        else { return nil }
        return HealingPolicy.Budget(count: count, window: window)
    }

    /// `100`, `0.25` or `-3` in millionths: at most twelve digits before the point and six after it.
    package static func millionths(_ text: String) -> Int64? {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first, (1...12).contains(whole.utf8.count),
            parts.count == 1 || (1...6).contains(parts[1].utf8.count),
            parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } })
        else { return nil }
        let fraction = parts.count == 2 ? String(parts[1]) : ""
        let padded = fraction + String(repeating: "0", count: 6 - fraction.utf8.count)
        // Eighteen digits fit.
        return Int64("\(whole)\(padded)").map { text.hasPrefix("-") ? -$0 : $0 }
    }

    /// `sha256:` and 64 lowercase hexadecimal digits.
    package static func digest(_ text: String) -> Digest? {
        text.hasPrefix("sha256:") ? Digest(String(text.dropFirst(7))) : nil
    }

    /// A number without sign in units of 10^-places, and how many digits stand before its point.
    private static func decimal(
        _ text: Substring, places: Int
    ) -> (value: Int, digits: Int)? {
        var rest = text
        guard let whole = takeNumber(&rest) else { return nil }
        let digits = text.count - rest.count
        var fraction = 0
        var scale = (0..<places).reduce(1) { product, _ in product * 10 }
        let unit = scale
        if !rest.isEmpty {
            guard rest.first == ".", (2...(places + 1)).contains(rest.count) else { return nil }
            for digit in rest.dropFirst().utf8 {
                guard (0x30...0x39).contains(digit) else { return nil }
                scale /= 10
                fraction += Int(digit - 0x30) * scale
            }
        }
        return (whole * unit + fraction, digits)
    }

    /// `text` with as many digits of each number as are read; nil where no number has more.
    static func shortened(_ text: String) -> String? {
        var kept = ""
        var digits = 0
        for character in text {
            digits = character.isASCII && character.isWholeNumber ? digits + 1 : 0
            if digits <= digitLimit { kept.append(character) }
        }
        return kept == text ? nil : kept
    }

    /// Takes one to six digits off the front.
    private static func takeNumber(_ text: inout Substring) -> Int? {
        let digits = text.utf8.prefix { (0x30...0x39).contains($0) }
        guard (1...digitLimit).contains(digits.count), let number = Int(String(Substring(digits)))
        else { return nil }
        text = text.dropFirst(digits.count)
        return number
    }
}
