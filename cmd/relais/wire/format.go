package wire

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/relais-archive/relais/internal/durable"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/seal"
)

// archiveFormat is the format number of an archive.
const archiveFormat = 1

// prepareDir makes the data directory, or says that there is no archive in it.
func (o *opening) prepareDir(create bool) error {
	_, err := os.Stat(o.path("format"))
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrPermission):
		return relais.WithHint(relais.E(relais.KindUnavailable, "open archive", err), "let this user enter the directory, or name another with --data")
	case !create:
		if err := o.beheaded(); err != nil {
			return err
		}
		return relais.WithHint(relais.Errorf(relais.KindNoArchive, "open archive", "no archive in %s", o.Data),
			"`relais ingest` makes one; `relais demo` shows one; --data names another directory")
	}
	if err := os.MkdirAll(o.Data, 0o700); err != nil {
		return relais.E(relais.KindUnavailable, "make archive", err)
	}
	return closeDir(o.Data)
}

// closeDir keeps others out of a directory that was there already, when it is empty:
// one that holds other things is not ours to close, and our files are private.
func closeDir(dir string) error {
	list, err := os.ReadDir(dir)
	if err == nil && len(list) == 0 {
		err = os.Chmod(dir, 0o700)
	}
	if err != nil {
		return relais.E(relais.KindUnavailable, "make archive", err)
	}
	return nil
}

func (o *opening) path(name string) string { return filepath.Join(o.Data, name) }

// formatFile is what the data directory says of itself.
type formatFile struct {
	Format   int    `json:"format"`
	TimeZone string `json:"time_zone"`
}

// readFormat checks the directory's format. A directory without one is a new archive, if
// it holds nothing of one yet: its format is written last of all files, so that one that
// has a format lacks no file, and what is half made is made again.
func (o *opening) readFormat() error {
	b, err := os.ReadFile(o.path("format"))
	if errors.Is(err, os.ErrNotExist) {
		return o.begin()
	}
	if err != nil {
		return relais.E(relais.KindUnavailable, "open archive", err)
	}
	if err := o.readFormatText(b); err != nil {
		return err
	}
	return o.complete()
}

// making is the file that stands in a directory while an archive is made in it.
const making = "making"

// begin takes the directory for a new archive.
func (o *opening) begin() error {
	if err := o.beheaded(); err != nil {
		return err
	}
	if err := durable.WriteFile(o.path(making), nil); err != nil {
		return relais.E(relais.KindUnavailable, "make archive", err)
	}
	o.location, o.fresh = localZone(), true
	o.notice = "A new archive in " + o.Data + "."
	return nil
}

// beheaded refuses a directory that holds files of an archive but neither its format nor
// the mark of one that is being made: a new key, or an empty file in the place of one that
// was lost, would hide what happened.
func (o *opening) beheaded() error {
	found := ""
	for _, name := range append(irreplaceable(), "packs") {
		if found == "" && o.has(name) {
			found = name
		}
	}
	// In this order: whoever makes an archive writes the one before it removes the other.
	if found == "" || o.has(making) || o.has("format") {
		return nil
	}
	return relais.WithHint(relais.Errorf(relais.KindDamaged, "open archive", "%s holds %s of an archive, but not its file format", o.Data, found),
		"bring the file back from a backup, or name an empty directory with --data; nothing was changed")
}

func (o *opening) has(name string) bool {
	_, err := os.Lstat(o.path(name))
	return err == nil
}

// irreplaceable lists the files that nothing else can give back.
func irreplaceable() []string { return []string{"keys.db", "state.db", "log.db", "audit.log"} }

// readFormatText reads what an archive says of itself.
func (o *opening) readFormatText(b []byte) (err error) {
	var f formatFile
	if err := json.Unmarshal(b, &f); err != nil {
		return relais.E(relais.KindDamaged, "open archive", err)
	}
	if f.Format < 1 {
		return relais.Errorf(relais.KindDamaged, "open archive", "its file format names no format")
	}
	if f.Format > archiveFormat {
		return relais.WithHint(relais.Errorf(relais.KindInvalid, "open archive", "it was written by a newer relais (format %d)", f.Format), "use that version")
	}
	if o.location, err = time.LoadLocation(f.TimeZone); err != nil {
		o.location = time.UTC
	}
	return nil
}

// complete tells whether an archive has the files that nothing else can give back:
// an empty one in the place of one that was lost would hide the loss.
func (o *opening) complete() error {
	for _, name := range irreplaceable() {
		if _, err := os.Stat(o.path(name)); err != nil {
			return relais.WithHint(relais.E(relais.KindDamaged, "open archive", err), "bring the file back from a backup")
		}
	}
	return nil
}

func (o *opening) writeFormat() error {
	b, err := json.Marshal(formatFile{Format: archiveFormat, TimeZone: zoneOf(o.location)})
	if err != nil {
		return relais.E(relais.KindInternal, "make archive", err)
	}
	if err := durable.WriteFile(o.path("format"), append(b, '\n')); err != nil {
		return relais.E(relais.KindUnavailable, "make archive", err)
	}
	if err := os.Remove(o.path(making)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return relais.E(relais.KindUnavailable, "make archive", err)
	}
	return nil
}

// zoneOf gives a time zone, this machine's among them, a name that other machines know.
func zoneOf(zone *time.Location) string {
	if name := zone.String(); name != "Local" && name != "" {
		return name
	}
	if target, err := os.Readlink("/etc/localtime"); err == nil {
		for dir, name := filepath.Split(target); dir != ""; {
			if _, err := time.LoadLocation(name); err == nil {
				return name
			}
			parent, last := filepath.Split(filepath.Clean(dir))
			dir, name = parent, filepath.Join(last, name)
		}
	}
	return "UTC"
}

// localZone gives the zone of a new archive: the machine's, under a name that other
// machines know, so that an archive never changes its days when it is opened elsewhere.
func localZone() *time.Location {
	zone, err := time.LoadLocation(zoneOf(time.Local))
	if err != nil {
		return time.UTC
	}
	return zone
}

// master reads the master key, which is made with a new archive: with one whose keys were
// never made. The place of the keys is asked, lest a new key is made in the place of one
// that was lost.
func (o *opening) master(ctx context.Context, made func(context.Context) (bool, error)) (seal.Master, error) {
	master, err := seal.LoadMaster(o.KeyFile)
	if relais.KindOf(err) != relais.KindNotFound || !o.fresh {
		return master, err
	}
	if there, asked := made(ctx); there || asked != nil {
		return master, errors.Join(asked, err)
	}
	if err = os.MkdirAll(filepath.Dir(o.KeyFile), 0o700); err != nil {
		return master, relais.E(relais.KindUnavailable, "make master key", err)
	}
	if master, err = seal.CreateMaster(o.KeyFile); err == nil {
		o.notice += "\nIts master key is " + o.KeyFile + ". Keep a copy elsewhere: without it nothing can be read, by anyone."
	}
	return master, err
}

// Location gives the time zone of the archive in the data directory, as its format says;
// UTC where that cannot be read: the process that holds it tells what is wrong.
func (s Settings) Location() *time.Location {
	o := &opening{Program: Program{Settings: s}}
	if b, err := os.ReadFile(o.path("format")); err != nil || o.readFormatText(b) != nil {
		return time.UTC
	}
	return o.location
}
