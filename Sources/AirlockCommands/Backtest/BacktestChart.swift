import AirlockAnalysis
import AirlockModel
import Glibc

/// A backtest as a picture: each signal over time with its bounds, what acted and what was wrong.
struct BacktestChart {
    private static let width = 1_200.0
    private static let panelHeight = 260.0
    private static let (left, right, top, bottom) = (90.0, 20.0, 56.0, 30.0)
    private static var plotWidth: Double { width - left - right }
    private static var plotHeight: Double { panelHeight - top - bottom }

    let backtest: Backtest

    /// The picture as SVG; light and dark pages show it alike.
    var svg: String {
        let height = Self.panelHeight * Double(backtest.replayed.count) + 34
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(Self.width)) \(Int(height))\" "
                + "width=\"\(Int(Self.width))\" height=\"\(Int(height))\" "
                + "font-family=\"system-ui, sans-serif\" font-size=\"13\">",
            "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>",
        ]
        for (number, one) in backtest.replayed.enumerated() {
            lines.append("<g transform=\"translate(0 \(Int(Double(number) * Self.panelHeight)))\">")
            lines += Panel(one: one).lines
            lines.append("</g>")
        }
        lines.append(legend(at: height - 12))
        return (lines + ["</svg>"]).joined(separator: "\n") + "\n"
    }

    private func legend(at y: Double) -> String {
        let items: [(String, String)] = [
            ("#1d4ed8", "value"), ("#b91c1c", "bound, and ▼ where it rolls back"),
            ("#7c3aed", "▲ learned detector (0.5)"), ("#f59e0b", "known incident"),
        ]
        var x = Self.left
        return items.map { colour, text in
            defer { x += 40 + 7.6 * Double(text.count) }
            return "<rect x=\"\(x)\" y=\"\(y - 10)\" width=\"12\" height=\"12\" "
                + "fill=\"\(colour)\"/>"
                + "<text x=\"\(x + 18)\" y=\"\(y)\" fill=\"#334155\">\(text)</text>"
        }.joined(separator: "\n")
    }

    /// One signal.
    private struct Panel {
        let one: Backtest.Replayed
        private let from: Int
        private let to: Int
        private let greatest: Double

        init(one: Backtest.Replayed) {
            self.one = one
            from = one.series.points.first?.at ?? 0
            to = max(from + 1, one.series.points.last?.at ?? 0)
            let values = one.series.points.lazy.map(\.value).filter(\.isFinite)
            let bounds = one.limits.map { Double($0.limit.threshold.millionths) / 1_000_000 }
            greatest = max(values.max() ?? 1, (bounds.max() ?? 0) * 1.1, 1e-9) * 1.05
        }

        private func x(_ time: Int) -> Double {
            let share = Double(min(max(time, from), to) - from) / Double(to - from)
            return ((BacktestChart.left + share * BacktestChart.plotWidth) * 10).rounded() / 10
        }

        private func y(_ value: Double) -> Double {
            let share = min(max(value / greatest, 0), 1)
            let place = BacktestChart.top + (1 - share) * BacktestChart.plotHeight
            return (place * 10).rounded() / 10
        }

        var lines: [String] {
            let bounds = one.limits.map { $0.limit.text }.joined(separator: ", ")
            let title = "\(one.name)\(bounds.isEmpty ? "" : ": rolled back when \(bounds)")"
            return [
                "<text x=\"\(BacktestChart.left)\" y=\"24\" font-weight=\"600\" fill=\"#0f172a\">"
                    + "\(Self.escaped(title))</text>"
            ] + incidents + axes + [curve] + limits + marks
        }

        private var incidents: [String] {
            one.incidents.map { incident in
                let (start, end) = (x(incident.start), x(incident.end))
                return "<rect x=\"\(start)\" y=\"\(BacktestChart.top)\" "
                    + "width=\"\(max(2, end - start))\" height=\"\(BacktestChart.plotHeight)\" "
                    + "fill=\"#f59e0b\" fill-opacity=\"0.25\">"
                    + "<title>\(Self.escaped(incident.title))</title></rect>"
            }
        }

        private var axes: [String] {
            let base = y(0)
            var lines = [0.0, 0.5, 1].map { share in
                let value = greatest / 1.05 * share
                let label = one.name.text(SignalValue(value) ?? SignalValue(millionths: 0))
                return "<line x1=\"\(BacktestChart.left)\" x2=\"\(x(to))\" y1=\"\(y(value))\" "
                    + "y2=\"\(y(value))\" stroke=\"#e2e8f0\"/>"
                    + "<text x=\"\(BacktestChart.left - 8)\" y=\"\(y(value) + 4)\" "
                    + "text-anchor=\"end\" fill=\"#475569\">\(Self.escaped(label))</text>"
            }
            lines += (0...4).map { part in
                let time = from + (to - from) / 4 * part
                let anchor = part == 0 ? "start" : part == 4 ? "end" : "middle"
                return "<text x=\"\(x(time))\" y=\"\(base + 18)\" text-anchor=\"\(anchor)\" "
                    + "fill=\"#475569\">"
                    + "\(Timestamp(milliseconds: time).local.prefix(16))</text>"
            }
            return lines
        }

        /// The least and the greatest value of each column, so that no peak is lost.
        private var curve: String {
            var columns: [Int: (low: Double, high: Double)] = [:]
            for point in one.series.points where point.value.isFinite {
                let column = Int(x(point.at))
                let known = columns[column] ?? (point.value, point.value)
                columns[column] = (min(known.low, point.value), max(known.high, point.value))
            }
            let path = columns.sorted { $0.key < $1.key }.flatMap { column, range in
                range.low == range.high
                    ? ["\(column),\(y(range.low))"]
                    : ["\(column),\(y(range.low))", "\(column),\(y(range.high))"]
            }
            return "<polyline points=\"\(path.joined(separator: " "))\" fill=\"none\" "
                + "stroke=\"#1d4ed8\" stroke-width=\"1\"/>"
        }

        private var limits: [String] {
            one.limits.map { replay in
                let place = y(Double(replay.limit.threshold.millionths) / 1_000_000)
                return "<line x1=\"\(BacktestChart.left)\" x2=\"\(x(to))\" y1=\"\(place)\" "
                    + "y2=\"\(place)\" stroke=\"#b91c1c\" stroke-dasharray=\"6 4\"/>"
            }
        }

        private var marks: [String] {
            let acted = one.limits.flatMap { replay in
                replay.actions.map { action in
                    let x = x(action.at)
                    return "<path d=\"M\(x - 6) \(BacktestChart.top - 14)h12l-6 10z\" "
                        + "fill=\"#b91c1c\"><title>"
                        + "\(Timestamp(milliseconds: action.at).local)</title></path>"
                }
            }
            let learned = one.learned.filter { $0.sensitivity == .standard }.flatMap(\.alarms)
            return acted
                + learned.map { time in
                    let x = x(time)
                    return "<path d=\"M\(x - 5) \(y(0) + 2)h10l-5 -9z\" fill=\"#7c3aed\"/>"
                }
        }

        private static func escaped(_ text: String) -> String {
            text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
                .replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
        }
    }
}
