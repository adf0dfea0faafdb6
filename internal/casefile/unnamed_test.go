package casefile

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
)

// personal marks the folders that begin with P.
func personal(context.Context) (func(string) bool, error) {
	return func(folder string) bool { return strings.HasPrefix(folder, "P") }, nil
}

// TestMarkedFoldersAreNotNamed: they are one line a source, and the sum stays.
func TestMarkedFoldersAreNotNamed(t *testing.T) {
	three, four := int64(3), int64(4)
	counts := func(quarantined, stored int64) relais.Counts {
		return relais.Counts{Seen: quarantined + stored, Quarantined: quarantined, Stored: stored}
	}
	list := []relais.SourceBalance{
		{Source: "a", Folder: "Inbox", Counts: counts(0, 2)},
		{Source: "a", Folder: "Perso", Announced: &three, Counts: counts(3, 0)},
		{Source: "a", Folder: "Perso/Famille", Announced: &four, Unread: true, Counts: counts(4, 0)},
		{Source: "b", Folder: "Sent", Counts: counts(0, 1)},
		{Source: "c", Folder: "Privé", Counts: counts(1, 0)},
	}
	marked, err := personal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seven := int64(7)
	want := []relais.SourceBalance{
		{Source: "a", Marked: true, Announced: &seven, Unread: true, Counts: counts(7, 0)},
		{Source: "a", Folder: "Inbox", Counts: counts(0, 2)},
		{Source: "b", Folder: "Sent", Counts: counts(0, 1)},
		{Source: "c", Marked: true, Counts: counts(1, 0)},
	}
	if diff := cmp.Diff(want, unnamed(list, marked)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := unnamed(nil, marked); got == nil || len(got) != 0 {
		t.Errorf("nothing is %v", got)
	}
}
