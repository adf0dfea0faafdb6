package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/relais-archive/relais/cmd/relais/wire"
	"github.com/relais-archive/relais/internal/archive"
	"github.com/relais-archive/relais/internal/relais"
)

func (a *app) workerCmd() *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use: "worker enrich|index|all", Short: "Run stages of the pipeline, without serving", Args: cobra.ExactArgs(1),
		ValidArgs: []string{archive.StageEnrich, archive.StageIndex, "all"},
		Long: `Runs the stages that read and index what was captured, until it is stopped; it then
finishes the batch it is in. Whoever reads also keeps the account of the records that
no stage could handle. On servers any number of workers share the work, and one
may start before there is an archive: it waits for it. An archive embedded in a
directory has one process, so that "all" is the one worker there is.

With --listen it answers /livez, /readyz and /metrics: ids and counts, nothing of any
document.`,
		Example: "  relais worker all\n  relais worker enrich --listen 127.0.0.1:9101",
		RunE: func(cmd *cobra.Command, args []string) error {
			stages, err := a.workerStages(args[0])
			if err != nil {
				return err
			}
			a.cfg.Bulk = true
			a.cfg.Privacy = wire.NoPrivacyFile // workers take the words from the archive: the same for all
			return a.withArchive(cmd.Context(), func(s *session) error { return a.work(cmd.Context(), s, stages, listen) })
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "", "answer probes and metrics on `ADDR`")
	return cmd
}

// workerStages gives the stages that a worker's name stands for.
func (a *app) workerStages(name string) ([]string, error) {
	switch {
	case name == "all":
		return archive.Stages(), nil
	case name != archive.StageEnrich && name != archive.StageIndex:
		return nil, relais.WithHint(relais.Errorf(relais.KindInvalid, "worker", "there is no worker %q", name), "enrich, index or all")
	case !a.cfg.Policy().Shared:
		return nil, relais.WithHint(relais.Errorf(relais.KindInvalid, "worker", "the embedded archive has no worker %q", name), "`relais worker all`")
	}
	if name == archive.StageEnrich {
		return []string{archive.StageEnrich, archive.StageRefused}, nil
	}
	return []string{name}, nil
}

// archiveWait is how often a worker looks whether there is an archive by now.
const archiveWait = 2 * time.Second

// withArchive runs fn on the archive; one on servers is waited for, since whoever
// starts many processes starts them in no order.
func (a *app) withArchive(ctx context.Context, fn func(*session) error) error {
	for {
		err := a.with(ctx, false, fn)
		if !a.cfg.Policy().Shared || relais.KindOf(err) != relais.KindNoArchive {
			return err
		}
		a.logger().Warn("there is no archive yet: waiting for one", "namespace", a.cfg.Namespace)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(archiveWait):
		}
	}
}

// work runs stages until ctx ends.
func (a *app) work(ctx context.Context, s *session, stages []string, listen string) error {
	if s.held == nil {
		return relais.WithHint(relais.Errorf(relais.KindLocked, "worker", "another process holds the archive, and runs the pipeline"), "stop it first")
	}
	stop, err := a.answerProbes(ctx, s, listen)
	if err != nil {
		return err
	}
	return errors.Join(s.held.Work(ctx, stages), stop())
}

// answerProbes answers on an address, if one is given, until stop is called.
func (a *app) answerProbes(ctx context.Context, s *session, listen string) (stop func() error, err error) {
	if listen == "" {
		return func() error { return nil }, nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, relais.WithHint(relais.E(relais.KindUnavailable, "listen", err), "another program may use the port: --listen names another")
	}
	srv := &http.Server{Handler: s.held.Probes, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	return func() error {
		err := srv.Close() // a probe cut short is asked again
		if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}, nil
}
