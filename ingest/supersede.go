package ingest

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"

	"github.com/relais-archive/relais/internal/relais"
)

// retold is a file that is no item of its own: its messages were captured, or a rule
// leaves it out that belongs to no job.
type retold struct {
	source string
	File
}

// retell remembers that a folder was captured to its end whose file an earlier capture may
// have taken for one item.
func (f *folderRun) retell() {
	if f.excluded || f.job.DryRun {
		return
	}
	for _, of := range f.folder.Of {
		f.retold = append(f.retold, retold{f.source.Label(), of})
	}
}

// retellLeft remembers a file that is never an item: an earlier capture may have taken it.
func (f *folderRun) retellLeft(e entry) {
	if !f.job.DryRun && (e.left == ruleControl || e.left == ruleSystem) {
		f.retold = append(f.retold, retold{f.source.Label(), File{Folder: e.folder, Position: e.found.Position}})
	}
}

// supersede takes what earlier captures made one item of out of the account, when its
// bytes are the beginning of the present file, all of which was captured in another form:
// what is no longer in the file is kept as it was.
func (c *Capture) supersede(ctx context.Context, j Job, list []retold) error {
	var keys []string
	for _, r := range list {
		copies, err := c.deps.Ledger.CopiesAt(ctx, j.Case, j.Owner.Address, r.source, r.Folder, r.Position)
		if err != nil {
			return err
		}
		for _, k := range copies {
			same, err := r.beginsWith(k)
			if err != nil {
				return err
			}
			if same {
				keys = append(keys, k.Key)
			}
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return c.deps.Ledger.Supersede(ctx, j.Case, keys)
}

// beginsWith tells whether a file begins with the bytes of what was captured of it.
func (f File) beginsWith(k relais.Copy) (bool, error) {
	if f.Open == nil {
		return true, nil
	}
	in, err := f.Open()
	if err != nil {
		return false, nil // gone since: what is kept stays
	}
	h := sha256.New()
	_, err = io.CopyN(h, in, k.Size)
	if errors.Is(err, io.EOF) {
		err = nil // it was longer
	}
	return relais.Digest(h.Sum(nil)) == k.SHA256, errors.Join(err, in.Close())
}
