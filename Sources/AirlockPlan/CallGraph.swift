import AirlockModel

/// Which services of one environment call each other, and which do so in a circle.
struct CallGraph {
    private let callees: [LaneID: [LaneID]]
    private let callers: [LaneID: [LaneID]]
    /// Lanes with the same number call each other in a circle; callees have the lower number.
    private let circle: [LaneID: Int]
    private let going: Set<LaneID>
    /// Callees and callers outside each circle, of those of its lanes that go.
    private var calleesOfCircle: [Int: [LaneID]] = [:]
    private var callersOfCircle: [Int: [LaneID]] = [:]

    /// Takes the templates that count: the new one where a lane changes, else the settled one.
    ///
    /// - Parameter going: Lanes that go, together with those of their circle.
    init(templates: [LaneID: Template], going: Set<LaneID>) {
        var callees: [LaneID: [LaneID]] = [:]
        var callers: [LaneID: [LaneID]] = [:]
        let lanes = templates.keys.sorted()
        for lane in lanes {
            for unit in templates[lane]?.calls ?? [] {
                let called = UnitID(kind: .service, name: unit)
                let callee = LaneID(environment: lane.environment, unit: called)
                callees[lane, default: []].append(callee)
                callers[callee, default: []].append(lane)
            }
        }
        self.callees = callees
        self.callers = callers
        self.going = going
        circle = Self.circles(of: lanes, callees: callees)
        for lane in lanes where going.contains(lane) {
            guard let number = circle[lane] else { continue }
            calleesOfCircle[number, default: []] += ownCallees(of: lane)
            callersOfCircle[number, default: []] += ownCallers(of: lane)
        }
    }

    /// Every lane, each after the lanes that it calls; those of a circle are neighbours.
    var calleesFirst: [LaneID] {
        circle.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
    }

    /// What `lane` and those that go with it call outside their circle.
    func calleesOutsideCircle(of lane: LaneID) -> [LaneID] {
        guard going.contains(lane), let number = circle[lane] else { return ownCallees(of: lane) }
        return calleesOfCircle[number] ?? []
    }

    /// What calls `lane` or those that go with it from outside their circle.
    func callersOutsideCircle(of lane: LaneID) -> [LaneID] {
        guard going.contains(lane), let number = circle[lane] else { return ownCallers(of: lane) }
        return callersOfCircle[number] ?? []
    }

    /// Whether `lane` itself calls `callee`, not only another lane of its circle.
    func calls(_ lane: LaneID, _ callee: LaneID) -> Bool {
        callees[lane]?.contains(callee) ?? false
    }

    private func ownCallees(of lane: LaneID) -> [LaneID] {
        (callees[lane] ?? []).filter { !isSameCircle($0, lane) }
    }

    private func ownCallers(of lane: LaneID) -> [LaneID] {
        (callers[lane] ?? []).filter { !isSameCircle($0, lane) }
    }

    private func isSameCircle(_ one: LaneID, _ other: LaneID) -> Bool {
        one == other || (circle[one] != nil && circle[one] == circle[other])
    }

    /// Strongly connected components, callees first, by Tarjan's algorithm (SIAM J. Comput. 1(2),
    /// 1972), with a stack of its own so that a long chain of calls cannot exhaust the thread's.
    private static func circles(
        of lanes: [LaneID], callees: [LaneID: [LaneID]]
    ) -> [LaneID: Int] {
        var search = ComponentSearch(callees: callees)
        for lane in lanes where search.index[lane] == nil { search.visit(from: lane) }
        return search.component
    }
}

/// The state of one search for strongly connected components.
private struct ComponentSearch {
    let callees: [LaneID: [LaneID]]
    var index: [LaneID: Int] = [:]
    var component: [LaneID: Int] = [:]
    private var low: [LaneID: Int] = [:]
    private var open: [LaneID] = []
    private var isOpen: Set<LaneID> = []
    private var components = 0

    init(callees: [LaneID: [LaneID]]) { self.callees = callees }

    mutating func visit(from root: LaneID) {
        var path: [(lane: LaneID, next: Int)] = []
        enter(root)
        path.append((root, 0))
        while let top = path.last {
            let edges = callees[top.lane] ?? []
            if top.next < edges.count {
                path[path.count - 1].next += 1
                let callee = edges[top.next]
                if index[callee] == nil {
                    enter(callee)
                    path.append((callee, 0))
                } else if isOpen.contains(callee) {
                    lower(top.lane, to: index[callee])
                }
            } else {
                path.removeLast()
                close(top.lane)
                if let parent = path.last { lower(parent.lane, to: low[top.lane]) }
            }
        }
    }

    private mutating func enter(_ lane: LaneID) {
        index[lane] = index.count
        low[lane] = index[lane]
        open.append(lane)
        isOpen.insert(lane)
    }

    private mutating func lower(_ lane: LaneID, to value: Int?) {
        guard let value, let current = low[lane] else { return }
        low[lane] = min(current, value)
    }

    private mutating func close(_ lane: LaneID) {
        guard low[lane] == index[lane] else { return }
        while let member = open.popLast() {
            isOpen.remove(member)
            component[member] = components
            if member == lane { break }
        }
        components += 1
    }
}
