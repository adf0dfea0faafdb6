package state

import (
	"cmp"
	"slices"

	"github.com/relais-archive/relais/internal/relais"
)

func folderOf(folders map[[2]string]*relais.SourceBalance, source, folder string) *relais.SourceBalance {
	key := [2]string{source, folder}
	f, ok := folders[key]
	if !ok {
		f = &relais.SourceBalance{Source: source, Folder: folder}
		folders[key] = f
	}
	return f
}

// settle puts folders and reasons in order and says whether the account balances:
// nothing is pending, every folder was read, and no folder's own count is above what
// was seen of it.
func settle(b *relais.Balance, folders map[[2]string]*relais.SourceBalance, reasons map[string]int64) {
	b.Balanced = b.Seen == b.Sum() && b.Pending == 0 && b.FoldersUnread == 0
	for _, f := range folders {
		b.Sources = append(b.Sources, *f)
		if f.Announced != nil && *f.Announced > f.Seen {
			b.Balanced = false
		}
	}
	slices.SortFunc(b.Sources, func(x, y relais.SourceBalance) int {
		return cmp.Or(cmp.Compare(x.Source, y.Source), cmp.Compare(x.Folder, y.Folder))
	})
	b.Reasons = relais.SortedReasons(reasons)
}
