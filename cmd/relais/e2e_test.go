package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/testkit"
)

// The tests of this package run the real program: this test binary under another
// name, or, for its own children that read risky files, under their verb.
const asProgram = "RELAIS_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	child := len(os.Args) > 1 && os.Args[1] == extractVerb
	if child || os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// program runs relais on one archive.
type program struct {
	t   *testing.T
	dir string   // the archive, the key and the home of the program
	env []string // settings, for an archive on servers
}

func newProgram(t *testing.T) *program {
	t.Helper()
	return &program{t: t, dir: t.TempDir()}
}

func (p *program) command(args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.CommandContext(p.t.Context(), self, append(args, "--data", filepath.Join(p.dir, "archive"), "--key-file", filepath.Join(p.dir, "master.key"))...)
	cmd.Env = append(append(os.Environ(), asProgram+"=1", "TZ=Europe/Paris"), p.env...)
	return cmd
}

// result is how one run of the program ended.
type result struct {
	out, err string
	code     int
}

func (p *program) run(args ...string) result {
	p.t.Helper()
	cmd := p.command(args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if ended := new(exec.ExitError); err != nil && !errors.As(err, &ended) {
		p.t.Fatalf("relais %v: %v", args, err)
	}
	return result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// must runs a verb that has to end well, and gives what it prints.
func (p *program) must(args ...string) string {
	p.t.Helper()
	r := p.run(args...)
	if r.code != 0 {
		p.t.Fatalf("relais %v: exit %d\n%s%s", args, r.code, r.out, r.err)
	}
	return r.out
}

// eml makes one message.
func eml(id, from, to, subject, date, more, body string) string {
	return fmt.Sprintf("Message-ID: <%s>\r\nFrom: %s\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\n%s\r\n%s\r\n", id, from, to, subject, date, more, body)
}

const (
	ann       = "ann@pumps.example"
	clientCSV = "account_id,name,domains\nacme,Brasserie Acme,acme.example\nbeta,Béta SARL,beta.example\n"
)

// mailbox writes a maildir of n messages: threads, copies in two folders, personal
// mail, attachments, damaged messages.
func mailbox(t *testing.T, dir string, n int) {
	t.Helper()
	write := func(folder, name, text string) {
		path := filepath.Join(dir, folder)
		for _, sub := range []string{"cur", "new", "tmp"} {
			if err := os.MkdirAll(filepath.Join(path, sub), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(path, "cur", name+":2,S"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("", "0", "")
	start := time.Date(2025, 1, 6, 9, 0, 0, 0, time.UTC)
	for i := range n {
		date := start.Add(time.Duration(i) * 5 * time.Hour).Format(time.RFC1123Z)
		client := []string{"acme", "beta"}[i%2]
		more := ""
		if i%6 >= 2 {
			more = fmt.Sprintf("References: <m%d@%s.example>\r\n", i-2, client)
		}
		body := fmt.Sprintf("Bonjour,\r\n\r\nLe prix de la pompe P%d est de %d,50 EUR.\r\n", i%7, 100+i)
		if i%5 == 0 {
			more += "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
			body = "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + body + "--b\r\nContent-Type: text/csv\r\n" +
				"Content-Disposition: attachment; filename=tarif.csv\r\n\r\nref;prix\r\nP1;" + fmt.Sprint(i%3) + "\r\n--b--\r\n"
		}
		text := eml(fmt.Sprintf("m%d@%s.example", i, client), "x@"+client+".example", ann, fmt.Sprintf("Offre %d", i/6), date, more, body)
		write("", fmt.Sprintf("%04d", i), text)
		if i%4 == 0 {
			write(".Archive", fmt.Sprintf("a%04d", i), text)
		}
		if i%11 == 0 {
			write(".Personnel", fmt.Sprintf("p%04d", i), eml(fmt.Sprintf("p%d@free.example", i), "mum@free.example", ann, "Dimanche", date, "", "Viens."))
		}
	}
}

// export is the archive's content as one text: the proof of convergence.
func (p *program) export() string { return p.must("export", "--format", "jsonl", "--all") }

func fingerprint(s string) string {
	sum := sha256.Sum256([]byte(s))
	return fmt.Sprintf("%d lines %s", strings.Count(s, "\n"), hex.EncodeToString(sum[:8]))
}

func (p *program) importClients() {
	p.t.Helper()
	file := filepath.Join(p.dir, "clients.csv")
	if err := os.WriteFile(file, []byte(clientCSV), 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.must("client", "import", file)
}

func ingestArgs(sources ...string) []string {
	return append([]string{"ingest", "--case", "Ann", "--owner", ann}, sources...)
}

// TestKilledAtAnyMoment ingests a mailbox at once; then again, killed at random
// moments and started anew, folder after folder and twice: both archives export the
// same bytes, balance, and verify.
func TestKilledAtAnyMoment(t *testing.T) {
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 300)
	plain := newProgram(t)
	plain.importClients()
	plain.must(ingestArgs(mail)...)
	want := plain.export()
	if n := strings.Count(want, "\n"); n < 300 {
		t.Fatalf("only %d documents", n)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	killed := newProgram(t)
	n := killed.killTimes(r, kills(t, 5), 60, 500, ingestArgs(mail)...)
	killed.importClients() // after the fact: everything is tagged anew
	killed.must(ingestArgs(mail)...)
	killed.must(ingestArgs(mail)...)
	t.Logf("%d kills", n)
	if got := killed.export(); got != want {
		t.Errorf("exports differ: %s and %s\n%s", fingerprint(want), fingerprint(got), firstDifference(want, got))
	}
	for _, p := range []*program{plain, killed} {
		p.must("balance")
		p.must("verify", "--read-data")
	}
}

// killTimes runs a verb some times and kills it after least milliseconds and up to span
// more; it gives how often the verb had not ended by then.
func (p *program) killTimes(r *rand.Rand, times, least, span int, args ...string) int {
	p.t.Helper()
	kills := 0
	for range times {
		cmd := p.command(args...)
		if err := cmd.Start(); err != nil {
			p.t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		select {
		case <-done:
		case <-time.After(time.Duration(least+r.IntN(span)) * time.Millisecond):
			kills++
			_ = cmd.Process.Kill()
			<-done
		}
	}
	return kills
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d:\n%.2000s\n%.2000s", i, x[i], y[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(x), len(y))
}

func TestWhileServing(t *testing.T) {
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 40)
	p := newProgram(t)
	if err := os.Mkdir(filepath.Join(p.dir, "archive"), 0o755); err != nil { // made by hand, open to all
		t.Fatal(err)
	}
	p.importClients()
	if err := os.Chmod(filepath.Join(p.dir, "archive"), 0o755); err != nil { // and opened again
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	serve := p.command("serve", "--listen", "127.0.0.1:0")
	serve.Cancel = nil
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- serve.Wait() }()
	defer func() {
		_ = serve.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			t.Error("serve does not stop when asked to")
			_ = serve.Process.Kill()
		}
	}()
	_ = ctx
	var b relais.Balance
	lines := strings.Split(strings.TrimSpace(p.must(append(ingestArgs(mail), "--json")...)), "\n")
	var last relais.Event
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Balance == nil {
		t.Fatalf("the last line is no balance: %s (%v)", lines[len(lines)-1], err)
	}
	b = *last.Balance
	if !b.Balanced || b.Stored == 0 || b.Duplicate == 0 || b.Quarantined == 0 {
		t.Errorf("balance: %+v", b.Counts)
	}
	var page relais.Page
	if err := json.Unmarshal([]byte(p.must("search", "--json", "--facets", `client:"brasserie acme" pompe`)), &page); err != nil {
		t.Fatal(err)
	}
	if page.Total == 0 || len(page.Hits) == 0 || !strings.Contains(page.Hits[0].Snippet, relais.HighlightStart) {
		t.Errorf("search: %+v", page)
	}
	if r := p.run("show", "dffffffffffffffffffffffffffffffff"); r.code == 0 {
		t.Error("an unknown document is shown")
	}
	if personal := p.must("search", "--json", "Dimanche OR viens"); !strings.Contains(personal, `"total":0`) {
		t.Errorf("personal mail is found: %s", personal)
	}
}

// TestWhileServingFarDown has a data directory whose path is too long for a socket: verbs
// reach the process that holds it all the same, in the directory that the system keeps
// for this user, and say no word to whoever else opened that to others.
func TestWhileServingFarDown(t *testing.T) {
	runtime, err := os.MkdirTemp("/tmp", "run")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(runtime) })
	p := newProgram(t)
	p.dir = filepath.Join(p.dir, strings.Repeat("d", 120))
	p.env = append(p.env, "XDG_RUNTIME_DIR="+runtime)
	p.must("case", "create", "Ann")
	serve := p.supervise("serve", "--listen", "127.0.0.1:0")
	defer serve.stop()
	for { // until it listens
		if found, _ := filepath.Glob(filepath.Join(runtime, "relais-*", "relais.sock")); len(found) == 1 {
			break
		}
		if t.Context().Err() != nil {
			t.Fatal("serve listens nowhere")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if out := p.must("case", "list"); !strings.Contains(out, "Ann") {
		t.Errorf("the cases are %q", out)
	}
	dirs, err := filepath.Glob(filepath.Join(runtime, "relais-*"))
	if err != nil || len(dirs) != 1 {
		t.Fatal(dirs, err)
	}
	if err := os.Chmod(dirs[0], 0o777); err != nil {
		t.Fatal(err)
	}
	if r := p.run("case", "list"); r.code != exitAuth || !strings.Contains(r.err, "not this user's own") {
		t.Errorf("exit %d, %s", r.code, r.err)
	}
}

func TestReindexGivesTheSame(t *testing.T) { modes(t, testReindexGivesTheSame) }

func testReindexGivesTheSame(t *testing.T, fresh func() *program) {
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 60)
	p := fresh()
	p.must(ingestArgs(mail)...)
	want := p.export()
	for _, from := range []string{"enriched", "raw"} {
		p.must("reindex", "--from", from)
		if got := p.export(); got != want {
			t.Errorf("after reindex --from %s: %s", from, firstDifference(want, got))
		}
		p.must("verify")
	}
}

func TestErrorsTellTheNextStep(t *testing.T) {
	p := newProgram(t)
	for _, tc := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"search", "x"}, exitNoArchive, "relais ingest"},
		{[]string{"ingest", "x"}, exitUsage, "required"},
		{[]string{"ingest", "--case", "A", "--owner", "nobody", "x"}, exitUsage, "no mail address"},
		{[]string{"nonsense"}, exitUsage, "unknown command"},
		{[]string{"search", "--nonsense"}, exitUsage, "--help"},
		{[]string{"serve", "--listen", "0.0.0.0:1"}, exitUsage, "--tls-cert"},
		{[]string{"search", "--stream", "kafka://x", "y"}, exitUsage, "embedded"},
		{[]string{"search", "--namespace", "Relais", "y"}, exitUsage, "lower-case"},
		{[]string{"worker", "enrich"}, exitUsage, "worker all"},
	} {
		r := p.run(tc.args...)
		if r.code != tc.code || !strings.Contains(r.err, tc.says) {
			t.Errorf("relais %v: exit %d, want %d; says %q, want %q within", tc.args, r.code, tc.code, r.err, tc.says)
		}
	}
	r := p.run("balance", "--json")
	var e struct{ Type, Code, Hint string }
	if err := json.Unmarshal([]byte(r.out), &e); err != nil || e.Type != "error" || e.Code != "no_archive" || e.Hint == "" {
		t.Errorf("an error in JSON: %q (%v)", r.out, err)
	}
}

func TestQueryErrorsShowThePlace(t *testing.T) { modes(t, testQueryErrorsShowThePlace) }

func testQueryErrorsShowThePlace(t *testing.T, fresh func() *program) {
	p := fresh()
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 2)
	p.must(ingestArgs(mail)...)
	for _, query := range []string{"topic:prix", "topic:price", `sujet:"Prix et devis"`} {
		if out := p.must("search", query); strings.Contains(out, "Nothing found") {
			t.Errorf("%s: %s", query, out)
		}
	}
	if r := p.run("search", "topic:prixx"); r.code != exitUsage || !strings.Contains(r.err, "topic:prix") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
	if out := p.must("search", "client:nobody"); !strings.Contains(out, "note: nothing here has client:nobody") {
		t.Error(out)
	}
	r := p.run("search", `fron:bob`)
	if r.code != exitUsage || !strings.Contains(r.err, "from") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}

func TestExportsComeBack(t *testing.T) { modes(t, testExportsComeBack) }

func testExportsComeBack(t *testing.T, fresh func() *program) {
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 30)
	p := fresh()
	p.must(ingestArgs(mail)...)
	box := filepath.Join(p.dir, "all.mbox")
	p.must("export", "--format", "mbox", "--all", "--output", box)
	folder := filepath.Join(p.dir, "eml")
	p.must("export", "--format", "eml", "--all", "--output", folder)
	digests := func(p *program) []string {
		var list []string
		for line := range strings.Lines(p.export()) {
			var d relais.Document
			if err := json.Unmarshal([]byte(line), &d); err != nil {
				t.Fatal(err)
			}
			if d.Kind == relais.KindMessage {
				list = append(list, string(d.Content))
			}
		}
		slices.Sort(list)
		return list
	}
	want := digests(p)
	for _, source := range []string{box, folder} {
		again := fresh()
		again.must(ingestArgs(source)...)
		if got := digests(again); !slices.Equal(want, got) {
			t.Errorf("%s: %d messages came back of %d", filepath.Base(source), len(got), len(want))
		}
	}
}

func TestOwnerOf(t *testing.T) {
	o, err := ownerOf("Ann@Pumps.example, a.smith@pumps.example")
	if err != nil || o.Address != ann || !slices.Equal(o.Aliases, []string{"a.smith@pumps.example"}) {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestPlain(t *testing.T) {
	if got := plain("a\x1b[2Jb\nc\u202ed"); got != "a [2Jb c d" {
		t.Errorf("%q", got)
	}
}

// TestRefusedIsToldOnce: what was refused before is no news, and stays in the account.
func TestRefusedIsToldOnce(t *testing.T) { modes(t, testRefusedIsToldOnce) }

func testRefusedIsToldOnce(t *testing.T, fresh func() *program) {
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 3)
	if err := os.Symlink("/etc/hostname", filepath.Join(mail, "cur", "link")); err != nil {
		t.Skip("no symbolic links here")
	}
	p := fresh()
	first := p.run(append(ingestArgs(mail), "--json")...)
	if first.code != exitRefused || !strings.Contains(first.out, `"type":"refused"`) {
		t.Errorf("first run: exit %d\n%s", first.code, first.out)
	}
	second := p.run(append(ingestArgs(mail), "--json")...)
	if second.code != 0 || strings.Contains(second.out, `"type":"refused"`) {
		t.Errorf("second run: exit %d\n%s", second.code, second.out)
	}
	var refused relais.Refusal
	if err := json.Unmarshal([]byte(p.must("refused", "list", "--json")), &refused); err != nil || refused.Code != "not_regular" {
		t.Errorf("refused: %+v (%v)", refused, err)
	}
	if !strings.Contains(p.must("balance", "--json"), `"refused":1`) {
		t.Error("the account has forgotten it")
	}
}

// TestFolderThatIsNotRead: it costs no other, every run says so and ends with 3, and
// the case balances only once it was read.
func TestFolderThatIsNotRead(t *testing.T) {
	inbox := &testkit.IMAPFolder{Name: "INBOX", Messages: []testkit.IMAPMessage{{UID: 1, Body: testkit.Message(1), Flags: "Perso"}}}
	server := testkit.NewIMAP(t, inbox, &testkit.IMAPFolder{Name: "R&D", Messages: []testkit.IMAPMessage{{UID: 1, Body: testkit.Message(2)}}})
	server.List = "* LIST () \"/\" \"Gone\"\r\n"
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("relais-test\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := newProgram(t)
	args := append(ingestArgs("imap://"+server.Addr()), "--user", "rep")
	for range 2 {
		r := p.run(append(args, "--password-file", secret)...)
		if r.code != exitRefused || !strings.Contains(r.err, "not read: rep") || !strings.Contains(r.out, "1 folder could not be read") {
			t.Errorf("exit %d\n%s%s", r.code, r.out, r.err)
		}
	}
	var b relais.Balance
	r := p.run("balance", "--json", "Ann")
	if err := json.Unmarshal([]byte(r.out), &b); err != nil || r.code != exitUnbalanced {
		t.Errorf("exit %d, %v\n%s", r.code, err, r.out)
	}
	if b.FoldersUnread != 1 || b.Stored != 1 || b.Quarantined != 1 || b.Refused != 0 || b.Balanced {
		t.Errorf("%s", r.out)
	}
	server.List = ""
	server.Caps = "IMAP4rev1 AUTH=OAUTHBEARER"
	p.must(append(args, "--exclude-folder", "Gone", "--token-file", secret)...)
	for _, way := range [][]string{{"--token-file", secret}, {"--token-command", "cat " + secret}} {
		if r := p.run(append(args, way...)...); r.code != exitUnbalanced && r.code != exitOK || strings.Contains(r.out+r.err, "relais-test") {
			t.Errorf("%v: exit %d\n%s%s", way, r.code, r.out, r.err)
		}
	}
	for _, wrong := range [][]string{{"--token-command", "echo relais-test; exit 1"}, {"--token-command", "true"}, {"--token-file", os.DevNull}} {
		if r := p.run(append(args, wrong...)...); r.code != exitAuth || strings.Contains(r.out+r.err, "relais-test\n") {
			t.Errorf("%v: exit %d\n%s%s", wrong, r.code, r.out, r.err)
		}
	}
}
