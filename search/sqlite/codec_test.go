package sqlite

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// someColumns makes rows with lists short and long, and dates of every kind.
func someColumns(dicts *dictionaries, n int) *columns {
	r := rand.New(rand.NewPCG(1, 2))
	c := makeColumns(0, n)
	for i := range n {
		e := relais.Envelope{CaseID: "c1", Revision: r.Int64()}
		e.Document = relais.Document{ID: relais.DocumentID(time.Unix(int64(i), 0).String()), Case: "Départ", Kind: relais.KindMessage, Size: r.Int64(),
			Date: time.UnixMilli(r.Int64N(1 << 45)).UTC(), MessageID: "m", Clients: []relais.Tag{{ID: "K", Name: "é\x00", Confidence: 900}}}
		if i%3 == 0 {
			e.Document.Date, e.Document.Clients = time.Time{}, nil
		}
		c.add(uint32(3*i), &e, dicts)
		c.lengths[i] = search.Lengths{search.ColumnNew: r.Uint32(), search.ColumnFilename: uint32(i)}
	}
	c.addRemoval(uint32(3 * n))
	return c
}

func TestCodec(t *testing.T) {
	dicts := newDictionaries()
	dicts[fieldCase].code(list{{ID: "other", Name: "so that codes are not places"}})
	want := someColumns(dicts, 50)
	lists := dicts.lists()
	got, err := decode(encode(want, &lists), dicts)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(columns{})); d != "" {
		t.Errorf("columns changed (-want +got):\n%s", d)
	}
	other := newDictionaries()
	if got, err = decode(encode(want, &lists), other); err != nil {
		t.Fatal(err)
	}
	if l := other[fieldCase].lists[got.codes[fieldCase][0]]; !cmp.Equal(l, list{{ID: "c1", Name: "Départ"}}) {
		t.Errorf("in other dictionaries the case is %v", l)
	}
}

// FuzzDecode: whatever the bytes, an error or columns that can be used. The checksum
// is made to match, or nothing would get past it.
func FuzzDecode(f *testing.F) {
	dicts := newDictionaries()
	lists := new([fields][]list)
	f.Add([]byte{})
	for _, n := range []int{0, 1, 5} {
		c := someColumns(dicts, n)
		*lists = dicts.lists()
		f.Add(encode(c, lists)[4:])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		b = append(binary.LittleEndian.AppendUint32(nil, castagnoli(b)), b...)
		dicts := newDictionaries()
		c, err := decode(b, dicts)
		if err != nil {
			if relais.KindOf(err) != relais.KindDamaged {
				t.Errorf("error of kind %s", relais.KindOf(err))
			}
			return
		}
		lists := dicts.lists()
		for f := range c.codes {
			for _, code := range c.codes[f] {
				_ = lists[f][code]
			}
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add("e30")
	f.Fuzz(func(t *testing.T, s string) {
		req := checkedEverything(t)
		req.Cursor = s
		if _, err := openCursor(req); err != nil && relais.KindOf(err) != relais.KindInvalid {
			t.Errorf("error of kind %s", relais.KindOf(err))
		}
	})
}
