import AirlockModel

/// Which services of one environment call each other, and which do so in a circle.
///
/// Only what the given lanes reach is walked through: a circle of theirs lies within it.
struct CallGraph {
    private let search: ComponentSearch
    private let callers: (LaneID) -> [LaneID]
    private let going: Set<LaneID>
    /// Callees and callers outside each circle, of those of its lanes that go.
    private var calleesOfCircle: [Int: [LaneID]] = [:]
    private var callersOfCircle: [Int: [LaneID]] = [:]

    /// Walks through what `lanes` call, and what that calls.
    ///
    /// - Parameter going: Lanes that go, together with those of their circle.
    init(
        lanes: [LaneID], going: Set<LaneID>, callees: @escaping (LaneID) -> [LaneID],
        callers: @escaping (LaneID) -> [LaneID]
    ) {
        var search = ComponentSearch(callees: callees)
        // Tarjan's algorithm (SIAM J. Comput. 1(2), 1972), with a stack of its own so that a long
        // chain of calls cannot exhaust the thread's.
        let lanes = lanes.sorted()
        for lane in lanes where search.index[lane] == nil { search.visit(from: lane) }
        self.search = search
        self.callers = callers
        self.going = going
        for lane in lanes where going.contains(lane) {
            guard let number = search.component[lane] else { continue }
            calleesOfCircle[number, default: []] += ownCallees(of: lane)
            callersOfCircle[number, default: []] += ownCallers(of: lane)
        }
    }

    /// Lanes with the same number call each other in a circle; callees have the lower number.
    private var circle: [LaneID: Int] { search.component }

    /// The circle of a lane; nil for one that was not reached.
    func circle(of lane: LaneID) -> Int? { circle[lane] }

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
        search.callees(of: lane).contains(callee)
    }

    private func ownCallees(of lane: LaneID) -> [LaneID] {
        search.callees(of: lane).filter { !isSameCircle($0, lane) }
    }

    private func ownCallers(of lane: LaneID) -> [LaneID] {
        callers(lane).filter { !isSameCircle($0, lane) }
    }

    private func isSameCircle(_ one: LaneID, _ other: LaneID) -> Bool {
        one == other || (circle[one] != nil && circle[one] == circle[other])
    }
}

/// The state of one search for strongly connected components.
private struct ComponentSearch {
    private let asked: (LaneID) -> [LaneID]
    /// The answers, for every lane that was reached.
    private var callees: [LaneID: [LaneID]] = [:]
    var index: [LaneID: Int] = [:]
    var component: [LaneID: Int] = [:]
    private var low: [LaneID: Int] = [:]
    private var open: [LaneID] = []
    private var isOpen: Set<LaneID> = []
    private var components = 0

    init(callees: @escaping (LaneID) -> [LaneID]) { asked = callees }

    /// What `lane` calls; asked for where it was not reached.
    func callees(of lane: LaneID) -> [LaneID] { callees[lane] ?? asked(lane) }

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
        callees[lane] = asked(lane)
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
