package ingest

import (
	"errors"
	"fmt"

	"github.com/relais-archive/relais/internal/relais"
)

// Counts is what one run saw of a folder, or of everything: items that were
// captured before and skipped unread are not in it.
type Counts struct {
	Seen     int64 `json:"seen"`
	Captured int64 `json:"captured"` // in a dry run: would be
	Excluded int64 `json:"excluded"`
	Refused  int64 `json:"refused"`
	Bytes    int64 `json:"bytes"` // captured
}

func (c *Counts) add(d Counts) {
	c.Seen += d.Seen
	c.Captured += d.Captured
	c.Excluded += d.Excluded
	c.Refused += d.Refused
	c.Bytes += d.Bytes
}

// Event tells how far a folder has come. What it counts is durable already, but in
// a dry run, where nothing is stored.
type Event struct {
	Source    string `json:"source"`
	Folder    string `json:"folder"`
	Announced *int64 `json:"announced,omitempty"` // the source's own count
	Counts
	Done    bool            `json:"done,omitempty"`    // the folder was read to its end
	Refusal *relais.Refusal `json:"refusal,omitempty"` // set when this event tells of one
	Note    string          `json:"note,omitempty"`    // set when this event tells of nothing else
}

// Summary is the account of one run. The account of the case is the ledger's.
type Summary struct {
	Counts
	Folders []Event       `json:"folders"` // as last reported, in the order they were met
	Failed  []FolderError `json:"-"`
}

// FolderError says which folder could not be read to its end, and why.
type FolderError struct {
	Source, Folder string
	Err            error
}

// Error names source and folder by their labels.
func (e FolderError) Error() string {
	if e.Folder == "" {
		return fmt.Sprintf("capture %s: %v", e.Source, e.Err)
	}
	return fmt.Sprintf("capture %s, folder %q: %v", e.Source, e.Folder, e.Err)
}

// Unwrap gives the cause.
func (e FolderError) Unwrap() error { return e.Err }

// failures joins what went wrong, folder by folder.
func (s *Summary) failures() error {
	errs := make([]error, len(s.Failed))
	for i, f := range s.Failed {
		errs[i] = f
	}
	return errors.Join(errs...)
}

// accounts counts by folder and tells. It belongs to the committing goroutine.
type accounts struct {
	sum  *Summary
	at   map[place]int // into sum.Folders
	tell func(Event)
}

// place is a folder of a source.
type place struct{ source, folder string }

// newAccounts keeps the account of a run in sum.
func newAccounts(sum *Summary, tell func(Event)) *accounts {
	if tell == nil {
		tell = func(Event) {}
	}
	return &accounts{sum: sum, at: map[place]int{}, tell: tell}
}

func (a *accounts) folder(p place) *Event {
	i, ok := a.at[p]
	if !ok {
		i = len(a.sum.Folders)
		a.at[p] = i
		a.sum.Folders = append(a.sum.Folders, Event{Source: p.source, Folder: p.folder})
	}
	return &a.sum.Folders[i]
}

// add counts entries that have been settled, then tells of each refusal, and of
// each folder once.
func (a *accounts) add(entries []entry) {
	var touched []place
	for _, e := range entries {
		switch {
		case e.note != "":
			a.tell(Event{Source: e.source, Note: e.note})
			continue
		case e.quiet:
			continue
		}
		p := place{e.source, e.folder}
		f := a.folder(p)
		d := e.counts()
		f.Counts.add(d)
		a.sum.Counts.add(d)
		if e.announced != nil {
			f.Announced = e.announced
		}
		f.Done = f.Done || e.end
		if e.refusal != nil {
			told := *f
			told.Refusal = e.refusal
			a.tell(told)
		}
		if len(touched) == 0 || touched[len(touched)-1] != p {
			touched = append(touched, p)
		}
	}
	for _, p := range touched {
		a.tell(*a.folder(p))
	}
}
