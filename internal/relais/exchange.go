package relais

import (
	"errors"
	"time"
)

// Problem is an error as the interface gives it (RFC 9457), with our own members:
// Code (the error's kind), Hint (the next step) and, for a query that does not
// parse, its place.
type Problem struct {
	Type       string `json:"type"`
	Title      string `json:"title"`
	Status     int    `json:"status"`
	Detail     string `json:"detail,omitempty"`
	Code       string `json:"code"`
	Hint       string `json:"hint,omitempty"`
	Position   *int   `json:"position,omitempty"` // in characters from 0
	Length     int    `json:"length,omitempty"`
	Suggestion string `json:"suggestion,omitempty"`
}

// IngestRequest asks for a capture, as the command line does.
type IngestRequest struct {
	Case           string        `json:"case"`
	SureOfCase     bool          `json:"sure_of_case,omitempty"` // a name close to another was meant
	Owner          Owner         `json:"owner"`
	Sources        []string      `json:"sources"` // absolute paths, or imap[s]:// addresses
	User           string        `json:"user,omitempty"`
	Password       string        `json:"password,omitempty"`
	Token          string        `json:"token,omitempty"` // of OAuth 2.0, instead of a password
	NamesOnly      bool          `json:"names_only,omitempty"`
	Since          time.Time     `json:"since,omitzero"`
	Until          time.Time     `json:"until,omitzero"`
	ExcludeFolders []string      `json:"exclude_folders,omitempty"`
	DryRun         bool          `json:"dry_run,omitempty"`
	NoWait         bool          `json:"no_wait,omitempty"`
	Timeout        time.Duration `json:"timeout,omitempty"`
}

// Event is one line of the answer to a long request: "progress", "refused", "note",
// and at the end "balance", "done" or "error".
type Event struct {
	Type    string   `json:"type"`
	Stage   string   `json:"stage,omitempty"`
	Source  string   `json:"source,omitempty"`
	Folder  string   `json:"folder,omitempty"`
	Done    int64    `json:"done,omitempty"`
	Total   int64    `json:"total,omitempty"`
	Bytes   int64    `json:"bytes,omitempty"`
	Refusal *Refusal `json:"refusal,omitempty"`
	Detail  string   `json:"detail,omitempty"`
	Balance *Balance `json:"balance,omitempty"`
	Result  any      `json:"result,omitempty"`
	Problem *Problem `json:"problem,omitempty"`
}

// Err gives a problem as the error it was, with its kind and its hint.
func (p *Problem) Err() error {
	detail := p.Detail
	if detail == "" {
		detail = p.Title
	}
	if p.Suggestion != "" {
		detail += " (did you mean " + p.Suggestion + "?)"
	}
	return &Error{Kind: Kind(p.Code), Hint: p.Hint, Err: errors.New(detail)}
}
