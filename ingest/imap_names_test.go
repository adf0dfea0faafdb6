package ingest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/testkit"
)

// boxOf is a folder of one message, numbered as those of any other: what confuses two
// folders loses one.
func boxOf(name, listed string) *testkit.IMAPFolder {
	return &testkit.IMAPFolder{Name: name, Listed: listed, Messages: []testkit.IMAPMessage{{UID: 1, Body: testkit.Message(len(name)) + name}}}
}

// TestIMAPNamesOutOfOrder: a folder whose name breaks the rules is one folder, under
// the name it has, and costs no other.
func TestIMAPNamesOutOfOrder(t *testing.T) {
	for name, tc := range map[string]struct {
		folder *testkit.IMAPFolder
		label  string
	}{
		"bare ampersand":           {boxOf("R&D", ""), "R&D"},
		"ampersand at the end":     {boxOf("Mayer &", ""), "Mayer &"},
		"shift without end":        {boxOf("Envoy&AOk", ""), "Envoy&AOk"},
		"bad base64":               {boxOf("&Jjo!-", ""), "&Jjo!-"},
		"good and bad":             {boxOf("Priv&AOk- & co", ""), "Privé & co"},
		"ampersand in base64":      {boxOf("&BBAEMQQyACYEMwQ0BDU-", ""), "Абв&где"},
		"looks encoded":            {boxOf("R&DEV-1", ""), "R&DEV-1"},
		"lone surrogate":           {boxOf("x&2D0-", ""), "x�"},
		"raw UTF-8":                {boxOf("Privé", ""), "Privé"},
		"raw UTF-8 and ampersand":  {boxOf("Études & R&D", ""), "Études & R&D"},
		"raw UTF-8, as a literal":  {boxOf("Été", "{5}\r\nÉté"), "Été"},
		"Latin-1":                  {boxOf("Priv\xe9", ""), "Privé"},
		"emoji":                    {boxOf("&2D3ePg-", ""), "😾"},
		"blank at the end":         {boxOf("Clients ", ""), "Clients"},
		"unquoted":                 {boxOf("Acme", "Acme"), "Acme"},
		"unquoted with a blank":    {boxOf("Acme SA", "Acme SA"), "Acme SA"},
		"unquoted with brackets":   {boxOf("odd]na(m)e", "odd]na(m)e"), "odd]na(m)e"},
		"quotes":                   {boxOf(`say \"hi\" now`, ""), `say "hi" now`},
		"quotes not escaped":       {boxOf(`the \"x\" one`, `"the "x" one"`), `the "x" one`},
		"extended data":            {boxOf("Old", `"Old" ("CHILDINFO" ("SUBSCRIBED"))`), "Old"},
		"control characters":       {boxOf("a\x01b", ""), "a b"},
		"line end, as a literal":   {boxOf("a\r\nb", "{4}\r\na\r\nb"), "a b"},
		"percent and star":         {boxOf("100%*", ""), "100%*"},
		"named as the placeholder": {boxOf("mailbox", ""), "mailbox"},
		"a brace":                  {boxOf("{5}", `"{5}"`), "{5}"},
		"no levels":                {&testkit.IMAPFolder{Name: "a.b/c", Delim: "NIL", Messages: inbox(1).Messages}, "a.b/c"},
		"backslash between levels": {&testkit.IMAPFolder{Name: `a\\b`, Delim: `"\\"`, Messages: inbox(1).Messages}, "a/b"},
		"backslash, not escaped":   {&testkit.IMAPFolder{Name: `a\\b`, Listed: `"a\b"`, Delim: `"\"`, Messages: inbox(1).Messages}, "a/b"},
		"backslash within a level": {boxOf(`a\\b`, ""), `a\\b`},
		"encoded, dots for levels": {&testkit.IMAPFolder{Name: "INBOX.Priv&AOk-.x", Delim: `"."`, Messages: inbox(1).Messages}, "INBOX/Privé/x"},
		"inbox in small letters":   {&testkit.IMAPFolder{Name: "INBOX", Listed: `"inbox"`, Messages: inbox(1).Messages}, "INBOX"},
	} {
		t.Run(name, func(t *testing.T) {
			s := testkit.NewIMAP(t, boxOf("Before", ""), tc.folder, boxOf("After", ""))
			a := newArchive()
			sum := a.run(t, job(openServer(t, "imap://"+s.Addr())))
			if sum.Captured != 3 || s.Logins() != 1 {
				t.Errorf("%+v with %d connections\n%s", sum.Counts, s.Logins(), strings.Join(a.list(), "\n"))
			}
			a.item(t, tc.label, "0000000007.0000000001")
		})
	}
}

// TestIMAPTwinFolders: two folders are two, whatever their names come to.
func TestIMAPTwinFolders(t *testing.T) {
	for name, folders := range map[string][]*testkit.IMAPFolder{
		"Unicode form":     {boxOf("&AMk-t&AOk-", ""), boxOf("E&AwE-te&AwE-", "")},
		"form, raw":        {boxOf("\u00c9t\u00e9", ""), boxOf("E\u0301te\u0301", "")},
		"encoded and raw":  {boxOf("&AMk-t&AOk-", ""), boxOf("Été", "")},
		"delimiter":        {{Name: "a.b", Delim: `"."`, Messages: inbox(1).Messages}, boxOf("a/b", "")},
		"case":             {boxOf("Clients", ""), boxOf("CLIENTS", "")},
		"blank":            {boxOf("Clients", ""), boxOf("Clients ", "")},
		"three of them":    {boxOf("&AMk-t&AOk-", ""), boxOf("Été", ""), boxOf("E&AwE-te&AwE-", "")},
		"the name we give": {boxOf("&AMk-t&AOk-", ""), boxOf("Été", ""), boxOf("Été/(2)", "")},
	} {
		t.Run(name, func(t *testing.T) {
			var exports [][]string
			for range 2 { // in the other order too
				s := testkit.NewIMAP(t, folders...)
				a := newArchive()
				for round := range 2 {
					if sum := a.run(t, job(openServer(t, "imap://"+s.Addr()))); round == 1 && sum.Seen != 0 {
						t.Errorf("read %d again", sum.Seen)
					}
				}
				places := map[string]bool{}
				for _, it := range a.items {
					places[it.Occurrence.Folder] = true
				}
				if a.count("captured") != len(folders) || len(places) != len(folders) {
					t.Errorf("account:\n%s", strings.Join(a.list(), "\n"))
				}
				exports = append(exports, a.list())
				slices.Reverse(folders)
			}
			if diff := cmp.Diff(exports[0], exports[1]); diff != "" {
				t.Errorf("depends on the order: %s", diff)
			}
		})
	}
}

// TestIMAPListThatFails: the list is asked for in other ways; what may be missing is
// on record, and goes once a list is whole.
func TestIMAPListThatFails(t *testing.T) {
	tree := []*testkit.IMAPFolder{boxOf("INBOX", ""), boxOf("Clients", ""), boxOf("Clients/Acme", ""), boxOf("Clients/Acme/2024", "")}
	fails := func(parts ...string) func(string) bool {
		return func(command string) bool {
			return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(command, p) })
		}
	}
	for _, tc := range []struct {
		name     string
		fails    func(string) bool
		captured int
		unread   bool
		notes    int
	}{
		{"with special uses", fails("SPECIAL-USE"), 4, false, 0},
		{"whole", fails(`"*"`), 4, false, 1},
		{"whole and one level", fails(`"*"`, `"Clients/%"`), 2, true, 1},
		{"but what is subscribed", fails("LIST"), 4, true, 0},
		{"always", fails(" "), 1, true, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := testkit.NewIMAP(t, tree...)
			s.ListFails = tc.fails
			a := newArchive()
			notes := 0
			sum, err := NewCapture(a.deps(t)).Run(t.Context(), job(openServer(t, "imap://"+s.Addr())), func(e Event) {
				if e.Note != "" {
					notes++
				}
			})
			if int(sum.Captured) != tc.captured || (err != nil) != tc.unread || a.count(ReasonFolder) > 1 || notes != tc.notes {
				t.Fatalf("%v, %+v, %d notes\n%s", err, sum.Counts, notes, strings.Join(a.list(), "\n"))
			}
			s.ListFails = nil
			a.run(t, job(openServer(t, "imap://"+s.Addr())))
			if a.count("captured") != 4 || a.count(ReasonFolder) != 0 {
				t.Errorf("with the list again:\n%s", strings.Join(a.list(), "\n"))
			}
		})
	}
}

// TestIMAPListThatCannotBeRead: what can be read of a list is captured, and that there
// was more is on record.
func TestIMAPListThatCannotBeRead(t *testing.T) {
	for name, list := range map[string]string{
		"nonsense":         "* LIST nonsense\r\n",
		"nothing":          "* LIST\r\n",
		"no name":          "* LIST () \"/\" \"\"\r\n",
		"no attributes":    "* LIST \"/\" X\r\n",
		"not ended":        "* LIST (\\HasNoChildren \"/\" \r\n",
		"another answer":   "* VANISHED 1:2\r\n",
		"name without end": "* LIST () \"/\" {99999999}\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := testkit.NewIMAP(t, boxOf("INBOX", ""), boxOf("Clients", ""))
			s.List = list
			a := newArchive()
			_, err := NewCapture(a.deps(t)).Run(t.Context(), job(openServer(t, "imap://"+s.Addr())), nil)
			if err == nil || a.count("captured") != 2 || a.count(ReasonFolder) != 1 {
				t.Errorf("%v\n%s", err, strings.Join(a.list(), "\n"))
			}
		})
	}
}

// TestIMAPEmptyList: a mailbox has an INBOX, whatever its server lists.
func TestIMAPEmptyList(t *testing.T) {
	s := testkit.NewIMAP(t, &testkit.IMAPFolder{Name: "INBOX", Listed: `"x"`, Attrs: `\Noselect`, Messages: inbox(3).Messages})
	a := newArchive()
	if _, err := NewCapture(a.deps(t)).Run(t.Context(), job(openServer(t, "imap://"+s.Addr())), nil); err == nil || a.count("captured") != 3 {
		t.Errorf("%v\n%s", err, strings.Join(a.list(), "\n"))
	}
}

// TestIMAPFolderNotThere: nothing captured is said, not taken for an empty mailbox.
func TestIMAPFolderNotThere(t *testing.T) {
	s := testkit.NewIMAP(t, inbox(1))
	_, err := NewCapture(newArchive().deps(t)).Run(t.Context(), job(openServer(t, "imap://"+s.Addr()+"/Clients")), nil)
	if relais.KindOf(err) != relais.KindNotFound {
		t.Errorf("%v", err)
	}
}

// TestIMAPExcludedFolderNeedNotBeRead: a user who leaves a folder out has accepted not to
// have it.
func TestIMAPExcludedFolderNeedNotBeRead(t *testing.T) {
	s := testkit.NewIMAP(t, inbox(1))
	s.List = "* LIST () \"/\" \"Gone\"\r\n"
	a := newArchive()
	if _, err := NewCapture(a.deps(t)).Run(t.Context(), job(openServer(t, "imap://"+s.Addr())), nil); err == nil || a.count(ReasonFolder) != 1 {
		t.Errorf("%v\n%s", err, strings.Join(a.list(), "\n"))
	}
	j := job(openServer(t, "imap://"+s.Addr()))
	j.ExcludeFolders = []string{"gone"}
	if a.run(t, j); a.count(ReasonFolder) != 0 {
		t.Errorf("left out:\n%s", strings.Join(a.list(), "\n"))
	}
}

// TestIMAPKeywordsOutOfOrder: what people and programs marked a message with comes with it,
// whatever else is wrong with its flags or its date.
func TestIMAPKeywordsOutOfOrder(t *testing.T) {
	for flags, want := range map[string][]string{
		`\Seen Perso $label3`:          {"$label3", "Perso"},
		`priv&AOk- NonJunk $Forwarded`: {"privé"},
		`Privé \Flagged`:               {"Privé"},
		`\Seen [Important] Perso`:      {"Perso", "[Important]"},
		`À.voir a]b "quoted" \Bad]`:    {`"quoted"`, "a]b", "À.voir"},
		`\seen \FLAGGED`:               nil,
	} {
		for _, date := range []string{"", "00-Jan-0000 00:00:00 +0000"} {
			t.Run(fmt.Sprint(flags, date), func(t *testing.T) {
				s := testkit.NewIMAP(t, &testkit.IMAPFolder{Name: "INBOX", Messages: []testkit.IMAPMessage{{UID: 1, Body: testkit.Message(1), Flags: flags, Date: date}}})
				a := newArchive()
				a.run(t, job(openServer(t, "imap://"+s.Addr())))
				if diff := cmp.Diff(want, a.items[0].Labels); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}
