package api

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/api/client"
	"github.com/relais-archive/relais/internal/relais"
)

// withFiles adds to the rooms an attachment of d1, one of a message that is out of what is
// asked for, and a loose file.
func withFiles() *rooms {
	r := newRooms()
	r.add(inCase, relais.Document{ID: "a1", Kind: relais.KindAttachment, Parent: "d1", Name: "offre.pdf"})
	r.add(inCase, relais.Document{ID: "a2", Kind: relais.KindAttachment, Parent: "d0", Name: "../../plan\u202efdp.exe"})
	r.add(inCase, relais.Document{ID: "f1", Kind: relais.KindFile, Name: "tarif.txt", Case: "Departure of Ann", Date: noon(4), Size: 3})
	r.order = []relais.DocumentID{"f1", "d2", "a2", "d1", "a1"}
	return r
}

// exported asks for an export in parts, through the client, and gives a line a part.
func exported(t *testing.T, r *rooms, query string) ([]string, error) {
	t.Helper()
	srv := httptest.NewServer(r.server().Handler())
	defer srv.Close()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	err = client.New(srv.URL, srv.Client(), complianceToken).Export(t.Context(), q, func(e relais.Exported, fault relais.Kind, body io.Reader) error {
		b, err := io.ReadAll(body)
		list = append(list, strings.TrimSpace(strings.Join([]string{string(e.ID), string(e.Kind), e.Name, string(fault), string(b)}, " ")))
		return err
	})
	return list, err
}

func TestExportInParts(t *testing.T) {
	r := withFiles()
	got, err := exported(t, r, "all=1&format=eml")
	want := []string{"a2 attachment plan_fdp.exe  eml", "d1 message   eml", "d2 message   eml", "f1 file tarif.txt  eml"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if len(r.entries) != 1 || r.entries[0].Count != 5 {
		t.Errorf("recorded as %+v", r.entries)
	}
	got, err = exported(t, r, "all=1&format=mbox&parts=1")
	want[1] = "d1 message   From relais@localhost Fri Mar  1 12:00:00 2024\neml"
	want[2] = "d2 message   From relais@localhost Sat Mar  2 12:00:00 2024\neml"
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	r.order = nil
	if got, err = exported(t, r, "all=1&format=eml"); len(got) != 0 || err != nil {
		t.Errorf("of nothing: %q, %v", got, err)
	}
}

// TestAFaultCostsOneDocument: what is damaged is named, as it is opened and within, and all
// others are sent; what a moment denies ends the answer.
func TestAFaultCostsOneDocument(t *testing.T) {
	for _, format := range []string{"format=eml", "format=mbox&parts=1"} {
		r := withFiles()
		r.raw["d1"] = Raw{Body: &broken{first: "half"}}
		got, err := exported(t, r, "all=1&"+format)
		if err != nil || len(got) != 5 || !strings.HasPrefix(got[1], "d1") || got[2] != "d1 message  damaged" || got[4] != "f1 file tarif.txt  eml" {
			t.Errorf("%s: %q, %v", format, got, err)
		}
	}
	r := withFiles()
	r.failures.documents = relais.Errorf(relais.KindDamaged, "open", "a flipped bit")
	if got, err := exported(t, r, "all=1&format=eml"); err != nil || len(got) != 5 || got[0] != "a1   damaged" {
		t.Errorf("all of them: %q, %v", got, err)
	}
	r.failures.documents = relais.Errorf(relais.KindUnavailable, "open", "the disk is away")
	if got, err := exported(t, r, "all=1&format=eml"); err == nil {
		t.Errorf("what is cut looks whole: %q", got)
	}
}

// TestMboxTellsWhatItLeavesOut: a mailbox alone has no room for files, and says so.
func TestMboxTellsWhatItLeavesOut(t *testing.T) {
	srv := httptest.NewServer(withFiles().server().Handler())
	defer srv.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/api/v1/export?all=1&format=mbox", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+complianceToken)
	res, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }() // read to its end
	b, err := io.ReadAll(res.Body)
	if err != nil || strings.Count(string(b), "From relais@localhost") != 2 || res.Trailer.Get(headerLeftOut) != "2" {
		t.Errorf("%q, %v, left out %q", b, err, res.Trailer)
	}
}
