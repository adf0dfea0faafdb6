package statetest

import (
	"testing"

	"github.com/relais-archive/relais/internal/state"
)

// testUnderway: of each group and partition the last batch that was begun is on record,
// after the state was closed too, until its own worker gives it up.
func testUnderway(t *testing.T, open Open) {
	db, ctx := open(t), t.Context()
	must(t, db.Begin(ctx, "g", []state.Underway{{Part: 0, First: 1, Last: 9, Worker: "a"}, {Part: 1, First: 4, Last: 4, Worker: "a"}}))
	must(t, db.Begin(ctx, "other", []state.Underway{{Part: 0, First: 2, Last: 3, Worker: "a"}}))
	alone := state.Underway{Part: 1, First: 4, Last: 4, Worker: "b", Deaths: 2}
	must(t, db.Begin(ctx, "g", []state.Underway{alone}))
	got, err := open(t).Underway(ctx, "g")
	must(t, err)
	equal(t, map[int]state.Underway{0: {Part: 0, First: 1, Last: 9, Worker: "a"}, 1: alone}, got)
	must(t, db.GiveUp(ctx, "g", "a"))
	got, err = db.Underway(ctx, "g")
	must(t, err)
	equal(t, map[int]state.Underway{1: alone}, got)
}
