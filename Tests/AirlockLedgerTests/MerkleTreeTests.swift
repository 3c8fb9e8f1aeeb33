import AirlockLedger
import AirlockModel
import AirlockTestSupport
import Testing

/// RFC 6962 and RFC 9162, held against published vectors and against each other.
@Suite struct MerkleTreeTests {
    /// The leaves of the Certificate Transparency reference tests, and the roots of their first n.
    static let leaves = [
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ].compactMap(Hex.decode)
    static let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]

    @Test("leaf, node and empty tree hash as RFC 6962 says")
    func vectors() {
        #expect(
            Hex.encode(MerkleHash.leaf(Array("L123456".utf8)).bytes)
                == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56")
        #expect(Hex.encode(MerkleHash.empty.bytes).hasPrefix("e3b0c442"))
        #expect(Hex.encode(MerkleHash.empty.bytes).hasSuffix("b855"))
    }

    @Test("a hash of two nodes is SHA-256(0x01, left, right)")
    func node() throws {
        let left = try #require(MerkleHash((0..<32).map { _ in UInt8(1) }))
        let right = try #require(MerkleHash((0..<32).map { _ in UInt8(2) }))
        let bytes = [UInt8(1)] + left.bytes + right.bytes
        #expect(Hex.encode(MerkleHash.node(left, right).bytes) == Digest(of: bytes).description)
    }

    @Test("the roots of the reference trees of 1 to 8 leaves are the published ones")
    func referenceRoots() {
        let hashes = Self.leaves.map { MerkleHash.leaf($0) }
        for size in 1...8 {
            let root = MerkleTree.root(of: hashes.prefix(size))
            #expect(Hex.encode(root.bytes) == Self.roots[size - 1], "size \(size)")
        }
        #expect(MerkleTree.root(of: []) == .empty)
    }

    /// The definition of RFC 6962 section 2.1, word for word.
    private func definition(_ hashes: ArraySlice<MerkleHash>) -> MerkleHash {
        guard hashes.count > 1 else { return hashes.first ?? .empty }
        let middle = hashes.startIndex + MerkleTree.split(hashes.count)
        return .node(definition(hashes[..<middle]), definition(hashes[middle...]))
    }

    private func hashes(_ count: Int) -> [MerkleHash] {
        (0..<count).map { MerkleHash.leaf(Array("entry \($0)".utf8)) }
    }

    @Test("an appended tree and its right edge have the root of the definition at every size")
    func rootsAgree() {
        let all = hashes(600)
        var edge = MerkleEdge()
        var range = CompactRange()
        for (index, hash) in all.enumerated() {
            _ = edge.append(hash)
            range.append(hash)
            guard index < 40 || index % 51 == 0 || index > 505 && index < 520 else { continue }
            let root = definition(all[...index])
            #expect(edge.root == root && range.root == root, "size \(index + 1)")
        }
    }

    @Test("an edge crosses two levels of tiles and can be put together from its partial tiles")
    func edgeOverLevels() throws {
        let leaf = MerkleHash.leaf([7])
        var (edge, range) = (MerkleEdge(), CompactRange())
        var full: [Int: Int] = [:]
        for _ in 0..<65_536 + 300 {
            for tile in edge.append(leaf) {
                if case .hashes(let level) = tile.path.content { full[level, default: 0] += 1 }
            }
            range.append(leaf)
        }
        #expect(edge.root == range.root)
        #expect(full == [0: 257, 1: 1])
        #expect(
            edge.partials.map(\.path.description) == [
                "tile/0/257.p/44", "tile/1/001.p/1", "tile/2/000.p/1",
            ])
        #expect(MerkleEdge(size: edge.size, levels: edge.levels) == edge)
        #expect(MerkleEdge(size: edge.size + 1, levels: edge.levels) == nil)
    }

    @Test("every inclusion proof holds, and none holds for another place, leaf or root")
    func inclusion() {
        let all = hashes(70)
        for size in [1, 2, 3, 7, 8, 33, 64, 70] {
            let root = definition(all[..<size])
            for index in 0..<size {
                let path = MerkleTree.inclusion(of: index, size: size) { definition(all[$0]) }
                func holds(
                    _ leaf: MerkleHash, _ index: Int, _ size: Int, _ path: [MerkleHash],
                    _ root: MerkleHash
                ) -> Bool {
                    MerkleTree.isIncluded(leaf, at: index, size: size, path: path, root: root)
                }
                #expect(holds(all[index], index, size, path, root))
                #expect(!holds(.leaf([0]), index, size, path, root))
                #expect(!holds(all[index], index, size, path, .empty))
                #expect(!holds(all[index], index, size, path + [.empty], root))
                #expect(!holds(all[index], size, size, path, root))
                #expect(!holds(all[index], -1, size, path, root))
                if size > 1 {
                    #expect(!holds(all[index], index, size, path.dropLast(), root))
                    #expect(!holds(all[index], (index + 1) % size, size, path, root))
                }
            }
        }
    }

    @Test("every consistency proof holds, and none holds for a changed root or path")
    func consistency() {
        let all = hashes(40)
        for new in 1...40 {
            for old in 1...new {
                let path = MerkleTree.consistency(from: old, to: new) { definition(all[$0]) }
                let (first, second) = (definition(all[..<old]), definition(all[..<new]))
                func holds(
                    _ first: MerkleHash, _ second: MerkleHash, _ path: [MerkleHash]
                ) -> Bool {
                    MerkleTree.isConsistent(old: (old, first), new: (new, second), path: path)
                }
                #expect(holds(first, second, path), "\(old) in \(new)")
                #expect(!holds(.empty, second, path))
                #expect(!holds(first, .empty, path))
                #expect(!holds(first, second, path + [.empty]))
                if !path.isEmpty { #expect(!holds(first, second, path.dropLast())) }
            }
        }
    }

    @Test("tile paths are spelled as c2sp.org/tlog-tiles spells them and read back")
    func tilePaths() {
        let spelled: [(TilePath, String)] = [
            (TilePath(.hashes(level: 0), index: 1_234_067), "tile/0/x001/x234/067"),
            (TilePath(.hashes(level: 2), index: 0, width: 1), "tile/2/000.p/1"),
            (TilePath(.entries, index: 273, width: 112), "tile/entries/273.p/112"),
            (TilePath(.entries, index: 1000), "tile/entries/x001/000"),
        ]
        for (path, text) in spelled {
            #expect(path.description == text)
            #expect(TilePath(text) == path)
        }
        for text in [
            "tile/0/1", "tile/64/000", "tile/00/000", "tile/0/000.p/256", "tile/0/000.p/0",
            "tile/0/000.p/01", "tile/0/001/000", "tile/0/x001", "tile/0/x000/001", "tile/x/000",
            "tile/entries", "tiles/0/000", "tile/0/000.p", "",
        ] {
            #expect(TilePath(text) == nil, "\(text)")
        }
    }

    @Test("a bundle reads what it wrote and says where it is cut")
    func bundles() {
        let entries = [Array("a".utf8), [], Array(repeating: UInt8(9), count: 16 * 1024)]
        let bytes = EntryBundle.bytes(of: entries)
        #expect(EntryBundle.entries(in: bytes).map { $0.map(Array.init) } == .success(entries))
        #expect(throws: EntryBundle.Misfit.self) {
            try EntryBundle.entries(in: bytes.dropLast()).get()
        }
        guard case .failure(let misfit) = EntryBundle.entries(in: bytes.dropLast()) else { return }
        #expect(misfit.offset == 5)
    }
}
