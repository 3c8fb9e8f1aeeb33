extension LaneRecord {
    /// A change that waits.
    package struct HeldChange: Hashable, Sendable, Codable {
        package let change: ChangeID
        package let commit: CommitID
        /// The slot that it waits for because that was rolled back here; nil where it was not, and in
        /// records from before this was kept.
        package let quarantined: SlotID?

        package init(change: ChangeID, commit: CommitID, quarantined: SlotID? = nil) {
            self.change = change
            self.commit = commit
            self.quarantined = quarantined
        }
    }

    /// The slot that git asks for and that waits because it was rolled back; nil where the lane is held for
    /// nothing of that kind. A heal or a test job keeps what waited before it, which git may have dropped
    /// since, so that says nothing.
    package var quarantinedWish: SlotID? { holdReason == nil ? nil : held?.quarantined }
}
