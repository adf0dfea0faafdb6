package wire

import (
	"context"
	"errors"

	"github.com/relais-archive/relais/internal/archive"
	"github.com/relais-archive/relais/internal/audit"
	"github.com/relais-archive/relais/internal/relais"
)

// Promote copies the archive embedded in the data directory to the servers that the
// settings name, and tells of each step. The archive there can be opened once all of it
// was verified; interrupted, Promote goes on where it was.
func (p Program) Promote(ctx context.Context, emit func(relais.Event)) (err error) {
	embedded := p
	embedded.Stream, embedded.Index, embedded.Blobs, embedded.State = "", "", "", ""
	source := &opening{Program: embedded}
	if err = source.openDirectory(ctx, false); err != nil {
		return errors.Join(err, closeAll(source.closers))
	}
	from, err := source.assemble(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	target := &opening{Program: p, half: true}
	move := &archive.Promotion{From: from.Archive, Emit: emit, CopyAudit: func(ctx context.Context, told func(int64)) error {
		return copyAudit(ctx, source.on.Audit, target.on.Audit, told)
	}}
	if err := move.Drain(ctx); err != nil {
		return err
	}
	to, err := target.openHalf(ctx, move)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if err := move.Run(ctx, to.Archive); err != nil {
		return err
	}
	target.location = source.location
	if err := target.writeSettings(ctx); err != nil {
		return err
	}
	emit(relais.Event{Type: "promoted", Detail: "The archive is on the servers, in namespace " + p.Namespace + ". Go on with it there; the directory stays as it was."})
	return nil
}

// openHalf opens the servers for a promotion: an empty namespace, or one that an
// earlier attempt with the same archive left half full.
func (o *opening) openHalf(ctx context.Context, move *archive.Promotion) (*Handle, error) {
	err := o.openServers(ctx, true)
	if err == nil && !o.fresh {
		err = relais.WithHint(relais.Errorf(relais.KindConflict, "promote", "namespace %s holds an archive already", o.Namespace),
			"--namespace names another")
	}
	if err == nil {
		err = move.Claim(ctx, o.on.State)
	}
	if err != nil {
		return nil, errors.Join(err, closeAll(o.closers))
	}
	return o.assemble(ctx)
}

func copyAudit(ctx context.Context, from, to audit.Log, told func(seq int64)) error {
	file, ok := from.(*audit.File)
	table, server := to.(*audit.Postgres)
	if !ok || !server {
		return relais.Errorf(relais.KindInternal, "copy audit log", "%T cannot become %T", from, to)
	}
	return audit.Copy(ctx, file, table, told)
}
