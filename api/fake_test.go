package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/access"
	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

const (
	inCase  = relais.CaseID("c1")
	outCase = relais.CaseID("c2")

	complianceToken = "see-everything"
	managerToken    = "see-acme-in-c1"
)

func noon(day int) time.Time { return time.Date(2024, 3, day, 12, 0, 0, 0, time.UTC) }

// rooms are the other rooms of the archive, made up.
type rooms struct {
	docs     []relais.Document
	of       map[relais.DocumentID]relais.CaseID
	raw      map[relais.DocumentID]Raw
	order    []relais.DocumentID // what a search finds
	result   search.Result       // facets, histogram and notes of every search
	asked    []search.Request
	unsure   int               // documents that may be about whatever client
	listed   int               // calls of List
	damaged  relais.DocumentID // whose text cannot be read
	torn     relais.DocumentID // whose text cannot be read to its end
	lives    int               // looks at a token after which it is at its end; 0: it lives for ever
	looked   int               // looks at tokens
	entries  []audit.Entry
	failures struct{ audit, search, documents, clock, tokens error }
	events   []relais.Event
	opErr    error
	lost     []relais.DocumentID // what an export of everything lacks
	missing  []string            // parts that keep it from being ready
	request  relais.IngestRequest
	query    relais.DoubtfulQuery
	settling relais.SettleRequest
	deciding relais.DecideRequest
	act      relais.Act // of who settled, undid or asked
	uploads  []string
	revoked  []string
	log      bytes.Buffer
	handler  http.Handler // of the network, made once
}

func newRooms() *rooms {
	client := []relais.Tag{{ID: "acme", Name: "Brasserie Acme", Confidence: 990, Evidence: []relais.Evidence{{Signal: "domain", Detail: "acme.example", Weight: 990}}}}
	topic := []relais.Tag{{ID: "prix", Confidence: 800, Evidence: []relais.Evidence{{Signal: "subject", Detail: "prix", Weight: 800}}}}
	from := relais.Address{Name: "Ann Pump", Address: "ann@pumps.example"}
	r := &rooms{of: map[relais.DocumentID]relais.CaseID{}, raw: map[relais.DocumentID]Raw{}}
	r.add(inCase, relais.Document{
		ID: "d1", Case: "Departure of Ann", Kind: relais.KindMessage, Thread: "t1", Subject: "Prix des pompes", From: &from,
		To: []relais.Address{{Address: "bob@acme.example"}}, Date: noon(1), DateSource: "header", Language: "fr",
		Text: "Le prix est de 100 EUR.\n> ancien prix\n", NewText: "Le prix est de 100 EUR.",
		Zones:       []relais.Zone{{Kind: relais.ZoneNew, End: 24}, {Kind: relais.ZoneQuote, Start: 24, End: 38}},
		Attachments: []relais.Attachment{{ID: "a1", Name: "offre.pdf", MediaType: "application/pdf", Size: 2048, SHA256: relais.DigestOf([]byte("pdf"))}},
		Clients:     client, Topics: topic, Privacy: relais.Privacy{Class: relais.PrivacyNone}, Extraction: relais.ExtractionComplete,
		Occurrences: []relais.Occurrence{{Owner: "ann@pumps.example", Source: "maildir", Folder: "INBOX", Position: "1", SHA256: relais.DigestOf([]byte("eml"))}},
		Warnings:    []relais.Warning{{Code: "date_unreadable"}},
	})
	r.add(inCase, relais.Document{ID: "d2", Kind: relais.KindMessage, Thread: "t1", Subject: "Re: Prix des pompes", From: &from, Date: noon(2), Text: "D'accord.", Clients: client, Topics: topic})
	r.add(outCase, relais.Document{ID: "d9", Kind: relais.KindMessage, Thread: "t9", Subject: "Ailleurs", From: &from, Date: noon(3), Text: "Secret.", Clients: client, Topics: topic})
	r.order = []relais.DocumentID{"d2", "d1"}
	return r
}

func (r *rooms) add(c relais.CaseID, d relais.Document) {
	r.docs = append(r.docs, d)
	r.of[d.ID] = c
	r.raw[d.ID] = Raw{Name: string(d.ID) + ".eml", MediaType: "message/rfc822", Size: 3}
}

func (r *rooms) server() *Server { return New(r.deps()) }

func (r *rooms) deps() Deps {
	return Deps{
		Searcher: r, Lister: lists{r}, Library: r, Cases: r, Accounts: r, Stock: r, Clients: r, Privacy: r, Decider: r, Audit: r, Tokens: tokens{r}, Health: r, Capture: r, Upkeep: r, Copies: r,
		Hash:     func(q string) string { return "hash" + strconv.Itoa(len(q)) },
		Location: time.UTC, Now: func() time.Time { return noon(20) },
		Clock:  func(context.Context) (time.Time, error) { return noon(20), r.failures.clock },
		Logger: slog.New(slog.NewTextHandler(&r.log, nil)), Version: "test", BaseURL: &url.URL{Scheme: "https", Host: "example.com"},
	}
}

func (r *rooms) Search(_ context.Context, req search.Request) (search.Result, error) {
	r.asked = append(r.asked, req)
	if r.failures.search != nil {
		return search.Result{}, r.failures.search
	}
	start, err := strconv.Atoi(req.Cursor)
	if req.Cursor != "" && err != nil {
		return search.Result{}, relais.Errorf(relais.KindInvalid, "read cursor", "this cursor is not of this search")
	}
	if and, ok := req.Query.(search.And); ok && slices.Contains(and, search.Node(search.Value{Field: search.ByState, Value: search.StateUncertain})) {
		return search.Result{Total: r.unsure}, nil
	}
	var ids []relais.DocumentID
	v, asksClient := clientWanted(req.Query)
	for _, id := range r.order {
		if d := r.document(id); asksClient && !(len(d.Clients) > 0 && (d.Clients[0].ID == v.Value || search.NameHolds(d.Clients[0].Name, v.Value))) {
			continue
		}
		if d := r.document(id); d != nil && req.Scope.Allows(r.of[id], d) {
			ids = append(ids, id)
		}
	}
	res := r.result
	res.Total = len(ids)
	limit := req.Limit
	if limit == 0 {
		limit = 20
	}
	end := min(start+limit, len(ids))
	res.IDs = ids[min(start, len(ids)):end]
	if end < len(ids) {
		res.Next = strconv.Itoa(end)
	}
	return res, nil
}

// lists lists what searches of the rooms find.
type lists struct{ *rooms }

// List lists page after page: what is asked of the rooms is kept.
func (r lists) List(ctx context.Context, scope relais.Scope, query search.Node, fn func([]relais.DocumentID) error) error {
	req := search.Request{Query: query, Scope: scope, Limit: 1000}
	for {
		res, err := r.Search(ctx, req)
		if err != nil {
			return err
		}
		if err := fn(res.IDs); err != nil {
			return err
		}
		if req.Cursor = res.Next; req.Cursor == "" {
			return nil
		}
	}
}

// clientWanted gives the client that a query wants, alone or beside words.
func clientWanted(n search.Node) (search.Value, bool) {
	and, several := n.(search.And)
	if !several {
		and = search.And{n}
	}
	for _, part := range and {
		if v, ok := part.(search.Value); ok && v.Field == search.ByClient {
			return v, true
		}
	}
	return search.Value{}, false
}

func (r *rooms) document(id relais.DocumentID) *relais.Document {
	for i := range r.docs {
		if r.docs[i].ID == id {
			return &r.docs[i]
		}
	}
	return nil
}

func (r *rooms) Headers(_ context.Context, scope relais.Scope, ids []relais.DocumentID) ([]relais.Document, error) {
	var list []relais.Document
	for _, id := range ids {
		if d := r.document(id); d != nil && scope.Allows(r.of[id], d) {
			header := *d
			header.Text, header.NewText = "", ""
			list = append(list, header)
		}
	}
	return list, r.failures.documents
}

func (r *rooms) Openings(ctx context.Context, scope relais.Scope, ids []relais.DocumentID, most int, fn func(relais.Opening) error) error {
	list, err := r.Headers(ctx, scope, ids)
	if err != nil {
		return err
	}
	for _, d := range list {
		o := r.opening(r.document(d.ID), most)
		if r.damaged == d.ID {
			o.MarkDamaged()
		}
		if err := fn(o); err != nil {
			return err
		}
	}
	return nil
}

func (r *rooms) opening(d *relais.Document, most int) relais.Opening {
	o := relais.Opening{Document: *d, Whole: func(context.Context) (relais.Text, error) { return r.whole(d) }}
	if o.Cut = len(d.Text) > most; o.Cut {
		o.Document.Text, o.Document.NewText = strings.ToValidUTF8(d.Text[:most], ""), ""
	}
	return o
}

func (r *rooms) EachOpening(ctx context.Context, scope relais.Scope, ids []relais.DocumentID, most int, fn func(relais.Opening) error) error {
	return r.Openings(ctx, scope, ids, most, fn)
}

// memoryText is a text in memory, which may be damaged behind its beginning.
type memoryText struct {
	*io.SectionReader
	fault error // at its end
}

func (m memoryText) Close() error { return nil }

func (m memoryText) Read(p []byte) (int, error) {
	n, err := m.SectionReader.Read(p)
	if m.fault != nil && err != nil {
		err = m.fault
	}
	return n, err
}

func (r *rooms) whole(d *relais.Document) (relais.Text, error) {
	t := memoryText{SectionReader: io.NewSectionReader(strings.NewReader(d.Text), 0, int64(len(d.Text)))}
	if r.torn == d.ID {
		t.fault = relais.Errorf(relais.KindDamaged, "read blob", "a flipped bit")
	}
	return t, nil
}

func (r *rooms) Thread(_ context.Context, scope relais.Scope, thread string) ([]relais.Document, error) {
	var list []relais.Document
	for _, d := range r.docs {
		if d.Thread == thread && scope.Allows(r.of[d.ID], &d) {
			d.Text, d.NewText = "", ""
			list = append(list, d)
		}
	}
	if len(list) == 0 {
		return nil, relais.Errorf(relais.KindNotFound, "open thread", "no such thread")
	}
	return list, nil
}

func (r *rooms) Open(_ context.Context, scope relais.Scope, id relais.DocumentID) (Raw, error) {
	d := r.document(id)
	if d == nil || !scope.Allows(r.of[id], d) {
		return Raw{}, relais.Errorf(relais.KindNotFound, "open document", "no document %s", id)
	}
	raw := r.raw[id]
	if raw.Body == nil {
		raw.Body = io.NopCloser(strings.NewReader("eml"))
	}
	return raw, nil
}

func (r *rooms) list() []relais.Case {
	return []relais.Case{{ID: inCase, Name: "Departure of Ann", Created: noon(1)}, {ID: outCase, Name: "Bob/2", Created: noon(1)}}
}

func (r *rooms) Create(_ context.Context, c relais.Case) (relais.Case, error) {
	if c.Name == "" {
		return c, relais.Errorf(relais.KindConflict, "create case", "there is one of that name")
	}
	c.ID, c.Created = "c3", noon(1)
	return c, nil
}

func (r *rooms) Case(_ context.Context, name string) (relais.Case, error) {
	for _, k := range r.list() {
		if k.Name == name || string(k.ID) == name {
			return k, nil
		}
	}
	return relais.Case{}, relais.Errorf(relais.KindNotFound, "find case", "none")
}

func (r *rooms) List(context.Context) ([]relais.Case, error)   { r.listed++; return r.list(), nil }
func (r *rooms) Rename(context.Context, string, string) error  { return nil }
func (r *rooms) Update(_ context.Context, c relais.Case) error { return r.opErr }
func (r *rooms) Missing(context.Context) []string              { return r.missing }
func (r *rooms) Metrics(_ context.Context, w io.Writer) error {
	_, err := io.WriteString(w, "relais_refused 1\n")
	return err
}
func (r *rooms) Append(_ context.Context, e audit.Entry) error {
	r.entries = append(r.entries, e)
	return r.failures.audit
}

// tokens keeps the tokens of the rooms.
type tokens struct{ *rooms }

func (t tokens) Create(context.Context, string, time.Time) (string, error) { return "rls_x", t.opErr }
func (t tokens) List(context.Context) ([]relais.TokenView, error) {
	return []relais.TokenView{{ID: "abc", Name: "x", Live: true}}, t.opErr
}
func (t tokens) RevokeNamed(_ context.Context, which string) (relais.TokenView, error) {
	return relais.TokenView{ID: which}, t.opErr
}

func (r *rooms) Balance(_ context.Context, name string) (relais.Balance, error) {
	return relais.Balance{Case: name, Counts: relais.Counts{Seen: 2, Stored: 2}, Balanced: true, Sources: []relais.SourceBalance{}, Reasons: []relais.ReasonCount{}}, nil
}

func (r *rooms) Expect(context.Context, func()) (func(context.Context, []relais.DocumentID) ([]relais.DocumentID, error), error) {
	return func(context.Context, []relais.DocumentID) ([]relais.DocumentID, error) {
		return slices.Clone(r.lost), nil
	}, nil
}

func (r *rooms) Clients(context.Context) ([]relais.Client, []relais.Contact, error) {
	return []relais.Client{{ID: "acme", Name: "Brasserie Acme"}, {ID: "beta", Name: "Béta"}}, []relais.Contact{{ClientID: "acme", Name: "Bob"}}, nil
}

func (r *rooms) Refusals(_ context.Context, c relais.CaseID) ([]relais.Refusal, error) {
	return []relais.Refusal{{ID: "o1", Case: inCase, Source: "maildir", Position: "7", Stage: "enrich", Code: "empty", Detail: "no bytes", Attempts: 1}}, nil
}

func (r *rooms) Lookup(_ context.Context, plain string) (access.Principal, error) {
	if r.looked++; r.lives > 0 && r.looked > r.lives {
		plain = "ended"
	}
	if r.failures.tokens != nil {
		return access.Principal{}, r.failures.tokens
	}
	switch plain {
	case complianceToken:
		return access.Principal{Name: "token:compliance", Kind: access.KindToken, Grants: access.Local().Grants}, nil
	case managerToken:
		grant := relais.Grant{Cases: []relais.CaseID{inCase}, Clients: []string{"acme"}}
		return access.Principal{Name: "token:manager", Kind: access.KindToken, Grants: []access.Grant{{Grant: grant}}}, nil
	}
	return access.Principal{}, relais.Errorf(relais.KindAuth, "look up token", "unknown or expired")
}

func (r *rooms) Revoke(_ context.Context, plain string) error {
	r.revoked = append(r.revoked, plain)
	return r.opErr
}

func (r *rooms) verb(emit func(relais.Event)) error {
	for _, e := range r.events {
		emit(e)
	}
	return r.opErr
}

func (r *rooms) Ingest(_ context.Context, req relais.IngestRequest, emit func(relais.Event)) error {
	r.request = req
	return r.verb(emit)
}

func (r *rooms) ImportClients(_ context.Context, clients, contacts io.Reader, emit func(relais.Event)) error {
	for _, f := range []io.Reader{clients, contacts} {
		if f == nil {
			r.uploads = append(r.uploads, "none")
			continue
		}
		b, err := io.ReadAll(f)
		if err != nil {
			return err
		}
		r.uploads = append(r.uploads, string(b))
	}
	return r.verb(emit)
}

func (r *rooms) Reindex(_ context.Context, _ bool, emit func(relais.Event)) error {
	return r.verb(emit)
}
func (r *rooms) Verify(_ context.Context, _, _ bool, emit func(relais.Event)) error {
	return r.verb(emit)
}
func (r *rooms) Backup(_ context.Context, _, _ string, emit func(relais.Event)) error {
	return r.verb(emit)
}
func (r *rooms) Wait(_ context.Context, emit func(relais.Event)) error        { return r.verb(emit) }
func (r *rooms) RetryUnread(_ context.Context, emit func(relais.Event)) error { return r.verb(emit) }
func (r *rooms) RetryRefused(_ context.Context, _ string, emit func(relais.Event)) error {
	return r.verb(emit)
}
func (r *rooms) Evaluate(_ context.Context, truth io.Reader, emit func(relais.Event)) error {
	return r.verb(emit)
}

func (r *rooms) Doubtful(_ context.Context, q relais.DoubtfulQuery) (relais.DoubtfulList, error) {
	r.query = q
	mark, undone := relais.NewPrivacyMark("subject", "INBOX"), relais.Act{Actor: "local", At: noon(2)}
	mark.Count = 1
	return relais.DoubtfulList{
		Total: 1, Marks: []relais.PrivacyMark{mark}, Next: "n",
		Documents: []relais.Doubtful{{ID: "d7", Case: "Departure of Ann", Date: noon(1), Size: 7, Copies: 1, Marks: []relais.PrivacyMark{mark}}},
		Decisions: []relais.Decision{{ID: "p-1", Case: inCase, Seq: 1, About: relais.AboutDocument, Target: "00", Document: "d7", Verdict: relais.Personal,
			Act: relais.Act{Actor: "local", At: noon(1), Reason: "r"}, Undone: &undone}},
	}, r.failures.documents
}

func (r *rooms) Disclose(_ context.Context, id relais.DocumentID, by relais.Act) (relais.Disclosed, error) {
	r.act = by
	if id != "d7" {
		return relais.Disclosed{}, relais.Errorf(relais.KindNotFound, "show", "nothing doubtful")
	}
	list, _ := r.Doubtful(context.Background(), relais.DoubtfulQuery{})
	return relais.Disclosed{Doubtful: list.Documents[0], Subject: "Dîner", Name: "n", From: &relais.Address{Address: "a"}, Folders: []string{"INBOX"}, Told: []relais.Act{by}}, nil
}

func (r *rooms) Settle(_ context.Context, req relais.SettleRequest, by relais.Act, emit func(relais.Event)) error {
	r.settling, r.act = req, by
	return r.verb(emit)
}

func (r *rooms) UndoSettling(_ context.Context, _ relais.UndoRequest, by relais.Act, emit func(relais.Event)) error {
	r.act = by
	return r.verb(emit)
}

// broken is a body that ends too soon.
type broken struct {
	first string
	read  bool
}

func (b *broken) Read(p []byte) (int, error) {
	if b.read || b.first == "" {
		return 0, relais.E(relais.KindDamaged, "read blob", errors.New("checksum"))
	}
	b.read = true
	return copy(p, b.first), nil
}

func (b *broken) Close() error { return nil }

func body(text string) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }
