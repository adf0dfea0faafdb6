package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

func TestExportIsSorted(t *testing.T) {
	r := newRooms()
	r.order = []relais.DocumentID{"d9", "d2", "d1"}
	w := r.ask(t, complianceToken, "/api/v1/export?all=1")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/x-ndjson" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	var ids []string
	for line := range bytes.Lines(w.Body.Bytes()) {
		var d relais.Document
		if err := json.Unmarshal(line, &d); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, string(d.ID))
		if keys := keysOf(t, line); !slices.IsSorted(keys) || slices.Contains(keys, "cc") {
			t.Errorf("keys %v", keys)
		}
	}
	if !slices.Equal(ids, []string{"d1", "d2", "d9"}) {
		t.Errorf("ids %v", ids)
	}
	if again := r.ask(t, complianceToken, "/api/v1/export?all=1"); again.Body.String() != w.Body.String() {
		t.Error("a second export differs")
	}
}

// keysOf lists the keys of a JSON object in the order they stand in.
func keysOf(t *testing.T, object []byte) []string {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(object))
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key.(string))
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return keys
}

func TestExportIsOfTheScope(t *testing.T) {
	r := newRooms()
	r.order = []relais.DocumentID{"d9", "d2", "d1"}
	if body := r.ask(t, managerToken, "/api/v1/export?all=1").Body.String(); strings.Contains(body, "Secret") || strings.Count(body, "\n") != 2 {
		t.Errorf("%s", body)
	}
}

func TestExportWantsToKnowWhat(t *testing.T) {
	for _, query := range []string{"", "format=jsonl", "q=+", "all=0", "all=yes", "all=1&format=pst", "q=from:"} {
		problem(t, newRooms().ask(t, complianceToken, "/api/v1/export?"+query), http.StatusBadRequest, relais.KindInvalid)
	}
}

func TestExportReadsEveryPage(t *testing.T) {
	r := newRooms()
	r.order = nil
	for i := range 2500 {
		id := relais.DocumentID("x" + strings.Repeat("0", i%3) + string(rune('a'+i%26)) + strings.Repeat("b", i/26))
		r.docs = append(r.docs, relais.Document{ID: id, Kind: relais.KindNote})
		r.of[id] = inCase
		r.order = append(r.order, id)
	}
	w := r.ask(t, complianceToken, "/api/v1/export?all=1")
	if n := strings.Count(w.Body.String(), "\n"); n != len(r.order) || len(r.asked) != 3 || r.entries[0].Count != 2500 {
		t.Errorf("%d lines, %d searches, count %d", n, len(r.asked), r.entries[0].Count)
	}
}

func TestMboxUndoesItself(t *testing.T) {
	deep := strings.Repeat(">", 300) + "From far\n"
	r := newRooms()
	r.raw["d1"] = Raw{Body: body("Subject: x\n\nFrom here\n>From there\nnot From\n" + deep + "end")}
	w := r.ask(t, complianceToken, "/api/v1/export?q=prix&format=mbox")
	want := "From relais@localhost Fri Mar  1 12:00:00 2024\nSubject: x\n\n>From here\n>>From there\nnot From\n>" + deep + "end\n\n" +
		"From relais@localhost Sat Mar  2 12:00:00 2024\neml\n\n"
	if w.Header().Get("Content-Type") != "application/mbox" || w.Body.String() != want {
		t.Errorf("%q", w.Body)
	}
}

func TestMboxLinesLongerThanTheBuffer(t *testing.T) {
	long := strings.Repeat("x", 200_000) + "From \n"
	var out bytes.Buffer
	if err := quoteMbox(&out, strings.NewReader(long+"From \n")); err != nil || out.String() != long+">From \n\n" {
		t.Errorf("%d bytes, %v", out.Len(), err)
	}
}

// FuzzMbox checks that quoting is undone by taking one ">" from each quoted line.
func FuzzMbox(f *testing.F) {
	f.Add("a\n>From b\r\nFrom c")
	f.Fuzz(func(t *testing.T, message string) {
		var out bytes.Buffer
		if err := quoteMbox(&out, strings.NewReader(message)); err != nil {
			t.Fatal(err)
		}
		var back strings.Builder
		br := bufio.NewReader(&out)
		for {
			line, err := br.ReadString('\n')
			if rest := strings.TrimLeft(line, ">"); strings.HasPrefix(rest, "From ") {
				if rest == line {
					t.Fatalf("an unquoted separator in %q", message)
				}
				line = line[1:]
			}
			back.WriteString(line)
			if err != nil {
				break
			}
		}
		if got := strings.TrimSuffix(back.String(), "\n"); got != message && got != message+"\n" {
			t.Errorf("%q became %q", message, got)
		}
	})
}

func TestACutExportBreaksItsConnection(t *testing.T) {
	r := newRooms()
	r.raw["d1"] = Raw{Body: &broken{first: strings.Repeat("x\n", 1<<16)}}
	srv := httptest.NewServer(r.server().Handler())
	defer srv.Close()
	if err := fetch(t, srv, "/api/v1/export?all=1&format=mbox"); err == nil {
		t.Error("the cut export looks whole")
	}
}

func TestAnExportThatNeverBeganIsAProblem(t *testing.T) {
	r := newRooms()
	r.failures.documents = relais.E(relais.KindUnavailable, "read text", nil)
	problem(t, r.ask(t, complianceToken, "/api/v1/export?all=1"), http.StatusServiceUnavailable, relais.KindUnavailable)
}

// TestExportThatLacks: what an export of everything lacks is named in a header: all of it
// to who sees everything, to others what they could open, and to no one of a query.
func TestExportThatLacks(t *testing.T) {
	for _, tc := range []struct{ token, query, want string }{
		{complianceToken, "all=1", "3 d1 d9 gone"}, {complianceToken, "all=1&format=eml", "3 d1 d9 gone"}, {complianceToken, "all=1&format=mbox", "3 d1 d9 gone"},
		{managerToken, "all=1", "1 d1"}, {complianceToken, "q=prix", ""}, {complianceToken, "all=1&q=prix", ""},
	} {
		r := newRooms()
		r.lost = []relais.DocumentID{"d1", "d9", "gone"}
		w := r.ask(t, tc.token, "/api/v1/export?"+tc.query)
		if got := w.Header().Get(relais.HeaderMissing); w.Code != http.StatusOK || got != tc.want {
			t.Errorf("%s: %d, %q missing, want %q", tc.query, w.Code, got, tc.want)
		}
	}
	r := newRooms()
	for i := range 60 {
		r.lost = append(r.lost, relais.DocumentID(fmt.Sprint("x", i)))
	}
	if words := strings.Fields(r.ask(t, complianceToken, "/api/v1/export?all=1").Header().Get(relais.HeaderMissing)); len(words) != mostNamed+1 || words[0] != "60" {
		t.Errorf("%v", words)
	}
}
