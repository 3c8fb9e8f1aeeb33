extension IntentOutcome {
    /// Whether the same intent may be opened again: it is certain that it had no effect.
    package var allowsAnotherTry: Bool {
        switch self {
        case .done, .seenDone: false
        case .seenUndone, .refused: true
        }
    }
}
