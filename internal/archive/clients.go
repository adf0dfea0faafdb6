package archive

import (
	"context"
	"fmt"
	"io"

	"github.com/relais-archive/relais/internal/crm"
	"github.com/relais-archive/relais/internal/relais"
)

// ImportClients adds clients and contacts from CSV files; documents already there
// are tagged anew. Rows that could not be read are sent as refusals.
func (ar *Archive) ImportClients(ctx context.Context, clients, contacts io.Reader, emit func(relais.Event)) error {
	list, problems, err := crm.ReadClients(clients)
	if err != nil {
		return err
	}
	refused := tellProblems("clients", problems, emit)
	people, problems, err := crm.ReadContacts(contacts)
	if err != nil {
		return err
	}
	refused += tellProblems("contacts", problems, emit)
	changed, err := ar.on.State.PutClients(ctx, list, people)
	if err != nil {
		return err
	}
	emit(relais.Event{Type: "imported", Result: map[string]int{"clients": len(list), "contacts": len(people), "changed": changed, "refused": refused}})
	if changed == 0 {
		return nil
	}
	ar.pipeline.Start(ctx)
	ar.pipeline.Renew()
	return ar.Wait(ctx, emit)
}

// tellProblems sends what was passed over of a table, and counts the rows of which
// nothing was read.
func tellProblems(table string, problems []crm.Problem, emit func(relais.Event)) (refused int) {
	for _, p := range problems {
		if !p.Refused {
			emit(relais.Event{Type: "note", Source: table, Detail: table + ", " + p.String()})
			continue
		}
		refused++
		emit(relais.Event{Type: "refused", Source: table, Refusal: &relais.Refusal{
			Source: table, Position: fmt.Sprintf("line %d", p.Line), Stage: "import", Code: "row", Detail: p.Reason, Attempts: 1,
		}})
	}
	return refused
}
