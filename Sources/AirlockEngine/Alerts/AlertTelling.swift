package import AirlockModel
package import AirlockPorts

/// What came of telling a notifier several things at once.
package struct AlertTelling: Sendable {
    /// What it took.
    package private(set) var told: [AlertNotice] = []
    /// What it will never take, while it took others: telling it again would only hold those up.
    package private(set) var refused: [AlertNotice] = []
    /// Why something has to be told again; nil when nothing has.
    package private(set) var failure: NotifierError?

    /// Tells `notices` together, and each by itself where they are refused together.
    ///
    /// One that refuses each of them has a fault of its own, such as a token that ran out: nothing is given up
    /// for that.
    package init(_ notices: [AlertNotice], to notifier: any Notifier) async {
        do throws(NotifierError) {
            try await notifier.tell(notices)
            told = notices
        } catch {
            failure = error
            guard case .refused = error, notices.count > 1 else { return }
            await tellEach(notices, to: notifier)
        }
    }

    private mutating func tellEach(_ notices: [AlertNotice], to notifier: any Notifier) async {
        var last: NotifierError?
        for notice in notices {
            do throws(NotifierError) {
                try await notifier.tell([notice])
                told.append(notice)
            } catch {
                last = error
                guard case .refused = error else { break }
                refused.append(notice)
            }
        }
        if told.isEmpty {
            refused = []
            failure = last ?? failure
        } else if case .unavailable = last {
            failure = last
        } else {
            failure = nil
        }
    }
}
