extension [LaneID] {
    /// The lanes in the order in which they go forward together: who is called before who calls, else by name; of a
    /// circle the first name goes first.
    package func calleesFirst(calls: (LaneID) -> [LaneID]) -> [LaneID] {
        var rest = sorted()
        var order: [LaneID] = []
        while !rest.isEmpty {
            let left = Set(rest)
            let next = rest.firstIndex { left.isDisjoint(with: calls($0)) } ?? 0
            order.append(rest.remove(at: next))
        }
        return order
    }
}
