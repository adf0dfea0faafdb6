// Package backup answers one question: how do copies of an archive rest in a folder?
//
//	FOLDER/relais-backup     says what the folder is
//	FOLDER/packs/            sealed blobs, shared by all copies: only new ones are written
//	FOLDER/sets/TIME/        one copy: tables, log, audit; manifest.json names all of it
//	KEYS/TIME/               its keys, apart: they expire sooner than the rest
//
// A copy is whole or not there: its folder is named last. What keys open is erased with
// them, so that those of a copy are dropped once they are old, and the copy with them.
package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/durable"
	"github.com/relais-archive/relais/internal/relais"
)

// The names in a folder.
const (
	markFile     = "relais-backup"
	setsDir      = "sets"
	packsDir     = "packs"
	manifestFile = "manifest.json"
	unfinished   = ".unfinished-" // what begins the name of a copy that is being made
)

// timeName names copies: in the order of time, fit for every file system.
const timeName = "20060102T150405.000Z"

// formatNumber is that of the manifests written today.
const formatNumber = 1

// Folder is where copies of one archive rest.
type Folder struct{ path, keys string }

// Open opens a folder of copies, and another for their keys, making both where they are
// missing or empty. A folder that holds something else is of relais.KindInvalid, so that
// nothing of somebody else's is ever thinned out.
func Open(path, keys string) (*Folder, error) {
	f := &Folder{path, keys}
	if err := inside(path, keys); err != nil {
		return nil, err
	}
	for _, dir := range []string{path, keys} {
		if err := claim(dir); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(filepath.Join(path, setsDir), 0o700); err != nil {
		return nil, unavailable("open backup", err)
	}
	return f, nil
}

// Existing opens a folder that must hold copies already: relais.KindNotFound else.
func Existing(path, keys string) (*Folder, error) {
	for _, dir := range []string{path, keys} {
		if _, err := os.Stat(filepath.Join(dir, markFile)); err != nil {
			return nil, relais.WithHint(relais.E(relais.KindNotFound, "open backup", err), "name a folder that `relais backup` made, and that of its keys with --keys")
		}
	}
	return &Folder{path, keys}, nil
}

// inside refuses keys within the copies: whoever copies these must not get them.
func inside(path, keys string) error {
	if rel, err := filepath.Rel(path, keys); err == nil && filepath.IsLocal(rel) {
		return relais.WithHint(relais.Errorf(relais.KindInvalid, "open backup", "the keys would lie in the folder of the copies"),
			"keep them apart: --keys names another folder")
	}
	return nil
}

// claim makes a folder ours.
func claim(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return unavailable("open backup", err)
	}
	list, err := os.ReadDir(dir)
	switch {
	case err != nil:
		return unavailable("open backup", err)
	case slices.ContainsFunc(list, func(e fs.DirEntry) bool { return e.Name() == markFile }):
		return nil
	case len(list) > 0:
		return relais.WithHint(relais.Errorf(relais.KindInvalid, "open backup", "%s holds something else", dir), "name a new folder")
	}
	return unavailable("open backup", durable.WriteFile(filepath.Join(dir, markFile), []byte("1\n")))
}

// Packs is the folder of the packs.
func (f *Folder) Packs() string { return filepath.Join(f.path, packsDir) }

// Pack is a pack of a copy.
type Pack struct {
	Name string `json:"name"`
	Size int64  `json:"size"` // bytes
}

// File is a small file of a copy.
type File struct {
	Name   string `json:"name"` // a path, "/" between its parts
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
	Key    bool   `json:"key,omitempty"` // it rests with the keys
}

// Manifest lists what a copy is made of.
type Manifest struct {
	Format int       `json:"format"`
	Time   time.Time `json:"time"`
	Files  []File    `json:"files"`
	Packs  []Pack    `json:"packs"`
}

// Set is a copy that is being made.
type Set struct {
	folder *Folder
	time   time.Time
}

// Begin begins a copy, and drops what an earlier one left unfinished.
func (f *Folder) Begin(now time.Time) (*Set, error) {
	s := &Set{f, now.UTC().Truncate(time.Millisecond)}
	for _, dir := range []string{filepath.Join(f.path, setsDir), f.keys} {
		old, err := filepath.Glob(filepath.Join(dir, unfinished+"*"))
		for _, o := range old {
			err = errors.Join(err, os.RemoveAll(o))
		}
		if err = errors.Join(err, os.Mkdir(filepath.Join(dir, unfinished+s.name()), 0o700)); err != nil {
			return nil, unavailable("begin backup", err)
		}
	}
	return s, nil
}

func (s *Set) name() string { return s.time.Format(timeName) }

// Path is where a small file of the copy is to be written; with key, apart.
func (s *Set) Path(name string, key bool) string {
	return filepath.Join(s.folder.dir(unfinished+s.name(), key), filepath.FromSlash(name))
}

func (f *Folder) dir(set string, key bool) string {
	if key {
		return filepath.Join(f.keys, set)
	}
	return filepath.Join(f.path, setsDir, set)
}

// Commit makes the copy durable and gives it its name: it is there from now on.
func (s *Set) Commit(packs []Pack) (Manifest, error) {
	const op = "end backup"
	m := Manifest{Format: formatNumber, Time: s.time, Packs: packs}
	for _, key := range []bool{false, true} {
		files, err := list(s.folder.dir(unfinished+s.name(), key), key)
		if err != nil {
			return m, unavailable(op, err)
		}
		m.Files = append(m.Files, files...)
	}
	body, err := json.MarshalIndent(m, "", " ")
	if err == nil {
		err = durable.WriteFile(s.Path(manifestFile, false), append(body, '\n'))
	}
	for _, key := range []bool{true, false} { // without its keys a copy opens nothing
		if err == nil {
			err = os.Rename(s.folder.dir(unfinished+s.name(), key), s.folder.dir(s.name(), key))
		}
		if err == nil {
			err = durable.SyncDir(filepath.Dir(s.folder.dir(s.name(), key)))
		}
	}
	return m, unavailable(op, err)
}

// list describes the files under a folder, which are synced.
func list(dir string, key bool) (files []File, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return durable.SyncDir(path)
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		f := File{Name: filepath.ToSlash(rel), Key: key}
		if f.SHA256, f.Size, err = digest(path); err == nil {
			files = append(files, f)
		}
		return err
	})
	return files, err
}

// digest syncs a file and sums it.
func digest(path string) (sum string, size int64, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0) // #nosec G304 -- a file of ours
	if err != nil {
		return "", 0, err
	}
	h := sha256.New()
	size, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), size, errors.Join(err, f.Sync(), f.Close())
}

// Sets names the copies, oldest first.
func (f *Folder) Sets() (names []string, err error) {
	entries, err := os.ReadDir(filepath.Join(f.path, setsDir))
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), unfinished) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, unavailable("list backups", err)
}

// Manifest reads that of a copy.
func (f *Folder) Manifest(set string) (m Manifest, err error) {
	const op = "read backup"
	body, err := os.ReadFile(filepath.Join(f.dir(set, false), manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return m, relais.E(relais.KindNotFound, op, err)
	}
	if err != nil {
		return m, unavailable(op, err)
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return m, relais.E(relais.KindDamaged, op, err)
	}
	if m.Format > formatNumber {
		return m, relais.WithHint(relais.Errorf(relais.KindInvalid, op, "it was written by a newer version"), "use that version")
	}
	return m, nil
}

// Restore copies the small files of a copy into a folder, and checks each by its sum: one
// that differs, or is missing, is of relais.KindDamaged.
func (f *Folder) Restore(set string, m Manifest, into string) error {
	for _, file := range m.Files {
		if !filepath.IsLocal(file.Name) {
			return relais.Errorf(relais.KindDamaged, "restore", "the manifest names a file outside of the copy")
		}
		if err := f.restore(set, file, filepath.Join(into, filepath.FromSlash(file.Name))); err != nil {
			return err
		}
	}
	return nil
}

func (f *Folder) restore(set string, file File, path string) error {
	const op = "restore"
	from, err := os.Open(filepath.Join(f.dir(set, file.Key), filepath.FromSlash(file.Name)))
	if err != nil {
		hint := "take another copy"
		if file.Key {
			hint = "its keys are gone: a copy whose keys have expired opens nothing; take a newer one, or name their folder with --keys"
		}
		return relais.WithHint(relais.E(relais.KindDamaged, op, err), hint)
	}
	defer func() { _ = from.Close() }()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return unavailable(op, err)
	}
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // #nosec G304 -- a file of ours
	if err != nil {
		return unavailable(op, err)
	}
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(to, h), from)
	if err = errors.Join(err, to.Sync(), to.Close()); err != nil {
		return unavailable(op, err)
	}
	if hex.EncodeToString(h.Sum(nil)) != file.SHA256 {
		return relais.WithHint(relais.Errorf(relais.KindDamaged, op, "%s is not what was copied", file.Name), "take another copy")
	}
	return unavailable(op, durable.SyncDir(filepath.Dir(path)))
}

// Thin drops all but the newest copies, and every copy whose keys are older than some
// time; the newest stays. It gives the names of packs that a copy still needs.
func (f *Folder) Thin(keep int, keysFor time.Duration, now time.Time) (needed map[string]bool, err error) {
	sets, err := f.Sets()
	if err != nil {
		return nil, err
	}
	needed = map[string]bool{}
	for i, set := range sets {
		made, parsed := time.Parse(timeName, set)
		last := i == len(sets)-1
		if !last && (i < len(sets)-keep || parsed == nil && now.Sub(made) > keysFor) {
			if err := errors.Join(os.RemoveAll(f.dir(set, true)), os.RemoveAll(f.dir(set, false))); err != nil {
				return nil, unavailable("thin backups", err)
			}
			continue
		}
		m, err := f.Manifest(set)
		if err != nil {
			return nil, err // what it needs is not known: nothing may go
		}
		for _, p := range m.Packs {
			needed[p.Name] = true
		}
	}
	return needed, nil
}

func unavailable(op string, err error) error {
	if err == nil {
		return nil
	}
	return relais.WithHint(relais.E(relais.KindUnavailable, op, err), "make room, or let this user write there")
}
