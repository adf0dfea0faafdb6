package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/relais-archive/relais/internal/relais"
)

type serveFlags struct{ listen, cert, key, baseURL string }

func (a *app) serveCmd() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve the archive: HTTP interface and pages", Args: cobra.NoArgs,
		Long: `Serves the HTTP interface and the pages; the pipeline runs inside. While it runs,
other verbs on the same data directory go through it. Off loopback it wants TLS
(--tls-cert, --tls-key) or a declared proxy in front (--base-url https://…).`,
		Example: "  relais serve\n  relais serve --listen 0.0.0.0:8443 --tls-cert cert.pem --tls-key key.pem",
		RunE: func(cmd *cobra.Command, _ []string) error {
			base, err := f.check()
			if err != nil {
				return err
			}
			a.cfg.baseURL = base
			return a.with(cmd.Context(), true, func(s *session) error {
				if s.held == nil {
					return relais.WithHint(relais.Errorf(relais.KindLocked, "serve", "another process serves this archive"), "stop it first")
				}
				return a.serve(cmd.Context(), s, f, nil)
			})
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.listen, "listen", "127.0.0.1:8080", "the `ADDR` to listen on")
	fl.StringVar(&f.cert, "tls-cert", "", "a certificate's `FILE` (PEM)")
	fl.StringVar(&f.key, "tls-key", "", "its key's `FILE` (PEM)")
	fl.StringVar(&f.baseURL, "base-url", "", "the `URL` users reach, when a proxy speaks TLS in front")
	return cmd
}

// check wants TLS, or a proxy that speaks it, wherever others could listen. It gives the
// address that users reach, nil where none was said.
func (f serveFlags) check() (*url.URL, error) {
	host, _, err := net.SplitHostPort(f.listen)
	if err != nil {
		return nil, relais.E(relais.KindInvalid, "read --listen", err)
	}
	if (f.cert == "") != (f.key == "") {
		return nil, relais.Errorf(relais.KindInvalid, "serve", "--tls-cert and --tls-key go together")
	}
	base, err := f.reached()
	if err != nil {
		return nil, err
	}
	if !onLoopback(host) && f.cert == "" && (base == nil || base.Scheme != "https") {
		return nil, relais.WithHint(relais.Errorf(relais.KindInvalid, "serve", "%s can be reached by others, and nothing is encrypted", f.listen),
			"--tls-cert and --tls-key, or --base-url https://… when a proxy is in front")
	}
	return base, nil
}

// reached reads --base-url: scheme and host, for pages are at its root, and no other's to
// read on the way.
func (f serveFlags) reached() (*url.URL, error) {
	if f.baseURL == "" {
		return nil, nil
	}
	const op = "read --base-url"
	u, err := url.Parse(f.baseURL)
	switch {
	case err != nil:
		return nil, relais.WithHint(relais.Errorf(relais.KindInvalid, op, "it is no URL"), "https://relais.example")
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return nil, relais.WithHint(relais.Errorf(relais.KindInvalid, op, "it has no scheme or no host"), "https://relais.example")
	case u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "", strings.Trim(u.Path, "/") != "":
		return nil, relais.WithHint(relais.Errorf(relais.KindInvalid, op, "only scheme, host and port are wanted"), "https://relais.example")
	case u.Scheme == "http" && !onLoopback(u.Hostname()):
		return nil, relais.WithHint(relais.Errorf(relais.KindInvalid, op, "off loopback it is https"), "https://"+u.Host)
	}
	return u, nil
}

// onLoopback tells a host that only this machine reaches.
func onLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// serve answers until ctx ends. opened is called with the address once it listens.
func (a *app) serve(ctx context.Context, s *session, f serveFlags, opened func(base string)) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", f.listen)
	if err != nil {
		return relais.WithHint(relais.E(relais.KindUnavailable, "listen", err), "another program may use the port: --listen 127.0.0.1:0 takes any")
	}
	s.held.Start(ctx)
	srv := &http.Server{
		Handler: s.held.Public, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	base := "http://" + l.Addr().String()
	if f.cert != "" {
		base = "https://" + l.Addr().String()
	}
	ended := make(chan error, 1)
	go func() {
		if f.cert != "" {
			ended <- srv.ServeTLS(l, f.cert, f.key)
		} else {
			ended <- srv.Serve(l)
		}
	}()
	if opened == nil {
		opened = a.announce
	}
	opened(base)
	select {
	case err := <-ended:
		return relais.E(relais.KindUnavailable, "serve", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := srv.Shutdown(stop); err != nil {
		err = errors.Join(err, srv.Close())
		return relais.E(relais.KindUnavailable, "stop serving", err)
	}
	return nil
}

func (a *app) announce(base string) {
	if !a.cfg.quiet {
		fmt.Fprintf(a.sys.err, "Relais serves %s on %s. Sign in with a token from `relais token create`. Ctrl-C stops it.\n", a.cfg.Data, base)
	}
}
