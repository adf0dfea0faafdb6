package archive

import (
	"context"
	"strings"

	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/relais"
)

// remedy is what mends a fault.
type remedy int

const (
	remedyIndex  remedy = iota // the index is made again from the enriched documents
	remedyState                // what is remembered is made again from the captured bytes
	remedyBackup               // nothing here makes it again, and what could be rests on it
	remedyAudit                // nor the account of who did what, on which nothing rests
)

// remedies are those that some faults want.
type remedies map[remedy]bool

// remedyOf tells what mends a fault. What is not known to be made again is not.
func remedyOf(f blob.Fault) remedy {
	switch {
	case strings.HasPrefix(f.Code, "index_"), f.Code == "file_damaged" && f.Pack == IndexFile:
		return remedyIndex
	case f.Code == "file_damaged" && f.Pack == StateFile:
		return remedyState
	}
	switch f.Code {
	case "audit_chain":
		return remedyAudit
	case "document_unseen", "occurrence_undocumented", "envelope_unknown", "envelopes_differ", "tags_differ",
		"document_unreadable", "record_unknown", "item_forgotten":
		return remedyState
	}
	return remedyBackup
}

// hint tells people the next step.
func (r remedies) hint() string {
	switch {
	case r[remedyBackup]:
		return "bring back from a backup what is damaged: nothing here makes packs, keys, streams, cases, clients and decisions again; then `relais verify --repair` for the rest"
	case r[remedyAudit]:
		return "keep the damaged audit log as it is, and a backup of it beside it: somebody or something has changed it"
	}
	return "`relais verify --read-data --repair` makes the index, and what is remembered of documents, again"
}

// repair makes again what can be, unless what it would be made from is damaged itself:
// then documents would go that are there. Damaged rows are dropped first, since reading
// would find them.
func (ar *Archive) repair(ctx context.Context, r remedies, emit func(relais.Event)) error {
	if !r[remedyIndex] && !r[remedyState] {
		return nil
	}
	if r[remedyBackup] {
		emit(relais.Event{Type: "note", Detail: "not_repaired Nothing was made again: what it is made from is damaged."})
		return nil
	}
	dropped, err := ar.on.State.DropSpoiled(ctx)
	if err != nil {
		return err
	}
	if dropped > 0 {
		emit(relais.Event{Type: "note", Detail: "rows_dropped " + relais.Number(dropped, "damaged row", "damaged rows") + " of items and documents; they are made again."})
	}
	return ar.reindex(ctx, r[remedyState] || dropped > 0, emit)
}
