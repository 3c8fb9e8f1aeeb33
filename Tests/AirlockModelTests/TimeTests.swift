import AirlockModel
import Testing

@Suite("time is RFC 3339 in UTC with milliseconds")
struct TimeTests {
    private static let known: [(String, Int)] = [
        ("1970-01-01T00:00:00.000Z", 0),
        ("1969-12-31T23:59:59.999Z", -1),
        ("1969-01-01T00:00:00.000Z", -31_536_000_000),
        ("1900-03-01T00:00:00.000Z", -2_203_891_200_000),
        ("2000-02-29T12:34:56.789Z", 951_827_696_789),
        ("2024-02-29T00:00:00.000Z", 1_709_164_800_000),
        ("2026-01-01T00:00:00.000Z", 1_767_225_600_000),
        ("2100-03-01T00:00:00.000Z", 4_107_542_400_000),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ("0001-01-01T00:00:00.000Z", -62_135_596_800_000),
    ]

    @Test("known instants are written and read")
    func knownInstants() {
        for (text, milliseconds) in Self.known {
            let time = Timestamp(milliseconds: milliseconds)
            #expect(time.rfc3339 == text)
            #expect(Timestamp(rfc3339: text) == time)
        }
    }

    @Test("every day of 1896 to 2105 is read back")
    func everyDay() {
        let first = -2_335_219_200_000
        for day in 0..<76_700 {
            let time = Timestamp(milliseconds: first + day * 86_400_000 + day % 86_400_000)
            guard Timestamp(rfc3339: time.rfc3339) == time else {
                Issue.record("\(time.rfc3339) is not \(time.milliseconds)")
                return
            }
        }
    }

    @Test("an offset, a fraction and a leap second are understood")
    func forms() {
        let same = [
            "2026-11-23T13:05:09Z", "2026-11-23T13:05:09.0Z", "2026-11-23T13:05:09.000999999Z",
            "2026-11-23T14:05:09+01:00", "2026-11-23T07:35:09-05:30", "2026-11-24T13:04:09+23:59",
            "2026-11-23T13:05:09-00:00",
        ]
        let times = same.map { Timestamp(rfc3339: $0)?.rfc3339 }
        #expect(Set(times) == ["2026-11-23T13:05:09.000Z"])
        #expect(
            Timestamp(rfc3339: "2026-11-23T13:05:09.12Z")?.rfc3339 == "2026-11-23T13:05:09.120Z")
        #expect(
            Timestamp(rfc3339: "2016-12-31T23:59:60Z")?.rfc3339 == "2017-01-01T00:00:00.000Z")
    }

    @Test(
        "what is no instant is refused",
        arguments: [
            "", "2026-11-23", "2026-11-23T13:05:09", "2026-11-23 13:05:09Z",
            "2026-11-23t13:05:09Z", "2026-11-23T13:05:09z", "26-11-23T13:05:09Z",
            "2026-00-23T13:05:09Z", "2026-13-23T13:05:09Z", "2026-11-00T13:05:09Z",
            "2026-11-31T13:05:09Z", "2026-02-29T13:05:09Z", "1900-02-29T00:00:00Z",
            "2026-02-30T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T13:60:00Z",
            "2026-11-23T13:05:61Z", "2026-11-23T13:05:09.Z", "2026-11-23T13:05:09.1234567890Z",
            "2026-11-23T13:05:09+24:00", "2026-11-23T13:05:09+01:60", "2026-11-23T13:05:09+0100",
            "2026-11-23T13:05:09++1:00", "2026-11-23T13:05:09+01:+1", "2026-11-23T13:05:09ZZ",
            "+026-11-23T13:05:09Z", "2026-11-23T13:05:09é1:00", "2026-11-23T13:05:09+01:00Z",
        ])
    func refused(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test("time is added up in milliseconds")
    func arithmetic() {
        let time = Timestamp(milliseconds: 1_000)
        #expect((time + .seconds(1.5)).milliseconds == 2_500)
        #expect(time - Timestamp(milliseconds: 2_500) == .milliseconds(-1_500))
        #expect(Duration.nanoseconds(1_999_999).milliseconds == 1)
        #expect(Duration.milliseconds(-1_500).milliseconds == -1_500)
        #expect(Duration.seconds(Int64.max).milliseconds == .max)
        #expect(Duration.seconds(Int64.min).milliseconds == .min)
        #expect((time + .seconds(Int64.max)).milliseconds == .max)
    }

    @Test("monotonic times of two boots are not compared, and time never runs back")
    func moments() {
        func moment(_ monotonic: Int, boot: String) -> Moment {
            Moment(
                wall: Timestamp(milliseconds: 0), monotonicMilliseconds: monotonic,
                boot: BootID(boot))
        }
        #expect(moment(5_000, boot: "a").elapsed(since: moment(2_000, boot: "a")) == .seconds(3))
        #expect(moment(5_000, boot: "b").elapsed(since: moment(2_000, boot: "a")) == .zero)
        #expect(moment(1_000, boot: "a").elapsed(since: moment(2_000, boot: "a")) == .zero)
    }
}
