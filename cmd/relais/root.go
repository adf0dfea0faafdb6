package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/relais-archive/relais/cmd/relais/wire"
	"github.com/relais-archive/relais/internal/relais"
)

// system is what the program touches of its surroundings: the only place where the
// environment and the standard streams come in.
type system struct {
	in       io.Reader
	out, err io.Writer
	env      func(string) string
	self     string // how the program is started from a shell
}

// app is one run of the program.
type app struct {
	sys  system
	cfg  config
	json bool           // the verb prints JSON, errors too
	zone *time.Location // in which times are printed
}

// run executes one command line and gives its exit code.
func run(ctx context.Context, args []string, sys system) int {
	a := &app{sys: sys}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(sys.in)
	root.SetOut(sys.out)
	root.SetErr(sys.err)
	typed, err := root.ExecuteContextC(ctx)
	err = usage(typed, err)
	a.endProfile()
	a.report(ctx, err)
	return exitCode(ctx, err)
}

// startProfile begins the CPU profile that was asked for; endProfile ends it.
func (a *app) startProfile() error {
	if a.cfg.profile == "" {
		return nil
	}
	f, err := os.Create(a.cfg.profile)
	if err == nil {
		err = pprof.StartCPUProfile(f)
	}
	if err != nil {
		return relais.E(relais.KindInvalid, "profile", err)
	}
	return nil
}

func (a *app) endProfile() {
	if a.cfg.profile != "" {
		pprof.StopCPUProfile()
	}
}

// usage gives the errors of the command line's parser, which carry no kind, that of
// a wrong usage, and names the help of the verb that was typed.
func usage(cmd *cobra.Command, err error) error {
	if err == nil || relais.KindOf(err) != relais.KindInternal {
		return err
	}
	for _, start := range []string{"required flag", "unknown command", "if any flags in the group"} {
		if strings.HasPrefix(err.Error(), start) {
			return relais.WithHint(relais.E(relais.KindInvalid, "", err), "see `"+cmd.CommandPath()+" --help`")
		}
	}
	return err
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "relais",
		Short: "A client's memory outlives the rep who held it",
		Long: `Relais captures the mailbox and files of a departing sales rep, tags each
document with its client and topic, and serves it to managers, successors and
compliance. Everything runs in this one program, with no server to install; with
--stream, --index, --blobs and --state it runs on Kafka, Elasticsearch, S3 and
PostgreSQL instead.

Begin with:
  relais demo                                      see it on made-up mail
  relais ingest --case "Departure of Ann" --owner ann@company.example MAILBOX
  relais search 'client:"Acme" price'`,
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if f := cmd.Flags().Lookup("json"); f != nil {
				a.json = f.Value.String() == "true"
			}
			if bare(cmd) {
				return nil
			}
			if err := a.startProfile(); err != nil {
				return err
			}
			if err := a.cfg.complete(a.sys.env); err != nil {
				return err
			}
			a.boundMemory(a.cfg.Policy().Memory)
			return nil
		},
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(helpCmd())
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return relais.WithHint(relais.E(relais.KindInvalid, "", err), "see `"+cmd.CommandPath()+" --help`")
	})
	a.globalFlags(root)
	root.AddCommand(
		a.demoCmd(), a.serveCmd(), a.ingestCmd(), a.caseCmd(), a.clientCmd(), a.searchCmd(), a.showCmd(), a.exportCmd(),
		a.balanceCmd(), a.refusedCmd(), a.unreadableCmd(), a.privacyCmd(), a.decideCmd(), a.decisionsCmd(), a.verifyCmd(), a.reindexCmd(), a.backupCmd(), a.restoreCmd(), a.doctorCmd(), a.evaluateCmd(), a.tokenCmd(),
		a.workerCmd(), a.promoteCmd(), a.versionCmd(), a.completionCmd(), a.extractWorkerCmd(),
	)
	for _, c := range root.Commands() {
		checkArgs(c)
	}
	return root
}

// helpCmd shows a verb's help; one that is not there is a mistake here too.
func helpCmd() *cobra.Command {
	return &cobra.Command{
		Use: "help [VERB…]", Short: "Show the help of a verb", Example: "  relais help ingest",
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownVerb(found, append(rest, args...)[0])
			}
			return found.Help()
		},
	}
}

// boundMemory has the collector work as hard as it must to stay within so many bytes, and
// half as often as usual while there is room; 0 bounds nothing. GOMEMLIMIT and GOGC say
// otherwise.
func (a *app) boundMemory(bytes int64) {
	if bytes == 0 {
		return
	}
	if a.sys.env("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(bytes)
	}
	if a.sys.env("GOGC") == "" {
		debug.SetGCPercent(200)
	}
}

// bare tells the verbs that need no archive.
func bare(cmd *cobra.Command) bool {
	switch cmd.Name() {
	case "version", "completion", extractVerb, "help":
		return true
	}
	return false
}

// checkArgs gives the errors of argument counts the kind of a wrong usage. A word after
// a verb that only has verbs below it is a mistake, not a call for help: a script must
// not believe that something was done.
func checkArgs(c *cobra.Command) {
	if !c.Runnable() && c.HasSubCommands() {
		c.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return unknownVerb(cmd, args[0])
		}
	}
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return relais.WithHint(relais.E(relais.KindInvalid, "", err), "see `"+cmd.CommandPath()+" --help`")
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		checkArgs(sub)
	}
}

// unknownVerb says that there is no such verb, and which was perhaps meant.
func unknownVerb(cmd *cobra.Command, typed string) error {
	cmd.SuggestionsMinimumDistance = 2
	hint := "see `" + cmd.CommandPath() + " --help`"
	if near := cmd.SuggestionsFor(typed); len(near) > 0 {
		hint = "`" + cmd.CommandPath() + " " + near[0] + "`, perhaps; " + hint
	}
	return relais.WithHint(relais.Errorf(relais.KindInvalid, "", "unknown command %q for %q", typed, cmd.CommandPath()), hint)
}

func (a *app) globalFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&a.cfg.Data, "data", "", "the archive's `DIR` (default $RELAIS_DATA, else the user's data directory)")
	f.StringVar(&a.cfg.KeyFile, "key-file", "", "the master key's `FILE`, kept apart from the data (default in the user's configuration directory)")
	f.StringVar(&a.cfg.logLevel, "log-level", "warn", "debug, info, warn or error")
	f.StringVar(&a.cfg.logFormat, "log-format", "text", "text or json")
	f.BoolVar(&a.cfg.quiet, "quiet", false, "say only what was asked for, and errors")
	f.StringVar(&a.cfg.Stream, "stream", "", "Kafka, as `kafka://HOST:PORT,…`; with the next three, or none ($RELAIS_STREAM)")
	f.StringVar(&a.cfg.Index, "index", "", "Elasticsearch, as `https://HOST:9200` ($RELAIS_INDEX)")
	f.StringVar(&a.cfg.Blobs, "blobs", "", "an S3 bucket, as `s3://BUCKET?endpoint=URL` ($RELAIS_BLOBS)")
	f.StringVar(&a.cfg.State, "state", "", "PostgreSQL, as `postgres://HOST/DB` ($RELAIS_STATE)")
	f.StringVar(&a.cfg.Privacy, "privacy-file", "", "the company's own words, folders and addresses of private mail (default privacy.txt in the data directory, $RELAIS_PRIVACY_FILE)")
	f.StringVar(&a.cfg.Namespace, "namespace", "", "prefix of topics, indices, keys and schemas (default relais, $RELAIS_NAMESPACE)")
	f.StringVar(&a.cfg.profile, "cpu-profile", "", "write a CPU profile of this process to `FILE`")
	_ = f.MarkHidden("cpu-profile") // the flag exists: it was made just above
}

// logger writes to standard error; what it is given never holds text, addresses or
// secrets.
func (a *app) logger() *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(a.cfg.logLevel)); err != nil {
		level = slog.LevelWarn
	}
	opt := &slog.HandlerOptions{Level: level}
	if a.cfg.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(a.sys.err, opt))
	}
	return slog.New(slog.NewTextHandler(a.sys.err, opt))
}

// program is what opens the archive.
func (a *app) program() wire.Program {
	return wire.Program{Settings: a.cfg.Settings, Env: a.sys.env, Logger: a.logger(), Version: version(), BaseURL: a.cfg.baseURL, Reader: []string{extractVerb}}
}

// terminal tells whether a stream is one: progress and prompts are for terminals only.
func terminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// plain makes a stranger's text safe for a terminal: control characters, which
// could move the cursor or forge lines, become spaces; marks of bidirectional text too.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0:
			return ' '
		case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return ' '
		}
		return r
	}, s)
}
