package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/relais-archive/relais/internal/relais"
)

// errLost ends the context of work whose lock the server has released.
var errLost = errors.New("the connection that held the lock was lost")

// Alone runs fn while no other process runs one under the same name; no transaction may
// lock that name. The lock belongs to a connection of its own: when the process dies, the
// server lets the next one in. When the connection is lost while fn runs, the context of
// fn ends and the error is of relais.KindUnavailable: somebody else may have begun.
func (db *DB) Alone(ctx context.Context, name string, fn func(context.Context) error) error {
	const op = "work alone"
	conn, err := pgx.ConnectConfig(ctx, db.config)
	if err != nil {
		return Error(op, err)
	}
	defer func() {
		// Closing lets the lock go, also where ctx has ended.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = conn.Close(ctx) // what cannot be closed is lost, and the lock with it
	}()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, db.key(name)); err != nil {
		return Error(op, err)
	}
	held, lose := context.WithCancelCause(ctx)
	defer lose(nil)
	unwatch := watch(ctx, conn, lose)
	err = fn(held)
	unwatch()
	if errors.Is(context.Cause(held), errLost) {
		return relais.E(relais.KindUnavailable, op, errLost)
	}
	return err
}

// watch calls lose when the connection ends; it stops watching when what it returns is
// called. The end of a connection goes unnoticed unless somebody waits on it.
func watch(ctx context.Context, conn *pgx.Conn, lose context.CancelCauseFunc) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			// Nobody notifies us: this returns when ctx or the connection ends.
			if _, err := conn.WaitForNotification(ctx); err != nil && ctx.Err() == nil {
				lose(errLost)
				return
			}
		}
	}()
	return func() { cancel(); <-done }
}
