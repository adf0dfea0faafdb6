package format

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/relais-archive/relais/internal/relais"
)

// TestFidelity compares what is read with what Python's email and nodemailer's
// mailparser agree on, for every real message of the corpus.
func TestFidelity(t *testing.T) {
	dir := corpusDir(t)
	var want []expectedMail
	var ids []string
	for _, m := range readExpected(t, dir) {
		if !strings.HasPrefix(m.ID, "mail/broken/") {
			want, ids = append(want, m), append(ids, m.ID)
		}
	}
	bytesOf := corpusMessages(t, dir, ids)
	score := map[string]int{}
	scored := map[string]int{}
	wrong := 0
	for _, m := range want {
		raw := bytesOf[m.ID]
		if d := relais.DigestOf(raw).String(); d != m.RawSHA256 {
			t.Errorf("%s: raw bytes differ: %d bytes, want %d", m.ID, len(raw), m.RawSize)
		}
		got, err := ReadMail(bytes.NewReader(raw), DefaultLimits(), nil)
		if err != nil {
			t.Fatalf("%s: %v", m.ID, err)
		}
		differs := false
		for _, c := range compare(got, m) {
			scored[c.field]++
			if c.got == c.want {
				score[c.field]++
				continue
			}
			if reason, ok := knownDifferences()[m.ID+" "+c.field]; ok {
				t.Logf("%s %s: %s", m.ID, c.field, reason)
			} else {
				t.Errorf("%s %s:\n got %q\nwant %q", m.ID, c.field, c.got, c.want)
			}
			differs = true
		}
		if differs {
			wrong++
		}
	}
	for _, f := range []string{"subject", "from", "date", "message_id", "attachments", "to", "cc"} {
		t.Logf("%-12s %d of %d agree", f, score[f], scored[f])
	}
	share := float64(len(want)-wrong) / float64(len(want))
	t.Logf("%d of %d messages agree in every field: %.2f %%", len(want)-wrong, len(want), 100*share)
	if share < 0.995 {
		t.Errorf("%.4f of the messages agree, want 0.995", share)
	}
}

// knownDifferences says why a field of a message differs from what the oracles say.
func knownDifferences() map[string]string {
	const year1 = "its Date says the year 0001, which the oracles read as 2001: no date, and a warning"
	return map[string]string{
		"mail/enron-mbox/delainey-d/inbox.mbox#0 date":                                           year1,
		"mail/enron-mbox/delainey-d/inbox.mbox#2 date":                                           year1,
		"mail/enron-attachments/796d078778.eml to":                                               "Outlook's quotes around an address are no part of it",
		"mail/spamassassin-ham/easy-ham-1/00177.22e75f7ffcce4664a3266d90a4b4266b.eml message_id": "white space that folding left in a Message-ID is dropped, so that References match",
	}
}

type comparison struct{ field, got, want string }

// compare gives the fields of a message that both oracles agree on.
func compare(got *Mail, want expectedMail) []comparison {
	var out []comparison
	add := func(field, g, w string) {
		if !slices.Contains(want.Disagree, field) {
			out = append(out, comparison{field, g, w})
		}
	}
	add("subject", squeeze(got.Subject), squeeze(cleanLine(want.Subject)))
	add("from", addresses(got.From), expectedAddresses(want.From))
	add("to", addresses(got.To), expectedAddresses(want.To))
	add("cc", addresses(got.Cc), expectedAddresses(want.Cc))
	date := ""
	if want.Date != nil {
		date = want.Date.UTC().Format("2006-01-02T15:04:05Z")
	}
	g := ""
	if got.DateSource == "header" {
		g = got.Date.Format("2006-01-02T15:04:05Z")
	}
	add("date", g, date)
	add("message_id", strings.ToLower(got.MessageID), strings.ToLower(strings.Trim(strings.TrimSpace(want.MessageID), "<>")))
	if !slices.Contains(want.Disagree, "attachment_sha256") && !slices.Contains(want.Disagree, "attachment_names") {
		var a, b []string
		for _, p := range got.Attachments {
			if p.Within != "" {
				continue // the oracles do not open TNEF
			}
			if p.MediaType == "message/rfc822" {
				a = append(a, baseName(p.Name)+" nested message")
			} else {
				a = append(a, fmt.Sprintf("%s %d %s", baseName(p.Name), p.Size, p.SHA256))
			}
		}
		for _, p := range want.Attachments {
			if p.Nested || p.Type == "message/rfc822" {
				// Python writes a nested message anew, folding its header: the digest
				// is not of the bytes in the mail.
				b = append(b, baseName(p.Name)+" nested message")
			} else {
				b = append(b, fmt.Sprintf("%s %d %s", baseName(p.Name), p.Size, p.SHA256))
			}
		}
		add("attachments", strings.Join(a, "\n"), strings.Join(b, "\n"))
	}
	return out
}

// baseName gives a name without folders, as the oracles write it.
func baseName(s string) string {
	s = cleanLine(s)
	return s[strings.LastIndexAny(s, `/\`)+1:]
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

func addresses(list []relais.Address) string {
	var out []string
	for _, a := range list {
		if a.Address != "" {
			out = append(out, strings.ToLower(a.Address))
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func expectedAddresses(list []expectedAddress) string {
	var out []string
	for _, a := range list {
		if a.Addr != "" {
			out = append(out, strings.ToLower(a.Addr))
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}
