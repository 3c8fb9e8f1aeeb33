import AirlockModel
import AirlockTestSupport
import Foundation
import Testing

@Suite("audit entries are bounded canonical JSON")
struct AuditEntryTests {
    private func text(_ draft: AuditDraft, sequence: Int = 7) -> String {
        String(decoding: AuditEntry(sequence: sequence, draft: draft).bytes, as: UTF8.self)
    }

    @Test("who, what, when, from which commit and with which approvals stand in one entry")
    func golden() {
        let draft = AuditDraft(
            kind: .settled, time: Timestamp(milliseconds: 1_767_225_600_120),
            actor: Actor(id: "ann@example.org", kind: .git),
            lane: Build.lane("production/checkout"),
            commit: Build.commit(255), change: Sample.change(to: Build.slot("checkout")).id,
            operation: 4, artifact: Build.artifact("checkout"), outcome: "done", about: 6,
            detail: ["step": "1", "action": "start \"x\""])
        #expect(
            text(draft)
                == #"{"about":6,"actor":{"id":"ann@example.org","kind":"git"},"approvals":[],"#
                + #""artifact":"\#(Build.artifact("checkout"))","change":"\#(draft.change?.description ?? "")","#
                + #""commit":"00000000000000000000000000000000000000ff","#
                + #""detail":{"action":"start \"x\"","step":"1"},"environment":"production","#
                + #""kind":"settled","lane":"production/checkout","operation":4,"outcome":"done","#
                + #""seq":7,"time":"2026-01-01T00:00:00.120Z","v":1}"#)
    }

    @Test("absent fields are left out")
    func least() {
        let draft = AuditDraft(kind: .started, time: Timestamp(milliseconds: 0))
        #expect(
            text(draft, sequence: 0)
                == #"{"actor":{"id":"airlock","kind":"service"},"approvals":[],"kind":"started","#
                + #""seq":0,"time":"1970-01-01T00:00:00.000Z","v":1}"#)
    }

    @Test("long text is cut between characters and marked")
    func cut() {
        let draft = AuditDraft(
            kind: .decision, time: Timestamp(milliseconds: 0),
            outcome: String(repeating: "a", count: 3_000),
            detail: ["odd": "a" + String(repeating: "é", count: 2_000)])
        let entry = text(draft)
        #expect(entry.contains(String(repeating: "a", count: 2_048) + "… (cut)"))
        #expect(entry.contains("\"a" + String(repeating: "é", count: 1_023) + "… (cut)"))
        #expect(!entry.contains("\u{fffd}"))
        let exact = AuditDraft(
            kind: .decision, time: Timestamp(milliseconds: 0),
            outcome: String(repeating: "a", count: 2_048))
        #expect(!text(exact).contains("(cut)"))
    }

    @Test("what was cut is read back, wherever a character of several bytes stands")
    func cutAndRead() throws {
        for limit in [512, 2_048] {
            for character in ["a", "é", "€", "😀"] {
                for place in (limit - 16)...(limit + 16) {
                    let long =
                        String(repeating: "s", count: place) + character
                        + String(repeating: "y", count: 40)
                    let draft = AuditDraft(
                        kind: .frozen, time: Timestamp(milliseconds: 0),
                        actor: Actor(id: long, kind: .git), outcome: long, detail: ["reason": long])
                    let entry = AuditEntry(sequence: 3, draft: draft)
                    let read = try AuditEntry(bytes: entry.bytes)
                    #expect(read.bytes == entry.bytes, "\(limit) \(character) \(place)")
                }
            }
        }
    }

    @Test("whatever a commit says, an entry has at most 16 KiB and stays readable")
    func bounded() throws {
        for character in ["a", "\u{1}", "\"", "é", "😀", "e\u{301}"] {
            let long = String(repeating: character, count: 20_000)
            var draft = AuditDraft(
                kind: .commitAccepted, time: Timestamp(milliseconds: 0),
                actor: Actor(id: long, kind: .git), outcome: long)
            for number in 0..<20 { draft.detail["detail\(number)"] = long }
            let bytes = AuditEntry(sequence: .max, draft: draft).bytes
            #expect(bytes.count <= AuditEntry.maximumBytes)
            #expect(bytes.count > AuditEntry.maximumBytes / 8)
            _ = try JSONSerialization.jsonObject(with: Data(bytes))
        }
    }

    @Test("a filter matches entries that match every field")
    func filters() {
        let time = Timestamp(milliseconds: 5)
        let draft = AuditDraft(
            kind: .drift, time: time, lane: Build.lane("production/checkout"),
            commit: Build.commit(1))
        let matching = [
            AuditFilter(), AuditFilter(lane: draft.lane),
            AuditFilter(environment: Build.environment("production")),
            AuditFilter(commit: Build.commit(1)), AuditFilter(actor: "airlock"),
            AuditFilter(since: time, until: time), AuditFilter(last: 0),
        ]
        for filter in matching { #expect(filter.matches(draft)) }
        let other = [
            AuditFilter(lane: Build.lane("production/cart")),
            AuditFilter(environment: Build.environment("staging")),
            AuditFilter(lane: draft.lane, commit: Build.commit(2)), AuditFilter(actor: "ann"),
            AuditFilter(since: time + .milliseconds(1)),
            AuditFilter(until: time + .milliseconds(-1)),
        ]
        for filter in other { #expect(!filter.matches(draft)) }
    }
}
