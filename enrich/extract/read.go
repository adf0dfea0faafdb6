package extract

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// reader reads documents in this process: what a child does, and what a pool does
// itself with the safe formats.
type reader struct {
	lim    format.Limits
	byType map[string]Format
}

// newReader indexes the formats by media type: each type has one reader.
func newReader(lim format.Limits, list []Format) *reader {
	r := &reader{lim: lim, byType: make(map[string]Format)}
	for _, f := range list {
		for _, t := range f.MediaTypes {
			r.byType[t] = f
		}
	}
	return r
}

// read tells what a document is, and reads it.
func (r *reader) read(ctx context.Context, in Input) (Result, error) {
	return r.readAs(ctx, Sniff(in), in)
}

// readAs reads a document as a media type. A panic of a reader, ours or a
// library's, is this document's failure and nobody else's.
func (r *reader) readAs(ctx context.Context, mediaType string, in Input) (res Result, err error) {
	f, ok := r.byType[mediaType]
	if !ok || in.Size <= 0 {
		return unread(mediaType, in), nil
	}
	if f.Risky && in.Size > r.lim.MessageBytes {
		// Most of these formats say at their end what they hold: a part of one gives
		// nothing, and costs its memory twice, here and in a child.
		return failed(mediaType, f.Name, "size_limit", ""), nil
	}
	defer func() {
		if p := recover(); p != nil {
			res, err = failed(mediaType, f.Name, "extractor_panic", fmt.Sprintf("%T", p)), nil
		}
	}()
	if in.work == nil {
		in.work = newWork(in, r.lim)
	}
	if in.work.nested == nil {
		in.work.nested = r.nested
	}
	res, err = f.Read(ctx, in, r.lim)
	if err != nil {
		return Result{}, err
	}
	return r.complete(res, mediaType, f), nil
}

// nested reads a document within another: whatever happens to it, the outer one
// goes on.
func (r *reader) nested(ctx context.Context, in Input) Result {
	res, err := r.read(ctx, in)
	if err != nil {
		return failed(typeUnknown, "", "member_damaged", "")
	}
	return res
}

// complete fills in what a Format's reader leaves out, and makes the text what
// Result promises.
func (r *reader) complete(res Result, mediaType string, f Format) Result {
	if res.MediaType == "" {
		res.MediaType = mediaType
	}
	if res.Extractor == "" {
		res.Extractor = f.Name
	}
	warn := warnings(res.Warnings)
	var cut bool
	res.Text, cut = finish([]byte(res.Text), squeezes(res.MediaType), r.lim.TextBytes)
	if cut {
		warn.add("text_limit", "")
	}
	empty := strings.TrimSpace(res.Text) == ""
	if empty {
		res.Text = ""
	}
	switch {
	case res.Outcome != "":
	case empty && len(warn) == 0:
		warn.add("no_text", "")
		res.Outcome = relais.ExtractionNone
	case empty:
		res.Outcome = relais.ExtractionFailed
	case loses(warn):
		res.Outcome = relais.ExtractionPartial
	default:
		res.Outcome = relais.ExtractionComplete
	}
	res.Warnings = warn
	return res
}

// squeezes tells the types whose layout says nothing: all but plain text.
func squeezes(mediaType string) bool {
	switch mediaType {
	case typeText, typeCSV, typeTSV:
		return false
	}
	return true
}

// loses tells whether some text may be missing: a guess of charset loses none, nor
// does a member of an archive that only could not be unpacked.
func loses(warn warnings) bool {
	for _, w := range warn {
		switch w.Code {
		case "charset_guessed", "archive_path", "archive_collision", "archive_link", "archive_setuid":
		default:
			return true
		}
	}
	return false
}

// unread is the result of a document for which there is no reader: none where no
// text is expected, failed where there was some.
func unread(mediaType string, in Input) Result {
	res := Result{MediaType: mediaType, Outcome: relais.ExtractionNone}
	switch family := relais.Family(mediaType); {
	case in.Size <= 0:
		res.Warnings = []relais.Warning{{Code: "empty"}}
	case family == relais.FamilyImage:
		res.Warnings = []relais.Warning{{Code: "image_no_text"}}
	case family == relais.FamilyOther:
		res.Warnings = []relais.Warning{{Code: "unsupported_format"}}
	default:
		return failed(mediaType, "", "unsupported_format", "")
	}
	return res
}

// lockedType names an encrypted office document: which kind it is, only its name
// can say.
func lockedType(name string) string {
	name = strings.ToLower(name)
	for ext, t := range map[string]string{".docx": typeDocx, ".xlsx": typeXlsx, ".pptx": typePptx} {
		if strings.HasSuffix(name, ext) {
			return t
		}
	}
	return typeLocked
}

// failed is the result of a document that had text, of which none was read.
func failed(mediaType, extractor, code, detail string) Result {
	return Result{MediaType: mediaType, Extractor: extractor, Outcome: relais.ExtractionFailed,
		Warnings: []relais.Warning{{Code: code, Detail: detail}}}
}

// readBody reads a whole document into memory, up to the limit of a message.
func readBody(in Input, lim format.Limits) ([]byte, bool, error) {
	n := min(in.Size, lim.MessageBytes)
	if b, ok := in.Body.(readerAt); ok {
		return b[:min(int64(len(b)), n)], n < in.Size, nil
	}
	b := make([]byte, n)
	got, err := in.Body.ReadAt(b, 0)
	if err != nil && err != io.EOF {
		return nil, false, fmt.Errorf("read document: %w", err)
	}
	return b[:got], n < in.Size, nil
}
