package extract

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"

	"github.com/richardlehane/mscfb"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

// maxOLEStreams bounds how many streams of a compound file are looked at.
const maxOLEStreams = 4_096

// readOLE gives the text of the documents that a compound file (MS-CFB) of no kind
// of its own only wraps: the objects embedded in office documents.
func readOLE(ctx context.Context, in Input, lim format.Limits) (Result, error) {
	w := newWork(in, lim)
	cf, err := mscfb.New(io.NewSectionReader(in.Body, 0, in.Size))
	if err != nil {
		return failed("", "", "archive_damaged", ""), nil
	}
	var warn warnings
	out, found := newTextBuf(lim.TextBytes), false
	for range maxOLEStreams {
		e, err := cf.Next()
		if err != nil || ctx.Err() != nil {
			break
		}
		b, name := wrapped(e)
		if b == nil || w.depth >= lim.ArchiveDepth {
			continue
		}
		found = true
		w.bytes -= int64(len(b))
		r := w.unwrapped(ctx, Input{Name: name, Size: int64(len(b)), Body: readerAt(b)})
		out.line()
		out.writeString(name)
		out.writeByte('\n')
		out.writeString(r.Text)
		warn.addLosses(r.Warnings)
	}
	if !found {
		return Result{Outcome: relais.ExtractionNone, Warnings: []relais.Warning{{Code: "unsupported_format"}}}, ctx.Err()
	}
	return Result{Text: string(out.b), Warnings: warn}, ctx.Err()
}

// unwrapped reads a document that this one is only the wrapping of: it stands at
// the same depth, unless it is a wrapping again.
func (w *work) unwrapped(ctx context.Context, in Input) Result {
	if sniffBytes(readHead(in), in) != typeOLE {
		w.depth--
		defer func() { w.depth++ }()
	}
	return w.inside(ctx, in)
}

// wrapped gives the document in a stream that holds one, and the name it had.
func wrapped(e *mscfb.File) (b []byte, name string) {
	switch e.Name {
	case "Package", "CONTENTS", "Contents", "EmbeddedOdf":
		b, _ = readUpTo(e, nil, min(e.Size, maxMember)) // a cut one is read as far as it goes
		return b, ""
	case "Ole10Native":
		b, _ = readUpTo(e, nil, min(e.Size, maxMember))
		return nativeObject(b)
	}
	return nil, ""
}

// nativeObject unwraps an OLENativeStream made by the packager (MS-OLEDS 2.3.6 and
// what every reader knows of its data): size, two bytes, label, file name, four
// bytes, length and path, length and file.
func nativeObject(b []byte) (data []byte, name string) {
	if len(b) < 8 {
		return nil, ""
	}
	b = b[6:]
	label, b, _ := bytes.Cut(b, []byte{0})
	_, b, ok := bytes.Cut(b, []byte{0})
	if !ok || len(b) < 8 {
		return nil, ""
	}
	b = b[4:]
	path := uint64(binary.LittleEndian.Uint32(b))
	if uint64(len(b)) < 8+path {
		return nil, ""
	}
	b = b[4+path:]
	size := uint64(binary.LittleEndian.Uint32(b))
	b = b[4:]
	return b[:min(size, uint64(len(b)))], string(decodeAll(codepage(1252), label))
}
