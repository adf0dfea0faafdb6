package ui

import (
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/relais"
)

// Frame is what surrounds every page.
type Frame struct {
	Path     string // of the page with its query, to come back to in the other language
	SignedIn bool
	SeesAll  bool   // what is for compliance is linked to
	Query    string // in the search box
}

// In gives the way to the page in a language.
func (f Frame) In(lang Lang) string {
	sep := "?"
	if strings.Contains(f.Path, "?") {
		sep = "&"
	}
	return f.Path + sep + "lang=" + string(lang)
}

// Sort is the order of results: of pages that have none, the usual one.
func (Frame) Sort() string { return "" }

// Wrong tells whether the query cannot be read.
func (Frame) Wrong() bool { return false }

// Choice is a link that narrows or widens a search.
type Choice struct {
	Value   string
	Label   string // "" shows the value, by the name its field has for it
	Count   int
	Link    string
	Exclude string // link that leaves the value out; may be ""
}

// Facet is the values of one field.
type Facet struct {
	Field  string
	Values []Choice
}

// Fault is a query that cannot be read, with its place.
type Fault struct {
	Detail              string
	Before, Wrong, Rest string // the query, cut around what is wrong
	Try                 string // the query as it may have been meant
	TryLink             string
}

// Search is a page of results.
type Search struct {
	Frame
	Fault    *Fault
	Problem  string // anything else that is wrong with the request
	Page     relais.Page
	Sort     string // newest, oldest or relevance
	Sorts    []Choice
	Active   []Choice // what the query is narrowed by; Link takes it away
	Facets   []Facet
	Timeline Timeline
	Nothing  string   // why nothing was found
	Offers   []Choice // what else may have been meant: Value is a query, Label what it changes
	Unsure   string   // link to what may be about the client, when the answer notes that there is more
	First    string   // link to the first page, when this is another
	Next     string
}

// Document is the page of one document.
type Document struct {
	Frame
	Document relais.Document
	Segments []Segment
	Cut      bool         // the text goes on
	Siblings []relais.Hit // the conversation, oldest first
	More     int          // documents of the conversation that Siblings leaves out
}

// Thread is a conversation.
type Thread struct {
	Frame
	ID       string
	Title    string
	Messages []Message // oldest first
	More     int       // messages that are left out
}

// Message is one document of a conversation.
type Message struct {
	Document relais.Document
	Segments []Segment
	Cut      bool
}

// Client is a line of the list of clients.
type Client struct {
	relais.Client
	Documents int
	Contacts  int
	Link      string // to its documents
}

// Clients is the list of clients.
type Clients struct {
	Frame
	Clients []Client
	More    int // clients that are left out
}

// Privacy is the list of what waits until somebody settles whether it is personal.
type Privacy struct {
	Frame
	List relais.DoubtfulList
	Next string // link to the next page
}

// Login is where a session begins.
type Login struct {
	Frame
	Next  string // the page to go to
	Wrong bool   // the token sent was not taken
}

// Failure is a page that cannot be shown.
type Failure struct {
	Frame
	Problem relais.Problem
	At      time.Time
}

// Wrong tells whether the query cannot be read.
func (s Search) Wrong() bool { return s.Fault != nil }

func (Search) template() string   { return "search.html" }
func (Document) template() string { return "document.html" }
func (Thread) template() string   { return "thread.html" }
func (Clients) template() string  { return "clients.html" }
func (Privacy) template() string  { return "privacy.html" }
func (Login) template() string    { return "login.html" }
func (Failure) template() string  { return "failure.html" }
