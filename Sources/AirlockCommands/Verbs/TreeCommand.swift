import AirlockHost
import AirlockModel
import ArgumentParser

/// `airlock tree`: environments, lanes, slots and instances as a tree.
struct TreeCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "tree", abstract: "Show environments, lanes, slots and instances as a tree.")

    @Option(help: "Only this environment.") var env: EnvironmentName?
    @OptionGroup var common: CommonOptions
    @OptionGroup var output: FormatOption

    /// A place in the tree.
    struct Node: Encodable {
        let name: String
        let note: String?
        var children: [Node] = []
    }

    func perform() async throws -> ExitStatus {
        let wiring = try Wiring(try common.settings())
        let reading = try await LaneReading(wiring)
        if let env { try reading.names.check(env) }
        let lanes = reading.lanes.filter { env == nil || $0.record.lane.environment == env }
        let environments = Set(lanes.map(\.record.lane.environment)).sorted()
        let nodes = environments.map { name in
            Node(
                name: name.description, note: nil,
                children: lanes.filter { $0.record.lane.environment == name }.map(Self.node))
        }
        switch output.format {
        case .json, .yaml: try Output.value(["environments": nodes], as: output.format)
        case .human:
            Output.data(nodes.isEmpty ? "No lanes." : Self.text(nodes, common.ink))
        }
        return .done
    }

    private static func node(_ lane: LaneReading.Lane) -> Node {
        let slots = lane.observed?.slots ?? []
        return Node(
            name: lane.record.lane.unit.description,
            note: [lane.record.settled?.version, lane.condition.rawValue]
                .compactMap(\.self).joined(separator: ", "),
            children: slots.map { slot in
                let weight = lane.observed?.weights[slot.id] ?? 0
                return Node(
                    name: "slot \(slot.id.short)",
                    note: "\(slot.spec.artifact.short), \(weight)‰ of traffic",
                    children: slot.instances.map { Node(name: $0.id, note: $0.phase.rawValue) })
            })
    }

    private static func text(_ nodes: [Node], _ ink: Ink) -> String {
        func lines(_ nodes: [Node], _ indent: String) -> [String] {
            nodes.enumerated().flatMap { index, node -> [String] in
                let isLast = index == nodes.count - 1
                let note = node.note.map { ink.dim("  \($0)") } ?? ""
                return ["\(indent)\(isLast ? "└── " : "├── ")\(node.name.visible)\(note)"]
                    + lines(node.children, indent + (isLast ? "    " : "│   "))
            }
        }
        return nodes.flatMap { [ink.bold($0.name)] + lines($0.children, "") }
            .joined(separator: "\n")
    }
}
