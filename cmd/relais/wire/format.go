package wire

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/seal"
)

// archiveFormat is the format number of an archive.
const archiveFormat = 1

// prepareDir makes the data directory, or says that there is no archive in it.
func prepareDir(dir string, create bool) error {
	_, err := os.Stat(filepath.Join(dir, "format"))
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrPermission):
		return relais.WithHint(relais.E(relais.KindUnavailable, "open archive", err), "let this user enter the directory, or name another with --data")
	case !create:
		return relais.WithHint(relais.Errorf(relais.KindNoArchive, "open archive", "no archive in %s", dir),
			"`relais ingest` makes one; `relais demo` shows one; --data names another directory")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return relais.E(relais.KindUnavailable, "make archive", err)
	}
	return closeDir(dir)
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

// readFormat checks the directory's format. A directory without one is a new
// archive: its format is written last of all files, so that a half-made archive is
// made again, and one that has a format lacks no file.
func (o *opening) readFormat() error {
	b, err := os.ReadFile(o.path("format"))
	if errors.Is(err, os.ErrNotExist) {
		o.location, o.fresh = localZone(), true
		o.notice = "A new archive in " + o.Data + "."
		return nil
	}
	if err != nil {
		return relais.E(relais.KindUnavailable, "open archive", err)
	}
	if err := o.readFormatText(b); err != nil {
		return err
	}
	return o.complete()
}

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
	for _, name := range []string{"keys.db", "state.db", "log.db", "audit.log"} {
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
	if err := os.WriteFile(o.path("format"), append(b, '\n'), 0o600); err != nil {
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

// master reads the master key, which is made with a new archive.
func (o *opening) master() (seal.Master, error) {
	master, err := seal.LoadMaster(o.KeyFile)
	if relais.KindOf(err) != relais.KindNotFound || !o.fresh {
		return master, err
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
