import AirlockHTTP
import AirlockModel
import Testing

@Suite("queries and addresses")
struct QueryTests {
    @Test(
        "a plain selector or a query that is bounded by $window is taken",
        arguments: [
            "requests_total", "a:b:rate5m{slot=\"$slot\"}", "{__name__=\"x\"}",
            "x{code=~\"5..$\", path=\"}\"}", "x{a='}', b=`\\`}",
            "sum by (instance) (last_over_time(x[$window])) * 2",
        ])
    func taken(_ text: String) throws { #expect(try SignalQuery(text).text == text) }

    @Test(
        "anything else could count what is long gone, or asks for a variable that does not exist",
        arguments: [
            "sum(x)", "x{a=\"b\"} or y", "x[5m]", "1", "x{a=\"}", "rate(x[$interval])",
            "x{s=\"$slots\"}",
        ])
    func refused(_ text: String) {
        #expect(throws: SignalQuery.Fault.self) { try SignalQuery(text) }
    }

    @Test("a value cannot leave the quotes in which its variable stands")
    func escaping() throws {
        let query = try SignalQuery("x{a=\"$slot\", b='$slot', c=`$slot`}")
        let filled = query.filled { _ in "q\"} or y{z='`\\\n" }
        #expect(
            filled
                == "x{a=\"q\\\"} or y{z=\\'\\\\\\n\", b='q\\\"} or y{z=\\'\\\\\\n', "
                + "c=`q\\\"} or y{z=\\'\\\\\\n`}")
    }

    @Test("an address is a scheme, a host, a port and a path, and knows whether it stays here")
    func addresses() throws {
        for (text, isLoopback) in [
            ("http://127.0.0.1:9090", true), ("http://127.8.9.10", true), ("http://[::1]:1", true),
            ("http://localhost/prometheus", true), ("http://10.0.0.1:9090", false),
            ("https://prometheus.example/a/b", false), ("http://127.0.0.1.evil.example", false),
        ] {
            #expect(try #require(HTTPAddress(text)).isLoopback == isLoopback, "\(text)")
        }
        for text in [
            "", "http://", "ftp://x", "http://u:p@x", "http://x/", "http://x?a=b", "http://x#a",
            "http://x:99999", "http://x:", "http://[::1", "http://x/a b", "HTTP://x",
        ] {
            #expect(HTTPAddress(text) == nil, "\(text)")
        }
    }

    @Test("the time of a header is read as RFC 9110 writes it")
    func dates() {
        #expect(HTTPDate.seconds("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(HTTPDate.seconds("Thu, 29 Feb 2024 23:59:59 GMT") == 1_709_251_199)
        #expect(HTTPDate.seconds("Thu, 01 Jan 1970 00:00:00 GMT") == 0)
        for text in ["", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT"] {
            #expect(HTTPDate.seconds(text) == nil, "\(text)")
        }
    }

    @Test("a form is escaped byte by byte")
    func form() {
        let bytes = FormBody.bytes([("q", "a b&c=\"ü\"+1"), ("z", "*-._")])
        #expect(
            String(decoding: bytes, as: UTF8.self) == "q=a%20b%26c%3D%22%C3%BC%22%2B1&z=*-._")
    }
}
