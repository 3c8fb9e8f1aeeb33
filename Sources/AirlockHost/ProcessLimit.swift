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
    /// Threads at once, beside all else that the user or the container runs.
    case threads

    /// What `airlock` needs at least; measured with a small fleet, and doubled.
    var least: UInt {
        switch self {
        case .descriptors: 128
        case .data: 256 << 20
        case .addresses: 2 << 30
        case .threads: 32
        }
    }

    /// Makes the most of what is allowed.
    ///
    /// - Throws: ``HostError/limited(_:has:needs:)``.
    package static func check() throws(HostError) {
        for limit in allCases {
            limit.raise()
            guard let had = limit.had, had < limit.least else { continue }
            throw .limited(limit, has: had, needs: limit.least)
        }
    }

    /// Takes as much as the system allows this process to take. How many threads others run is not known before.
    private func raise() {
        guard var now = current, now.rlim_cur < now.rlim_max,
            self == .threads || now.rlim_cur < rlim_t(least)
        else { return }
        now.rlim_cur = now.rlim_max
        setrlimit(resource, &now)
    }

    /// How much there is to be had; of threads no more is tried than is needed. Nil where the system does not say.
    private var had: UInt? {
        self == .threads ? UInt(Self.threads(upTo: Int(least))) : current.map { UInt($0.rlim_cur) }
    }

    /// How many threads can be had at once, found out by having them: the limits of a user and of a control group
    /// count what others run, too.
    private static func threads(upTo most: Int) -> Int {
        let gate = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
        sem_init(gate, 0, 0)
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, 64 << 10)
        defer {
            pthread_attr_destroy(&attributes)
            sem_destroy(gate)
            gate.deallocate()
        }
        var threads: [pthread_t] = []
        for _ in 0..<most {
            var thread = pthread_t()
            let code = pthread_create(
                &thread, &attributes,
                { gate in
                    if let gate { sem_wait(gate.assumingMemoryBound(to: sem_t.self)) }
                    return nil
                }, gate)
            guard code == 0 else { break }
            threads.append(thread)
        }
        for _ in threads { sem_post(gate) }
        for thread in threads { pthread_join(thread, nil) }
        return threads.count
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
            case .threads: __RLIMIT_NPROC
            }
        return __rlimit_resource_t(kind.rawValue)
    }

    /// So much of it, as an error says it.
    func phrase(of amount: UInt) -> String {
        switch self {
        case .descriptors: "\(amount) open files"
        case .data: "\(amount >> 20) MiB of data"
        case .addresses: "\(amount >> 20) MiB of addresses"
        case .threads: "\(amount) threads"
        }
    }

    /// How a shell raises it; it counts memory in KiB.
    func shell(to amount: UInt) -> String {
        switch self {
        case .descriptors: "ulimit -n \(amount)"
        case .data: "ulimit -d \(amount >> 10)"
        case .addresses: "ulimit -v \(amount >> 10)"
        // It counts every thread of the user.
        case .threads: "ulimit -u \(amount + 1_000)"
        }
    }

    /// Its name in a unit of systemd.
    var unit: String {
        switch self {
        case .descriptors: "LimitNOFILE"
        case .data: "LimitDATA"
        case .addresses: "LimitAS"
        case .threads: "TasksMax"
        }
    }
}
