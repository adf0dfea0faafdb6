package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/relais-archive/relais/internal/relais"
)

const opRead = "read pack"

// reader reads a range of an object. A body that ends before its time or stalls is
// asked for again from there on, a few times in all.
type reader struct {
	ctx    context.Context //nolint:containedctx // the reader's life is one request's
	bucket *Bucket
	key    string
	pos    int64
	end    int64 // where the range ends; -1 until an answer has told

	body   io.ReadCloser // nil when it has to be asked for
	cancel context.CancelCauseFunc
	watch  *time.Timer // ends a request whose server is silent
	cuts   int
}

// openReader asks for a range of length bytes, or to the end where length is -1.
func openReader(ctx context.Context, b *Bucket, key string, offset, length int64) (*reader, error) {
	r := &reader{ctx: ctx, bucket: b, key: key, pos: offset, end: -1}
	if length >= 0 {
		// An empty range cannot be requested: one byte is, to learn whether the pack is
		// there.
		r.end = offset + max(length, 1)
	}
	if err := r.open(); err != nil {
		return nil, err
	}
	if length == 0 {
		r.end = offset
	}
	return r, nil
}

// open asks for what is left of the range.
func (r *reader) open() error {
	return r.bucket.retry(r.ctx, opRead, func(ctx context.Context) error {
		ctx, r.cancel = context.WithCancelCause(ctx)
		silence := r.bucket.opt.Silence
		r.watch = time.AfterFunc(silence, func() { r.cancel(errSilent(silence)) })
		err := r.ask(ctx)
		r.watch.Stop()
		if err != nil && r.ctx.Err() == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			r.drop()
		}
		return err
	})
}

// ask makes one request and checks that its answer is the range that was wanted.
func (r *reader) ask(ctx context.Context) error {
	opts := minio.GetObjectOptions{}
	opts.Set("Range", fmt.Sprintf("bytes=%d-", r.pos))
	if r.end >= 0 {
		opts.Set("Range", fmt.Sprintf("bytes=%d-%d", r.pos, r.end-1))
	}
	body, info, header, err := r.bucket.client.GetObject(ctx, r.bucket.name, r.key, opts)
	var answer minio.ErrorResponse
	if errors.As(err, &answer) && answer.StatusCode == http.StatusRequestedRangeNotSatisfiable && r.cuts == 0 {
		r.end, r.body = r.pos, http.NoBody // the pack ends before the range begins
		return nil
	}
	if err != nil {
		return err
	}
	r.body = body
	return r.settle(info.Size, header)
}

// settle learns from an answer where the range ends.
func (r *reader) settle(size int64, header http.Header) error {
	first, last, total := int64(0), size-1, size
	if text := header.Get("Content-Range"); text != "" { // RFC 9110, 14.4
		if _, err := fmt.Sscanf(text, "bytes %d-%d/%d", &first, &last, &total); err != nil {
			return relais.Errorf(relais.KindUnavailable, opRead, "the answer's range cannot be read")
		}
	}
	want := total
	if r.end >= 0 {
		want = min(r.end, total)
	}
	if first != r.pos || last+1 < want || size < 0 {
		return relais.Errorf(relais.KindUnavailable, opRead, "asked from byte %d to %d, answered from %d to %d", r.pos, want, first, last+1)
	}
	r.end = want
	return nil
}

// Read reads on, over cuts if need be.
func (r *reader) Read(p []byte) (int, error) {
	for {
		if r.pos >= r.end {
			return 0, io.EOF
		}
		if r.body == nil {
			if err := r.open(); err != nil {
				return 0, err
			}
			continue
		}
		r.watch.Reset(r.bucket.opt.Silence)
		n, err := r.body.Read(p[:min(int64(len(p)), r.end-r.pos)])
		r.watch.Stop()
		r.pos += int64(n)
		if err != nil && r.pos < r.end {
			err = r.cut(err)
		} else {
			err = nil
		}
		if n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
	}
}

// cut drops a body that ended too early; the error is that of a server that goes on
// doing so.
func (r *reader) cut(err error) error {
	r.drop()
	if r.cuts++; r.cuts < attempts && r.ctx.Err() == nil {
		return nil
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // an EOF would say that this is all
	}
	_, told := fault(r.ctx, opRead, err)
	return told
}

// drop lets a request go.
func (r *reader) drop() {
	if r.body != nil {
		_ = r.body.Close()
	}
	r.body = nil
	r.watch.Stop()
	r.cancel(nil)
}

// Close lets the request go.
func (r *reader) Close() error {
	r.end = r.pos
	r.drop()
	return nil
}
