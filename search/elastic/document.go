package elastic

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
	"github.com/relais-archive/relais/search/analysis"
)

// document is what Elasticsearch is given of one; template.json says what becomes of
// each field.
type document struct {
	ID       string `json:"id"`
	Revision int64  `json:"revision"`
	Date     *int64 `json:"date,omitempty"`  // milliseconds since 1970
	Month    *int   `json:"month,omitempty"` // year times twelve plus month from 0, in the archive's time zone
	Size     int64  `json:"size"`
	Business bool   `json:"business"` // tied to a business topic, as scopes ask

	// Value holds all that is compared as a whole: field:value, folded.
	Value []string `json:"value"`
	// Named holds the words of names, each behind its field, for values that a name
	// holds as whole words.
	Named string `json:"named,omitempty"`

	// What is counted, and what scopes look at: in clear. A label is a value with
	// the name that the document knows it by.
	Case        []string `json:"case,omitempty"`
	CaseLabel   []string `json:"case_label,omitempty"`
	Client      []string `json:"client,omitempty"`
	ClientLabel []string `json:"client_label,omitempty"`
	Topic       []string `json:"topic,omitempty"`
	TopicLabel  []string `json:"topic_label,omitempty"`
	Kind        []string `json:"kind,omitempty"`
	Type        []string `json:"type,omitempty"`
	Language    []string `json:"language,omitempty"`
	From        []string `json:"from,omitempty"`
	// The columns of words follow, each under its name, and their surfaces.
}

// encoder writes documents into its buffer, one load of a sender after another's.
type encoder struct {
	analyzer *analysis.Analyzer
	poster   *search.Poster
	zone     *time.Location
	bytes.Buffer
	json *json.Encoder
}

func newEncoder(a *analysis.Analyzer, zone *time.Location) *encoder {
	e := &encoder{analyzer: a, zone: zone, poster: search.NewPoster(a)}
	e.json = json.NewEncoder(&e.Buffer)
	e.json.SetEscapeHTML(false)
	return e
}

// write appends an entry's document, as one line. The columns of words, nearly all of
// it, need none of what JSON has for other texts.
func (e *encoder) write(entry *search.Entry) error {
	if err := e.json.Encode(e.document(entry)); err != nil {
		return relais.E(relais.KindInternal, "write document", err)
	}
	e.Truncate(e.Len() - len("}\n"))
	terms, surfaces := e.poster.Apart(search.Parts(entry))
	for c := range search.ColumnCount {
		e.column(c.String(), terms[c])
		e.column(surfacesOf(c), surfaces[c])
	}
	e.WriteString("}\n")
	return nil
}

// column writes a column of words, if it has any.
func (e *encoder) column(name string, words []byte) {
	if len(words) > 0 {
		e.WriteString(`,"` + name + `":"`)
		e.Write(words)
		e.WriteByte('"')
	}
}

// surfacesOf names the field that holds the surfaces of a column. They stand apart, so
// that they do not count for the length of a document, by which it is ranked.
func surfacesOf(c search.Column) string { return c.String() + "_surface" }

func (e *encoder) document(entry *search.Entry) *document {
	env := &entry.Envelope
	d := &document{ID: string(env.Document.ID), Revision: env.Revision, Size: env.Document.Size}
	if t := env.Document.Date; !t.IsZero() {
		t = t.In(e.zone)
		date, month := t.UnixMilli(), t.Year()*12+int(t.Month())-1
		d.Date, d.Month = &date, &month
	}
	v := search.ValuesOf(env)
	d.count(v)
	d.compare(env, v)
	d.Named = e.named(v)
	return d
}

// count fills what facets count and scopes ask for. Of types, facets count families.
func (d *document) count(v search.Values) {
	d.Case, d.CaseLabel = ids(v.Case), labels(v.Case)
	d.Client, d.ClientLabel = ids(v.Clients), labels(v.Clients)
	d.Topic, d.TopicLabel = ids(v.Topics), labels(v.Topics)
	d.Kind, d.Language, d.From = ids(v.Kind), ids(v.Language), ids(v.Sender)
	for _, t := range ids(v.Types) {
		if !strings.Contains(t, "/") {
			d.Type = append(d.Type, t)
		}
	}
	for _, t := range v.Topics {
		d.Business = d.Business || relais.Business([]relais.Tag{{ID: t.ID}})
	}
}

// compare fills what queries compare as a whole.
func (d *document) compare(e *relais.Envelope, v search.Values) {
	for _, l := range [...]struct {
		field  search.ValueField
		values []search.Named
	}{
		{search.ByCase, v.Case}, {search.ByKind, v.Kind}, {search.ByType, v.Types}, {search.ByLanguage, v.Language}, {search.ByOwner, v.Owners},
		{search.ByClient, v.Clients}, {search.ByTopic, v.Topics}, {search.ByAttachment, v.Attachment},
		{search.ByUncertain, v.Uncertain}, {search.ByState, v.State},
	} {
		for _, n := range l.values {
			d.Value = append(d.Value, whole(l.field, search.Fold(n.ID)))
		}
	}
	for _, n := range v.Folders {
		d.Value = append(d.Value, above(search.Fold(n.ID))...)
	}
	d.hash(search.ByID, string(e.Document.Content))
	d.hash(byMessage, e.Document.MessageID)
	d.hash(search.ByThread, e.Document.Thread)
}

// hash adds a value that is only ever compared, where there is one.
func (d *document) hash(f search.ValueField, s string) {
	if s != "" {
		d.Value = append(d.Value, hashed(f, s))
	}
}

// byMessage parts Message-IDs from content ids, which search.ByID finds as well.
const byMessage search.ValueField = "message"

// whole gives a value as field "value" holds it.
func whole(f search.ValueField, folded string) string { return string(f) + ":" + folded }

// hashed gives a value that is only ever compared, such as a Message-ID, without
// telling it.
func hashed(f search.ValueField, s string) string {
	k := search.KeyOf(s)
	return whole(f, base64.RawURLEncoding.EncodeToString(k[:]))
}

// above gives a folder and those it lies in.
func above(folder string) []string {
	var list []string
	for i := range len(folder) {
		if folder[i] == '/' && i > 0 {
			list = append(list, whole(search.ByFolder, folder[:i]))
		}
	}
	return append(list, whole(search.ByFolder, folder))
}

// named gives the words of names. A token that no word gives parts one name from the
// next.
func (e *encoder) named(v search.Values) string {
	var b strings.Builder
	add := func(f search.ValueField, name string) {
		if w := words(e.analyzer, f, name); w != "" {
			b.WriteString(w + " " + search.Mark + " ")
		}
	}
	for _, n := range v.Case {
		add(search.ByCase, n.Name)
	}
	for _, n := range v.Clients {
		add(search.ByClient, n.Name)
	}
	for _, n := range v.Uncertain {
		add(search.ByUncertain, n.Name)
	}
	for _, n := range v.Folders {
		add(search.ByFolder, n.ID)
	}
	return b.String()
}

// words gives the words of a name, or of a value looked for in names.
func words(a *analysis.Analyzer, f search.ValueField, name string) string {
	var b strings.Builder
	for t := range a.All(name) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(f) + search.Mark + t.Surface)
	}
	return b.String()
}

// ids gives each id once; a list has them sorted.
func ids(l []search.Named) []string {
	var list []string
	for i, n := range l {
		if i == 0 || l[i-1].ID != n.ID {
			list = append(list, n.ID)
		}
	}
	return list
}

// labels packs ids with their names.
func labels(l []search.Named) []string {
	var list []string
	for _, n := range l {
		list = append(list, strconv.Itoa(len(n.ID))+":"+n.ID+n.Name)
	}
	return list
}

// unlabel unpacks a label.
func unlabel(s string) search.Named {
	size, rest, _ := strings.Cut(s, ":")
	n, err := strconv.Atoi(size)
	if err != nil || n > len(rest) {
		return search.Named{}
	}
	return search.Named{ID: rest[:n], Name: rest[n:]}
}
