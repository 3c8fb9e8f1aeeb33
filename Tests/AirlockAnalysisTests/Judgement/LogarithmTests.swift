import AirlockAnalysis
import Testing

/// ln by squaring, binary place by binary place: another way than the one under test.
private func reference(_ value: UInt64) -> Int128 {
    let whole = 63 - value.leadingZeroBitCount
    // The mantissa with 63 places.
    var mantissa = UInt64(value) << UInt64(63 - whole)
    var places: Int128 = Int128(whole)
    for _ in 0..<48 {
        let square = mantissa.multipliedFullWidth(by: mantissa)
        let isAbove = square.high >= 1 << 63
        mantissa = isAbove ? square.high : square.high << 1 | square.low >> 63
        places = places << 1 | (isAbove ? 1 : 0)
    }
    // log2 with 48 places times ln 2 with 64, to 56.
    return (places * 0xB172_17F7_D1CF_79AC) >> 56
}

@Suite("Logarithm")
struct LogarithmTests {
    @Test("the logarithm of a fraction is exact to a millionth of a millionth")
    func accuracy() {
        var random = Numbers(seed: 1)
        var worst: Int128 = 0
        for round in 0..<20000 {
            let above = max(random.next() >> UInt64(round % 64), 1)
            let below = max(random.next() >> UInt64(round / 64 % 64), 1)
            let ours = Int128(Logarithm.ln(UInt128(above), over: UInt128(below)))
            worst = max(worst, abs(ours - (reference(above) - reference(below))))
        }
        // In 2^-56; a millionth is 2^-19.9.
        #expect(worst < 1 << 16)
    }

    @Test("known logarithms are right to the last millionth")
    func known() {
        let known: [(UInt128, UInt128, Int64)] = [
            (2, 1, 693_147), (10, 1, 2_302_585), (3, 2, 405_465), (1, 10, -2_302_586),
            (1, 1, 0), (UInt128.max, 1, 88_722_839), (1_000_001, 1_000_000, 0),
        ]
        for (above, below, millionths) in known {
            let ours = LogEvidence(fixed: Int128(Logarithm.ln(above, over: below)))
            #expect(ours.millionths == millionths, "ln(\(above)/\(below))")
        }
    }

    @Test("a larger number never has a smaller logarithm")
    func monotone() {
        var last = Int64.min
        for value: UInt128 in 1...100_000 {
            let next = Logarithm.ln(value)
            #expect(next > last)
            last = next
        }
    }

    @Test("the falling power undoes the logarithm")
    func inverse() {
        for value: UInt128 in [1, 2, 3, 7, 97, 1000, 123_456_789] {
            let power = Logarithm.exp(minus: Logarithm.ln(value))
            let wanted = UInt128(Logarithm.one) / value
            let distance = max(UInt128(power), wanted) - min(UInt128(power), wanted)
            #expect(distance < 1 << 12)
        }
        #expect(Logarithm.exp(minus: .max) == 0)
    }

    @Test("a sum of evidence is exact to a millionth and never too large")
    func sums() {
        let two = LogEvidence.sum([.zero, .zero])
        #expect(two.millionths == 693_147)
        #expect(LogEvidence.sum([LogEvidence(millionths: 5_000_000)]).millionths == 5_000_000)
        #expect(LogEvidence.sum([.least, .least]) == .least)
        #expect(LogEvidence.sum([] as [LogEvidence]) == .least)
        let far = LogEvidence.sum([.zero, LogEvidence(millionths: -60_000_000)])
        #expect(far == .zero)
    }

    @Test("the limit of one percent is ln 100, rounded up")
    func limit() {
        #expect(LogEvidence(limitFor: .onePercent).description == "4.605171")
        #expect(LogEvidence(limitFor: Chance(billionths: 0)) == .most)
    }
}
