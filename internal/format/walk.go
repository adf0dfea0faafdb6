package format

import (
	"io"
	"strings"
)

const (
	alternativeType = "multipart/alternative"

	boundaryMost = 998     // a longer boundary is ignored
	nameMost     = 512     // bytes of a file name that are kept
	drainSize    = 8 << 10 // to read an attachment that nobody asked for
)

// walker reads a message from its first byte to its last.
type walker struct {
	lim    Limits
	attach AttachFunc
	src    *messageSource
	split  *splitter
	warn   warnings
	mail   Mail
	stop   delimiter // that ended the last body
	parts  int
	text   textSink
	html   textSink
	// charset is that of the first body part that declares one: headers without a charset
	// are read in it.
	charset string
	layers  int    // wrappings around what is read
	packed  *TNEF  // the first message found in TNEF
	drain   []byte // room for what nobody reads
	raw     []byte // room for a body part, before it is text
}

// entity is a part of a message, its header read and its body at hand.
type entity struct {
	header      Header
	path        string
	depth       int
	mediaType   string
	declared    bool // the media type was
	params      params
	disposition params
	encoding    string
	alternative bool // within multipart/alternative
}

// newWalker prepares to read one message.
func newWalker(r io.Reader, lim Limits, attach AttachFunc) *walker {
	src := &messageSource{r: r, left: lim.MessageBytes}
	w := &walker{lim: lim, attach: attach, src: src}
	w.split = &splitter{win: newWindow(src), bol: true}
	w.text.left, w.html.left = lim.TextBytes, lim.TextBytes
	return w
}

// messageSource ends a message at its limit and tells whether more followed.
type messageSource struct {
	r    io.Reader
	left int64
	over bool
}

// Read ends at the limit. Whether the source goes on is found out there, once.
func (m *messageSource) Read(p []byte) (int, error) {
	if m.left <= 0 {
		var one [1]byte
		n, err := m.r.Read(one[:])
		m.over = m.over || n > 0
		if n > 0 {
			err = io.EOF
		}
		return 0, err
	}
	n, err := m.r.Read(p[:min(int64(len(p)), m.left)])
	m.left -= int64(n)
	return n, err
}

// message reads a whole message.
func (w *walker) message() error {
	w.split.win.normalise()
	e := w.entity("", 0, "text/plain")
	w.mail.Header = e.header
	if !e.declared {
		w.guessMultipart(&e)
	}
	return w.part(e)
}

// entity reads a part's header.
func (w *walker) entity(path string, depth int, fallback string) entity {
	e := entity{header: readHeader(w.split, w.lim, &w.warn), path: path, depth: depth}
	if field := e.header.Get("Content-Type"); field != "" {
		e.params = parseParams(field, w.lim, &w.warn)
	}
	if field := e.header.Get("Content-Disposition"); field != "" {
		e.disposition = parseParams(field, w.lim, &w.warn)
	}
	e.encoding = e.header.Get("Content-Transfer-Encoding")
	e.mediaType, e.declared = e.params.value, e.params.value != ""
	if w.charset == "" && strings.HasPrefix(e.mediaType, "text") {
		w.charset = e.params.token("charset")
	}
	switch {
	case e.mediaType == "":
		e.mediaType = fallback
	case e.mediaType == "text":
		e.mediaType = "text/plain"
	case e.mediaType == "html":
		e.mediaType = "text/html"
	case !strings.Contains(e.mediaType, "/"):
		e.mediaType = "application/octet-stream"
	}
	return e
}

// part reads the body of an entity, and leaves in stop what ended it.
func (w *walker) part(e entity) error {
	w.detectEncryption(&e)
	if strings.HasPrefix(e.mediaType, "multipart/") {
		if e.depth < w.lim.MIMEDepth {
			texts, htmls := len(w.text.parts), len(w.html.parts)
			err := w.multipart(e)
			if e.mediaType == alternativeType && len(w.text.parts) == texts && len(w.html.parts) > htmls {
				w.mail.HTMLBeside = true
			}
			return err
		}
		w.warn.add(warnMIMEDepth, 1)
	}
	if e.path == "" {
		e.path = "1"
	}
	err := w.leaf(e)
	if err == nil {
		w.stop = w.split.next()
	}
	return err
}

// leaf reads a part that is no multipart: as body, as attachment, or as both.
func (w *walker) leaf(e entity) error {
	d, ok := newDecoder(e.encoding)
	if !ok {
		w.warn.add(warnEncoding, 1)
	}
	body := &bodyReader{s: w.split, d: d}
	name := w.partName(&e)
	var err error
	switch role := w.role(&e, name); {
	case isCMS(&e, name):
		err = w.cms(&e, name, body)
	case isTNEF(&e, name):
		err = w.tnef(&e, name, body)
	case role == roleFile:
		err = w.attachment(w.describe(&e, name), body)
	case role == roleBoth:
		err = w.shownFile(&e, w.describe(&e, name), body)
	case e.mediaType == "text/html":
		w.besides(&e)
		err = w.shown(&e, &w.html, body)
	case isMarkup(e.mediaType):
		err = w.shown(&e, &w.text, body)
	default:
		err = w.plain(&e, body)
	}
	d.report(&w.warn)
	return err
}

// detectEncryption labels what cannot be read (RFC 1847, RFC 8551).
func (w *walker) detectEncryption(e *entity) {
	switch e.mediaType {
	case "multipart/encrypted":
		w.mail.Encrypted = "pgp"
		if strings.Contains(strings.ToLower(e.params.token("protocol")), "pkcs7") {
			w.mail.Encrypted = "smime"
		}
	}
}

// finish puts the mail together once all of it was read.
func (w *walker) finish() *Mail {
	m := &w.mail
	w.finishBody()
	w.finishHeader()
	if w.src.over {
		w.warn.add(warnMessageTruncated, 1)
	}
	m.Warnings = w.warn.sorted()
	return m
}
