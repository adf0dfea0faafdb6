package enrich

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/relais-archive/relais/enrich/extract"
	"github.com/relais-archive/relais/enrich/item"
	"github.com/relais-archive/relais/enrich/tag"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// recall remembers what files were found to say.
type recall interface {
	Extractions(ctx context.Context, version string, digests []relais.Digest) (map[relais.Digest]string, error)
}

// reader reads captured items: bytes in, what they say out. It writes nothing.
type reader struct {
	blobs     blob.Store
	recall    recall
	recent    *recent
	extractor extract.Extractor
	limits    format.Limits
	forms     item.List // of messages
	identity  func(*format.Mail) relais.ContentID
	set       *tag.Set
	owners    *ownerBook
	names     map[string]string // clients' names by id
	workers   int
}

// reading is what one occurrence was found to say.
type reading struct {
	item     relais.Item
	document relais.DocumentID
	facts    facts
	personal string // the rule that marks it personal, or ""
	doubts   []state.Doubt
	links    links
	refusal  *relais.Refusal
	texts    *shelf                   // of its batch
	work     int64                    // what its text and parts cost so far: see [format.Limits]
	passed   int                      // parts that were not read since that is too much
	recalled map[relais.Digest]string // extractions to remember, by digest of the file and of what was declared of it
}

// facts is what is kept, sealed, of a document between two merges: as its smallest
// occurrence shows it, with the evidence of all of them.
type facts struct {
	Occurrence  relais.Occurrence `json:"occurrence"`
	Document    relais.Document   `json:"document"` // without text
	TextBlob    relais.Digest     `json:"text_blob,omitzero"`
	Attachments []attachmentFacts `json:"attachments,omitempty"`

	Domains map[string]state.Exchange `json:"domains,omitempty"` // outside domains it was exchanged with
}

type attachmentFacts struct {
	Document relais.Document `json:"document"`
	TextBlob relais.Digest   `json:"text_blob,omitzero"`
	Member   string          `json:"member"`
}

// batchDocuments is how many documents, attachments included, one batch comes to before it
// is merged: messages have up to a thousand.
const batchDocuments = 4096

// readAll reads items side by side and gives their readings, in the order of the items.
// It reads the first of them alone when these are enough for one batch. The same bytes
// are parsed once.
func (r *reader) readAll(ctx context.Context, c relais.CaseID, items []relais.Item, now time.Time) (readings, error) {
	found, err := r.find(ctx, c, items)
	if err != nil {
		return readings{}, err
	}
	got := readings{list: make([]reading, len(items)), texts: newShelf(r.blobs, c)}
	fails := make([]error, len(items))
	next := make(chan int)
	var documents atomic.Int64
	var wg sync.WaitGroup
	for range min(r.workers, len(items)) {
		wg.Go(func() {
			for i := range next {
				got.list[i], fails[i] = r.readSafely(ctx, found, got.texts, items[i], now)
				documents.Add(1 + int64(len(got.list[i].facts.Attachments)))
			}
		})
	}
	n := 0
	for ; n < len(items) && documents.Load() < batchDocuments; n++ {
		next <- n
	}
	close(next)
	wg.Wait()
	got.list = got.list[:n]
	return got, errors.Join(fails...)
}

func (r *reader) find(ctx context.Context, c relais.CaseID, items []relais.Item) (*blob.Found, error) {
	digests := make([]relais.Digest, len(items))
	for i, it := range items {
		digests[i] = it.Occurrence.SHA256
	}
	return r.blobs.Find(ctx, c, digests)
}

// readSafely makes a refusal of an item that no reader can bear: a fault of ours in
// one item stops neither the batch nor the partition.
func (r *reader) readSafely(ctx context.Context, found *blob.Found, texts *shelf, it relais.Item, now time.Time) (got reading, err error) {
	defer func() {
		if p := recover(); p != nil {
			got, err = refuse(texts.c, it, now, "reader_panic", fmt.Sprintf("%T", p)), nil
		}
	}()
	got, err = r.read(ctx, found, texts, it, now)
	switch kind := relais.KindOf(err); kind {
	case "":
		return got, nil
	case relais.KindRefused, relais.KindDamaged, relais.KindNotFound, relais.KindForgotten:
		return refuse(texts.c, it, now, string(kind), "the captured bytes cannot be read"), nil
	}
	return got, err
}

func refuse(c relais.CaseID, it relais.Item, now time.Time, code, detail string) reading {
	o := it.Occurrence
	return reading{item: it, refusal: &relais.Refusal{
		ID: o.Key(), Case: c, Source: o.Source, Folder: o.Folder, Position: o.Position, Stage: "enrich",
		Code: code, Detail: detail, Attempts: 1, SHA256: o.SHA256, At: now.UTC().Truncate(time.Second),
	}}
}

func (r *reader) read(ctx context.Context, found *blob.Found, texts *shelf, it relais.Item, now time.Time) (reading, error) {
	body, err := found.Open(ctx, it.Occurrence.SHA256)
	if err != nil {
		return reading{}, err
	}
	var got reading
	if it.Kind == relais.KindMessage {
		got, err = r.readMessage(ctx, texts, it, body)
	} else {
		got, err = r.readFile(ctx, texts, it, body, now)
	}
	return got, errors.Join(err, body.Close())
}

// extracted is what is remembered of a file: where its text rests, and the rest of
// the extractor's result.
type extracted struct {
	Text      relais.Digest     `json:"text,omitzero"`
	MediaType string            `json:"media_type"`
	Outcome   relais.Extraction `json:"outcome"`
	Warnings  []relais.Warning  `json:"warnings,omitempty"`
	Language  string            `json:"language,omitempty"`
	Work      int64             `json:"work,omitempty"` // see [extract.Result]
	extract.Dates
}

// NotWhole tells of what is remembered of a file, as state keeps it, whether the file was
// not read whole. Forgetting the record makes the stage read the file again.
func NotWhole(body string) bool {
	var e extracted
	return json.Unmarshal([]byte(body), &e) != nil || e.Outcome != relais.ExtractionComplete
}

// ExtractionVersion names the extractors as a whole: what was read under another
// version is read again.
const ExtractionVersion = "4"

// extract reads a file, or recalls what it was found to say when its text is still
// held by the case. got keeps what is new. What the sender declared of the bytes is
// a hint to the reader, so that what is recalled goes by it too: else the first of
// two messages with the same file would decide how the second's is read.
func (r *reader) extract(ctx context.Context, c relais.CaseID, file relais.Digest, in extract.Input, got *reading) (extracted, error) {
	in.Name = strings.ToLower(path.Ext(in.Name))
	d := relais.DigestOf([]byte(file.String() + "\x00" + in.Name + "\x00" + in.MediaType + "\x00" + in.Charset))
	e, text, err := r.recent.once(ctx, fileOf{c, d}, func() (extracted, string, error) {
		if e, ok := r.recalled(ctx, c, d); ok {
			return e, "", nil
		}
		return r.extractNow(ctx, d, in, got)
	})
	if err == nil && text != "" {
		_, err = got.texts.keep(ctx, text)
	}
	return e, err
}

func (r *reader) extractNow(ctx context.Context, d relais.Digest, in extract.Input, got *reading) (extracted, string, error) {
	res, err := r.extractor.Extract(ctx, in)
	if err != nil {
		return extracted{}, "", err
	}
	e := extracted{MediaType: res.MediaType, Outcome: res.Outcome, Warnings: res.Warnings, Work: res.Work, Dates: res.Dates}
	if res.Text != "" {
		e.Text = relais.DigestOf([]byte(res.Text))
		e.Language = tag.Language(res.Text)
	}
	body, err := json.Marshal(e)
	if err != nil {
		return e, "", relais.E(relais.KindInternal, "remember extraction", err)
	}
	got.remember(d, string(body))
	return e, res.Text, nil
}

// recalled looks an earlier reading up. A fault of memory is no fault of reading:
// the file is then read again.
func (r *reader) recalled(ctx context.Context, c relais.CaseID, d relais.Digest) (extracted, bool) {
	var e extracted
	found, err := r.recall.Extractions(ctx, ExtractionVersion, []relais.Digest{d})
	if err != nil || found[d] == "" || json.Unmarshal([]byte(found[d]), &e) != nil {
		return e, false
	}
	if e.Text.IsZero() {
		return e, true
	}
	held, err := r.blobs.Held(ctx, c, []relais.Digest{e.Text})
	return e, err == nil && held[e.Text]
}

func (g *reading) remember(d relais.Digest, body string) {
	if g.recalled == nil {
		g.recalled = map[relais.Digest]string{}
	}
	g.recalled[d] = body
}

func decodeItems(plain [][]byte) ([]relais.Item, error) {
	items := make([]relais.Item, len(plain))
	for i, b := range plain {
		if err := json.Unmarshal(b, &items[i]); err != nil {
			return nil, relais.E(relais.KindRefused, "decode item", err)
		}
	}
	return items, nil
}
