package relais

import "time"

// Hit is one result of a search, ready to be shown.
type Hit struct {
	ID      DocumentID `json:"id"`
	Kind    DocKind    `json:"kind"`
	Case    string     `json:"case,omitempty"`
	Subject string     `json:"subject,omitempty"`
	Name    string     `json:"name,omitempty"`
	From    *Address   `json:"from,omitempty"`
	Date    time.Time  `json:"date,omitzero"`
	Clients []Tag      `json:"clients,omitempty"` // without evidence
	Topics  []Tag      `json:"topics,omitempty"`  // without evidence
	Thread  string     `json:"thread,omitempty"`
	Snippet string     `json:"snippet,omitempty"` // matched words between U+E000 and U+E001

	Extraction Extraction `json:"extraction,omitempty"`
	Unread     string     `json:"unread,omitempty"` // why text is missing: see ReadState
	// Warnings say what stands in the way of the extract: WarnTextDamaged, WarnTextLong.
	Warnings []Warning `json:"warnings,omitempty"`
}

// Highlight marks enclose the matched words of a snippet: private-use characters,
// so that a page or a terminal escapes the text first and marks it afterwards.
const (
	HighlightStart = "\ue000"
	HighlightEnd   = "\ue001"
)

// FacetValue is one value of a field among all hits, and how many have it.
type FacetValue struct {
	Value string `json:"value"`
	Label string `json:"label,omitempty"`
	Count int    `json:"count"`
}

// Note tells the user something about how a query was answered.
type Note struct {
	Code   string `json:"code"`
	Detail string `json:"detail,omitempty"`
}

// Page is one page of a search's answer.
type Page struct {
	Total     int                     `json:"total"`
	Hits      []Hit                   `json:"hits"`
	Facets    map[string][]FacetValue `json:"facets,omitempty"`
	Histogram []FacetValue            `json:"histogram,omitempty"` // by month, YYYY-MM, ascending
	Next      string                  `json:"next,omitempty"`      // cursor of the next page
	Notes     []Note                  `json:"notes,omitempty"`
	Offers    []Offer                 `json:"offers,omitempty"`   // what else may have been meant, the likeliest first
	Searched  string                  `json:"searched,omitempty"` // the query that was answered in the place of the one asked; a note says why
}

// Offer is a query that may have been meant, when the one asked finds little or nothing.
type Offer struct {
	Code  string `json:"code"`  // what it changes most: form, date, spelling, prefix, client, topic, fewer_words
	Query string `json:"query"` // in the query language
	Label string `json:"label"` // what it changes, for people
	Count int    `json:"count"` // documents in scope that it finds
}
