/// placeholder
package struct AuditLog { static let maximumFileBytes = 256 * (2 + 65_535) }
