import Glibc

/// What the system lets a process have, where too little of it ends the runtime in the middle of a call.
///
/// A language runtime that gets no thread or no memory stops without a word, so it is asked beforehand.
package enum ProcessLimit: CaseIterable, Sendable {
    case descriptors
    /// Heap and the stacks of threads, in bytes.
    case data
    /// Mapped memory in bytes; most of it is never touched.
    case addresses

    /// What `airlock` needs at least; measured with a small fleet, and doubled.
    var least: UInt {
        switch self {
        case .descriptors: 128
        case .data: 256 << 20
        case .addresses: 2 << 30
        }
    }

    /// Makes the most of what is allowed.
    ///
    /// - Throws: ``HostError/limited(_:has:needs:)``.
    package static func check() throws(HostError) {
        for limit in allCases {
            guard var now = limit.current else { continue }
            if now.rlim_cur < now.rlim_max, now.rlim_cur < rlim_t(limit.least) {
                now.rlim_cur = now.rlim_max
                setrlimit(limit.resource, &now)
            }
            guard let now = limit.current, now.rlim_cur < rlim_t(limit.least) else { continue }
            throw .limited(limit, has: UInt(now.rlim_cur), needs: limit.least)
        }
    }

    private var current: rlimit? {
        var found = rlimit()
        return getrlimit(resource, &found) == 0 ? found : nil
    }

    private var resource: __rlimit_resource_t {
        let kind: __rlimit_resource =
            switch self {
            case .descriptors: RLIMIT_NOFILE
            case .data: RLIMIT_DATA
            case .addresses: RLIMIT_AS
            }
        return __rlimit_resource_t(kind.rawValue)
    }

    /// So much of it, as an error says it.
    func phrase(of amount: UInt) -> String {
        switch self {
        case .descriptors: "\(amount) open files"
        case .data: "\(amount >> 20) MiB of data"
        case .addresses: "\(amount >> 20) MiB of addresses"
        }
    }

    /// How a shell raises it; it counts memory in KiB.
    func shell(to amount: UInt) -> String {
        switch self {
        case .descriptors: "ulimit -n \(amount)"
        case .data: "ulimit -d \(amount >> 10)"
        case .addresses: "ulimit -v \(amount >> 10)"
        }
    }

    /// Its name in a unit of systemd.
    var unit: String {
        switch self {
        case .descriptors: "LimitNOFILE"
        case .data: "LimitDATA"
        case .addresses: "LimitAS"
        }
    }
}
