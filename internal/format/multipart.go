package format

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// multipart reads a body of parts (RFC 2046, section 5.1).
func (w *walker) multipart(e entity) error {
	boundary := e.boundary()
	w.split.push(boundary)
	level := len(w.split.open) - 1
	if w.stop = w.preamble(&e, level); w.stop.level < 0 || w.stop.level != level {
		w.split.pop()
		return nil
	}
	fallback := "text/plain"
	if e.mediaType == "multipart/digest" {
		fallback = "message/rfc822"
	}
	reopened := false
	for n := 1; w.stop.level == level; n++ {
		if w.stop.closing {
			w.epilogue(level)
			if w.stop.level != level {
				w.split.pop()
				return nil
			}
			reopened = true
			continue
		}
		if reopened {
			w.warn.add(warnBoundaryReopened, 1)
			reopened = false
		}
		if err := w.child(&e, n, fallback); err != nil {
			return err
		}
	}
	w.warn.add(warnBoundaryUnclosed, 1)
	w.split.pop()
	return nil
}

// child reads one part of a multipart, or counts it when there are too many.
func (w *walker) child(e *entity, n int, fallback string) error {
	if w.parts >= w.lim.Parts {
		w.warn.add(warnMIMEParts, 1)
		w.stop = w.split.next()
		return nil
	}
	w.parts++
	path := strconv.Itoa(n)
	if e.path != "" {
		path = e.path + "." + path
	}
	c := w.entity(path, e.depth+1, fallback)
	c.alternative = e.alternative || e.mediaType == alternativeType
	return w.part(c)
}

// epilogue skips what follows a closing delimiter, up to another delimiter. One of
// the same multipart opens it again.
func (w *walker) epilogue(level int) {
	if open := w.split.open; slices.Contains(open[:level], open[level]) {
		open[level] = "" // what comes now is of the outer multipart of that boundary
		w.split.forget()
	}
	blank := true
	for {
		b, last := w.split.body(1)
		blank = blank && len(bytes.TrimSpace(b)) == 0
		w.split.took(len(b))
		if last {
			break
		}
	}
	if !blank {
		w.warn.add(warnEpilogue, 1)
	}
	w.stop = w.split.next()
	if w.stop.level == level && w.stop.closing {
		w.epilogueAgain(level)
	}
}

// epilogueAgain goes on after a second closing delimiter, without recursion.
func (w *walker) epilogueAgain(level int) {
	for w.stop.level == level && w.stop.closing {
		w.stop = w.split.next()
	}
}

// boundary gives a multipart's boundary, "" when it declares no valid one.
func (e *entity) boundary() string {
	p, _ := e.params.get("boundary")
	b := strings.TrimRight(p.value, " \t")
	if len(b) > boundaryMost {
		return ""
	}
	return b
}
