package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// step is one line of a script: a verb, the exit code it ends with, and what it
// prints on either stream.
type step struct {
	args []string
	code int
	says string
}

func do(code int, says string, args ...string) step { return step{args, code, says} }

// script runs verbs one after another.
func (p *program) script(steps []step) {
	p.t.Helper()
	for _, s := range steps {
		r := p.run(s.args...)
		if r.code != s.code || !strings.Contains(r.out+r.err, s.says) {
			p.t.Errorf("relais %q: exit %d, want %d and %q\n%s%s", s.args, r.code, s.code, s.says, r.out, r.err)
		}
		if strings.Contains(strings.Join(s.args, " "), "--json") {
			eachIsJSON(p.t, s.args, r.out)
		}
	}
}

// eachIsJSON wants every line of a verb's output to be one JSON value.
func eachIsJSON(t *testing.T, args []string, out string) {
	t.Helper()
	for line := range strings.Lines(out) {
		if !json.Valid([]byte(line)) {
			t.Errorf("relais %q prints what is no JSON: %s", args, line)
		}
	}
}

// TestNothingIsMadeForNothing asks for what cannot be done where there is no
// archive: none is made, and the exit code says why.
func TestNothingIsMadeForNothing(t *testing.T) {
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 10)
	p := newProgram(t)
	p.script([]step{
		do(exitNoArchive, "no archive", "search", "prix"),
		do(exitNoArchive, `"code":"no_archive"`, "balance", "--json"),
		do(exitError, "no such file", ingestArgs("/no/such/mailbox")...),
		do(exitUsage, "--until", ingestArgs("--since", "2025-02-01", "--until", "2024-01-01", mail)...),
		do(exitUsage, "no mail address", "ingest", "--case", "A", "--owner", "ann", mail),
		do(exitUsage, "password", ingestArgs("imaps://ann:secret@mail.example")...),
		do(exitOK, "to capture", ingestArgs("--dry-run", mail)...),
		do(exitOK, `"pending"`, ingestArgs("--dry-run", "--json", mail)...),
	})
	if _, err := os.Stat(filepath.Join(p.dir, "archive")); !os.IsNotExist(err) {
		t.Errorf("an archive was made: %v", err)
	}
}

// TestVerbs runs the verbs on one archive: what they print and how they end.
func TestVerbs(t *testing.T) { modes(t, testVerbs) }

func testVerbs(t *testing.T, fresh func() *program) {
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 30)
	files := t.TempDir()
	if err := os.Symlink("/etc/hostname", filepath.Join(files, "link.txt")); err != nil {
		t.Skip("no symbolic links here")
	}
	p := fresh()
	p.importClients()
	out := filepath.Join(p.dir, "out")
	p.script([]step{
		do(exitOK, "31 stored", ingestArgs(mail)...),
		do(exitOK, "42 seen = 31 stored", ingestArgs("--until", "2000-01-01", mail)...),
		do(exitRefused, "link.txt (not_regular)", ingestArgs(files)...),
		do(exitOK, "not_regular", "refused", "list", "--json"),
		do(exitOK, "Brasserie Acme", "client", "list", "--json"),
		do(exitError, "no client named", "client", "show", "nobody"),
		do(exitUsage, "a case needs a name", "case", "create", ""),
		do(exitError, "exists", "case", "create", "Ann"),
		do(exitOK, "continuity", "case", "create", "Ann", "--purpose", "continuity"),
		do(exitUsage, "empty", "case", "rename", "Ann", " "),
		do(exitUsage, "empty", "case", "show", ""),
		do(exitUsage, "empty", "show", ""),
		do(exitUsage, "empty", "balance", ""),
		do(exitError, "no case named", "balance", ".."),
		do(exitOK, "a/b ?%2F", "case", "create", "a/b ?%2F"),
		do(exitOK, "0 seen", "balance", "a/b ?%2F"),
		do(exitOK, "All 2 cases: ", "balance"),
		do(exitOK, `"type":"total","cases":2,"case":"","seen":`, "balance", "--json"),
		do(exitOK, `"total"`, "search", "--json", "--facets", "prix"),
		do(exitUsage, "client:", "search", "--json", "clent:acme"),
		do(exitUsage, "1 to 1000", "search", "--limit", "0", "prix"),
		do(exitUsage, "no order", "search", "--sort", "best", "prix"),
		do(exitUsage, "cursor", "search", "--cursor", "x", "prix"),
		do(exitError, `"code":"not_found"`, "show", "--json", "d0"),
		do(exitUsage, "say what", "export"),
		do(exitUsage, "no export format", "export", "--format", "csv", "--all"),
		do(exitUsage, "write file", "export", "--all", "--output", filepath.Join(out, "x.jsonl")),
		do(exitUsage, "--output", "export", "--format", "eml", "--all"),
		do(exitOK, "", "export", "--format", "eml", "--all", "--output", out),
		do(exitUsage, "expired", "token", "create", "--expires", "-1h"),
		do(exitOK, "rls_", "token", "create", "--name", "crm export"),
		do(exitOK, `"name":"crm export"`, "token", "list", "--json"),
		do(exitOK, "Revoked", "token", "revoke", "crm export"),
		do(exitError, "no live token", "token", "revoke", "crm export"),
		do(exitOK, `"live":false`, "token", "list", "--all", "--json"),
		do(exitUsage, "`relais token list`, perhaps", "token", "lst"),
		do(exitUsage, "relais case --help", "case", "frobnicate"),
		do(exitUsage, "unknown command", "help", "frobnicate"),
		do(exitUsage, "unknown command", "help", "case", "frobnicate"),
		do(exitOK, "relais case show NAME", "help", "case", "show"),
		do(exitOK, "Usage:", "client"),
		do(exitUsage, "see `relais ingest --help`", "ingest", "--owner", "a@x.example", mail),
		do(exitOK, "2030-03-31", "case", "create", "Dated", "--informed-on", "01/10/2026", "--retain-until", "31/03/2030", "--json"),
		do(exitUsage, "is past", "case", "create", "Dated", "--retain-until", "2001-01-01"),
		do(exitUsage, "no day", "case", "create", "Dated", "--informed-on", "31/02/2026"),
		do(exitOK, "documents, in", "reindex"),
		do(exitOK, "items read again", "reindex", "--from", "raw"),
		do(exitUsage, "worker", "worker", "nobody"),
		do(exitOK, `"ok":true`, "doctor", "--json"),
		do(exitOK, `"version"`, "version", "--json"),
		do(exitUsage, "--log-level", "balance", "--log-level", "loud"),
		do(exitUsage, "--log-format", "balance", "--log-format", "xml"),
		do(exitUsage, "unknown command", "frobnicate"),
		do(exitUsage, "unknown flag", "search", "--frobnicate"),
		do(exitOK, `"faults":0`, "verify", "--read-data", "--json"),
	})
	list, err := os.ReadDir(out)
	if err != nil || len(list) != 31+2 { // and the manifest, twice
		t.Errorf("%d messages exported, %v", len(list), err)
	}
}

// TestPagesHoldEverything goes through all hits by cursors, in every order: each
// hit comes once.
func TestPagesHoldEverything(t *testing.T) { modes(t, testPagesHoldEverything) }

func testPagesHoldEverything(t *testing.T, fresh func() *program) {
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 30)
	p := fresh()
	p.must(ingestArgs(mail)...)
	for _, order := range []string{"newest", "oldest", "relevance"} {
		seen, total, cursor := map[string]bool{}, 0, ""
		for {
			var page struct {
				Total int
				Hits  []struct{ ID string }
				Next  string
			}
			out := p.must("search", "--json", "--sort", order, "--limit", "7", "--cursor", cursor, "prix OR pompe")
			if err := json.Unmarshal([]byte(out), &page); err != nil {
				t.Fatal(err)
			}
			for _, h := range page.Hits {
				if seen[h.ID] {
					t.Errorf("%s: %s comes twice", order, h.ID)
				}
				seen[h.ID] = true
			}
			if total, cursor = page.Total, page.Next; cursor == "" {
				break
			}
		}
		if total == 0 || len(seen) != total {
			t.Errorf("%s: %d of %d hits", order, len(seen), total)
		}
	}
}

// TestSharedDirectoryStaysOpen makes an archive among other things: the directory's
// rights are left alone, and what is made in it is private.
func TestSharedDirectoryStaysOpen(t *testing.T) {
	p := newProgram(t)
	shared := filepath.Join(p.dir, "archive")
	if err := os.Mkdir(shared, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(shared, "others"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	p.must("case", "create", "Ann")
	if info, err := os.Stat(shared); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(filepath.Join(shared, "keys.db")); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// TestNewerRules: an archive that older rules have read is read again by newer ones.
func TestNewerRules(t *testing.T) {
	mail := filepath.Join(t.TempDir(), "mail")
	mailbox(t, mail, 10)
	p := newProgram(t)
	p.must(ingestArgs(mail)...)
	want := p.export()
	ar := p.hold()
	before, err := ar.Contracts.State.Generation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := ar.Contracts.State.SetMeta(t.Context(), "rules", "0"); err != nil {
		t.Fatal(err)
	}
	if err := ar.Close(); err != nil {
		t.Fatal(err)
	}
	p.must(ingestArgs(mail)...)
	ar = p.hold()
	after, err := ar.Contracts.State.Generation(t.Context())
	if err != nil || after != before+1 {
		t.Errorf("generation %d after %d, %v", after, before, err)
	}
	if err := ar.Close(); err != nil {
		t.Fatal(err)
	}
	if got := p.export(); got != want {
		t.Errorf("read again it is another: %s", firstDifference(want, got))
	}
}
