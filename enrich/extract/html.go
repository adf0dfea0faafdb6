package extract

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"

	"github.com/relais-archive/relais/internal/format"
	"github.com/relais-archive/relais/internal/relais"
)

const (
	// maxHTMLToken bounds one tag or one run of text in memory.
	maxHTMLToken = 4 << 20
	// maxQuoteDepth bounds how many "> " a quoted line begins with.
	maxQuoteDepth = 16
)

// ruleLine stands for <hr>: what Outlook writes in plain text between an answer and
// the message it answers, so that zones see one rule in both.
const ruleLine = "________________________________"

// HTMLText turns HTML, such as a mail body, into text: blocks become lines, cells
// tabs, list items begin with "- ", and what is in a blockquote begins with "> ",
// once a level, as in plain-text mail. Scripts, styles and comments are left out,
// links and pictures are not fetched. It takes time linear in the input, opens no
// file and may run in any process. The text is UTF-8, NFC, LF, cut at
// lim.TextBytes with a warning.
func HTMLText(src string, lim format.Limits) (string, []relais.Warning) {
	var warn warnings
	h := &htmlText{out: newTextBuf(lim.TextBytes)}
	h.out.b = make([]byte, 0, min(len(src)/4, int(lim.TextBytes))) // most of HTML is markup
	if err := h.run(strings.NewReader(src)); err != nil {
		warn.add("html_cut", "")
	}
	text, cut := finish(h.out.b, true, lim.TextBytes)
	if cut || h.out.full {
		warn.add("text_limit", "")
	}
	return text, warn
}

// readHTML reads a file of HTML: unlike a mail body its charset has to be found (the
// declared one, a meta tag, statistics), and its title is text.
func readHTML(_ context.Context, in Input, lim format.Limits) (Result, error) {
	b, cut, err := readBody(in, lim)
	if err != nil {
		return Result{}, err
	}
	var warn warnings
	declared := in.Charset
	if _, name, certain := charset.DetermineEncoding(b[:min(len(b), 1024)], in.MediaType); certain || declared == "" && name != "windows-1252" {
		declared = name
	}
	text, guessed := toUTF8(b, declared)
	if guessed {
		warn.add("charset_guessed", "")
	}
	h := &htmlText{out: newTextBuf(lim.TextBytes), title: true}
	if h.run(bytes.NewReader(text)) != nil || cut {
		warn.add("html_cut", "")
	}
	if h.out.full {
		warn.add("text_limit", "")
	}
	return Result{Text: string(h.out.b), Warnings: warn}, nil
}

// htmlText writes the text of one HTML document, token by token. No tree is built:
// the depth of nesting costs nothing.
type htmlText struct {
	out   *textBuf
	title bool // the title is text too: of a file, not of a mail body
	quote int  // blockquotes open
	pre   int  // <pre> open
	muted bool // within a raw text element whose text is none: it ends at the next tag
	blank bool // white space is owed before the next word
}

// run feeds every token to the writer, until the end or until the room for text is
// used up. Its error is that a token was larger than maxHTMLToken.
func (h *htmlText) run(r io.Reader) error {
	z := html.NewTokenizer(r)
	z.SetMaxBuf(maxHTMLToken)
	for !h.out.full {
		switch z.Next() {
		case html.ErrorToken:
			if err := z.Err(); !errors.Is(err, io.EOF) {
				return err
			}
			return nil
		case html.TextToken:
			if !h.muted {
				h.text(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			h.open(atom.Lookup(name), z, more)
		case html.EndTagToken:
			name, _ := z.TagName()
			h.close(atom.Lookup(name))
		}
	}
	return nil
}

// open handles a start tag.
func (h *htmlText) open(tag atom.Atom, z *html.Tokenizer, attrs bool) {
	switch tag {
	case atom.Script, atom.Style, atom.Iframe, atom.Noembed, atom.Noframes:
		h.muted = true
	case atom.Title:
		h.muted = !h.title
	case atom.Br:
		h.newline()
	case atom.Hr:
		h.line()
		h.word(ruleLine)
		h.line()
	case atom.Li:
		h.line()
		h.word("- ")
	case atom.Td, atom.Th:
		if h.out.last() != '\n' {
			h.out.cell()
		}
		h.blank = false
	case atom.Img, atom.Area:
		if attrs {
			h.alt(z)
		}
	case atom.Blockquote:
		h.line()
		h.quote++
	case atom.Pre, atom.Textarea, atom.Listing, atom.Plaintext, atom.Xmp:
		h.line()
		h.pre++
	default:
		h.block(tag)
	}
}

// close handles an end tag.
func (h *htmlText) close(tag atom.Atom) {
	h.muted = false
	switch tag {
	case atom.Blockquote:
		h.line()
		h.quote = max(h.quote-1, 0)
	case atom.Pre, atom.Textarea, atom.Listing, atom.Xmp:
		h.line()
		h.pre = max(h.pre-1, 0)
	case atom.Title:
		h.line()
	case atom.Td, atom.Th:
		h.blank = true
	default:
		h.block(tag)
	}
}

// block ends the line at the borders of block elements; paragraphs and headings
// have an empty line around them.
func (h *htmlText) block(tag atom.Atom) {
	switch tag {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Dl, atom.Table:
		h.line()
		if h.quote == 0 && len(h.out.b) > 0 {
			h.out.writeByte('\n')
		}
	case atom.Div, atom.Tr, atom.Dt, atom.Dd, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Aside,
		atom.Nav, atom.Main, atom.Form, atom.Fieldset, atom.Legend, atom.Address, atom.Center, atom.Caption,
		atom.Body, atom.Html, atom.Head, atom.Figure, atom.Figcaption, atom.Option, atom.Details, atom.Summary,
		atom.Tbody, atom.Thead, atom.Tfoot, atom.Dir, atom.Menu, atom.Frame, atom.Li:
		h.line()
	}
}

// line ends the current line, if any; newline always does.
func (h *htmlText) line() {
	h.out.line()
	h.blank = false
}

// newline ends the line even when it is empty, as <br> does.
func (h *htmlText) newline() {
	if h.out.last() == '\n' {
		h.prefix()
	}
	h.out.writeByte('\n')
	h.blank = false
}

// prefix begins a line within quotes.
func (h *htmlText) prefix() {
	for range min(h.quote, maxQuoteDepth) {
		h.out.writeString("> ")
	}
}

// word writes a run without line feeds, after the blank that came before it.
func (h *htmlText) word(s string) {
	h.before()
	h.out.writeString(s)
}

// before makes ready for a word: at the start of a line the marks of the quotes that
// it is in, elsewhere the white space that is owed.
func (h *htmlText) before() {
	if h.out.last() == '\n' {
		h.prefix()
	} else if h.blank {
		h.out.space()
	}
	h.blank = false
}

// text writes characters, each run of white space as one blank, or as it stands
// within <pre>.
func (h *htmlText) text(s []byte) {
	if h.pre > 0 {
		h.preformatted(s)
		return
	}
	for len(s) > 0 {
		if isHTMLSpace(s[0]) {
			h.blank = true
			s = s[1:]
			continue
		}
		if h.blank || h.out.last() == '\n' {
			h.before()
		}
		n := 1
		for n < len(s) && !isHTMLSpace(s[n]) {
			n++
		}
		h.out.write(s[:n])
		s = s[n:]
	}
}

// preformatted keeps the lines and blanks of <pre>, within the quotes around it.
func (h *htmlText) preformatted(s []byte) {
	for len(s) > 0 {
		l, rest, found := bytes.Cut(s, []byte("\n"))
		if l = bytes.TrimRight(l, "\r"); len(l) > 0 {
			h.before()
			h.out.write(l)
		}
		if found {
			h.newline()
		}
		s = rest
	}
}

// isHTMLSpace knows the ASCII white space of HTML, which a no-break space is not.
func isHTMLSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f'
}

// alt writes what a picture says of itself, where it says something: not a file
// name, nor the spacers of newsletters.
func (h *htmlText) alt(z *html.Tokenizer) {
	for {
		key, val, more := z.TagAttr()
		if string(key) == "alt" && len(val) > 2 && len(val) < 300 && !bytes.ContainsAny(val, "./\\") {
			h.blank = true
			h.text(val)
			h.blank = true
		}
		if !more {
			return
		}
	}
}
