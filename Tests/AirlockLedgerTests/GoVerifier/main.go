// Verifies an audit log with the Go project's own packages for notes and tiled logs; none of the
// code under test takes part. Usage: verifier FOLDER VKEY
package main

import (
	"encoding/base64"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

// folder reads tiles as c2sp.org/tlog-tiles lays them out: without the height in the path.
type folder string

func (f folder) Height() int                            { return tileHeight }
func (f folder) SaveTiles(tiles []tlog.Tile, _ [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight), "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

// bundle reads the entries of one bundle, each after its length in two bytes.
func (f folder) bundle(index, count int64) ([][]byte, error) {
	tile := tlog.Tile{H: tileHeight, L: 0, N: index, W: int(count)}
	path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/0/", tileHeight), "tile/entries/", 1)
	data, err := os.ReadFile(filepath.Join(string(f), path))
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 {
			return nil, fmt.Errorf("%s ends in a length", path)
		}
		length := int(data[0])<<8 | int(data[1])
		if len(data) < 2+length {
			return nil, fmt.Errorf("%s ends in an entry", path)
		}
		entries = append(entries, data[2:2+length])
		data = data[2+length:]
	}
	if int64(len(entries)) != count {
		return nil, fmt.Errorf("%s has %d entries in place of %d", path, len(entries), count)
	}
	return entries, nil
}

// head opens the checkpoint with the key and reads size and root from its text.
func (f folder) head(vkey string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	text, err := os.ReadFile(filepath.Join(string(f), "checkpoint"))
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	var origin, root string
	var tree tlog.Tree
	if _, err := fmt.Sscanf(opened.Text, "%s\n%d\n%s\n", &origin, &tree.N, &root); err != nil {
		return tlog.Tree{}, err
	}
	if origin != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("the origin is %s", origin)
	}
	hash, err := base64.StdEncoding.DecodeString(root)
	if err != nil || len(hash) != tlog.HashSize {
		return tlog.Tree{}, fmt.Errorf("the root is %q", root)
	}
	copy(tree.Hash[:], hash)
	return tree, nil
}

func (f folder) verify(vkey string) (int64, error) {
	tree, err := f.head(vkey)
	if err != nil {
		return 0, err
	}
	reader := tlog.TileHashReader(tree, f)
	root, err := tlog.TreeHash(tree.N, reader)
	if err != nil {
		return 0, err
	}
	if root != tree.Hash {
		return 0, fmt.Errorf("the tiles give the root %v", root)
	}
	for first := int64(0); first < tree.N; first += 1 << tileHeight {
		count := tree.N - first
		if count > 1<<tileHeight {
			count = 1 << tileHeight
		}
		entries, err := f.bundle(first>>tileHeight, count)
		if err != nil {
			return 0, err
		}
		for i, entry := range entries {
			index := first + int64(i)
			proof, err := tlog.ProveRecord(tree.N, index, reader)
			if err != nil {
				return 0, err
			}
			leaf := tlog.RecordHash(entry)
			if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf); err != nil {
				return 0, fmt.Errorf("entry %d: %v", index, err)
			}
		}
	}
	return tree.N, nil
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: verifier FOLDER VKEY")
	}
	count, err := folder(os.Args[1]).verify(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("verified %d entries\n", count)
}
