package format

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// corpusDir gives the test corpus, or skips the test.
func corpusDir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("RELAIS_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	if _, err := os.Stat(filepath.Join(dir, "mail")); err != nil {
		t.Skip("no corpus: set RELAIS_CORPUS")
	}
	return dir
}

type expectedAddress struct{ Name, Addr string }

type expectedAttachment struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	Nested bool   `json:"nested_message"`
}

// expectedMail is one line of corpus/expected/mail.jsonl.gz.
type expectedMail struct {
	ID          string               `json:"id"`
	RawSHA256   string               `json:"raw_sha256"`
	RawSize     int                  `json:"raw_size"`
	Subject     string               `json:"subject"`
	From        []expectedAddress    `json:"from"`
	To          []expectedAddress    `json:"to"`
	Cc          []expectedAddress    `json:"cc"`
	MessageID   string               `json:"message_id"`
	Date        *time.Time           `json:"date"`
	Attachments []expectedAttachment `json:"attachments"`
	HasPlain    bool                 `json:"has_plain"`
	HasHTML     bool                 `json:"has_html"`
	Keywords    []string             `json:"keywords"`
	Disagree    []string             `json:"disagree"`
}

func readExpected(t testing.TB, dir string) []expectedMail {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "expected", "mail.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var list []expectedMail
	for dec := json.NewDecoder(bufio.NewReader(z)); ; {
		var m expectedMail
		if err := dec.Decode(&m); err == io.EOF {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, m)
	}
}

// corpusMessages gives the bytes of messages by the id of the expected results: a
// path, or path#n within an mbox.
func corpusMessages(t testing.TB, dir string, ids []string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	boxes := map[string][][]byte{}
	for _, id := range ids {
		file, n, box := strings.Cut(id, "#")
		if !box {
			out[id] = readFile(t, filepath.Join(dir, file))
			continue
		}
		if boxes[file] == nil {
			boxes[file] = splitAll(t, readFile(t, filepath.Join(dir, file)))
		}
		i, err := strconv.Atoi(n)
		if err != nil || i >= len(boxes[file]) {
			t.Errorf("%s: the mbox has %d messages", id, len(boxes[file]))
			continue
		}
		out[id] = boxes[file][i]
	}
	return out
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func splitAll(t testing.TB, b []byte) [][]byte {
	t.Helper()
	var out [][]byte
	m := NewMbox(bytes.NewReader(b), 0, MboxRD)
	for {
		msg, err := m.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		one, err := io.ReadAll(msg.Body)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, one)
	}
}
