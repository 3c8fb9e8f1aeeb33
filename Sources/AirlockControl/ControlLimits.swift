import AirlockModel

/// What the listener allows, each with its unit.
package struct ControlLimits: Hashable, Sendable {
    /// Connections at a time.
    package var connections = 64
    /// Time for one whole request to arrive, and for one answer to be taken.
    package var transfer: Duration = .seconds(10)
    /// Answers that are remembered for requests which are sent again.
    package var rememberedAnswers = 1_000
    /// Bytes of remembered answers together; the oldest go first.
    package var rememberedBytes = 64 << 20
    /// Bytes of one request or one answer.
    package var lineBytes = ControlRequest.maximumBytes
    /// Bytes of a request's id.
    package var idBytes = 128

    /// The limits of a reconciler.
    package init() {}
}
