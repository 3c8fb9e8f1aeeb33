/// What `airlock version` prints besides what it finds out.
enum ProductVersion {
    /// The product's version.
    static let current = "0.1.0"
    /// The version of the fleet format that is read.
    static let fleetFormat = 1
}
