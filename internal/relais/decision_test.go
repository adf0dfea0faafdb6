package relais

import (
	"maps"
	"testing"
	"time"
)

func merged(from, into string) Decision {
	return Decision{Kind: DecideMerge, About: AboutClient, Target: from, Value: into, Verdict: Is, Act: Act{At: time.Unix(1, 0)}}
}

func TestMerges(t *testing.T) {
	undone := merged("a", "c")
	undone.Undone = &Act{At: time.Unix(2, 0)}
	for name, tc := range map[string]struct {
		list []Decision
		want map[string]string // under which each client is shown
	}{
		"none":               {nil, map[string]string{"a": "a"}},
		"a chain":            {[]Decision{merged("a", "b"), merged("b", "c")}, map[string]string{"a": "c", "b": "c", "c": "c"}},
		"two into one":       {[]Decision{merged("a", "c"), merged("b", "c")}, map[string]string{"a": "c", "b": "c"}},
		"the later counts":   {[]Decision{merged("a", "b"), merged("a", "c")}, map[string]string{"a": "c", "b": "b"}},
		"undone":             {[]Decision{merged("a", "b"), undone}, map[string]string{"a": "b", "c": "c"}},
		"each other":         {[]Decision{merged("a", "b"), merged("b", "a")}, map[string]string{"a": "b", "b": "b"}},
		"a circle of three":  {[]Decision{merged("a", "b"), merged("b", "c"), merged("c", "a")}, map[string]string{"a": "c", "c": "c"}},
		"cut by the later":   {[]Decision{merged("a", "b"), merged("b", "c"), merged("a", "d"), merged("c", "a")}, map[string]string{"b": "d", "a": "d", "c": "d"}},
		"beside other kinds": {[]Decision{{Kind: DecideClient, About: AboutClient, Target: "a", Value: "a", Verdict: IsNot}, merged("b", "a")}, map[string]string{"a": "a", "b": "a"}},
	} {
		into := Merges(tc.list)
		for id, want := range tc.want {
			if got := Survivor(into, id); got != want {
				t.Errorf("%s: %s is shown under %s, want %s (%v)", name, id, got, want, maps.Clone(into))
			}
		}
	}
}

func TestDecisionCovers(t *testing.T) {
	for _, tc := range []struct {
		since, until, day int64
		want              bool
	}{
		{0, 0, 0, true}, {0, 0, 5, true}, {5, 0, 5, true}, {5, 0, 4, false}, {0, 5, 5, false}, {0, 5, 4, true}, {0, 5, -3, true},
		{5, 9, 0, false}, {5, 0, 0, false}, {0, 5, 0, false}, {5, 9, 8, true},
	} {
		if got := (Decision{Since: tc.since, Until: tc.until}).Covers(tc.day); got != tc.want {
			t.Errorf("%+v: %v", tc, got)
		}
	}
}

func TestDecisionCheck(t *testing.T) {
	bytes, at := DigestOf([]byte("x")).String(), Act{At: time.Unix(1, 0)}
	for name, tc := range map[string]struct {
		d  Decision
		ok bool
	}{
		"a document":               {Decision{Kind: DecideClient, Case: "c", About: AboutDocument, Target: bytes, Value: "acme", Verdict: Is, Act: at}, true},
		"a document by its id":     {Decision{Kind: DecideTopic, Case: "c", About: AboutDocument, Document: "d1", Value: "prix", Verdict: IsNot, Act: at}, true},
		"no digest":                {Decision{Kind: DecideClient, Case: "c", About: AboutThread, Target: "t1", Value: "acme", Verdict: Is, Act: at}, false},
		"a domain":                 {Decision{Kind: DecideClient, About: AboutDomain, Target: "x.example", Value: "acme", Verdict: Is, Act: at}, true},
		"a domain of one case":     {Decision{Kind: DecideClient, Case: "c", About: AboutDomain, Target: "x.example", Value: "acme", Verdict: Is, Act: at}, false},
		"of no time":               {Decision{Kind: DecideClient, About: AboutDomain, Target: "x.example", Value: "acme", Verdict: Is}, false},
		"of no days":               {Decision{Kind: DecideClient, About: AboutDomain, Target: "x.example", Value: "acme", Verdict: Is, Since: 7, Until: 7, Act: at}, false},
		"a client that is none":    {Decision{Kind: DecideClient, About: AboutClient, Target: "acme", Value: "acme", Verdict: IsNot, Act: at}, true},
		"a client that is another": {Decision{Kind: DecideClient, About: AboutClient, Target: "acme", Value: "beta", Verdict: Is, Act: at}, false},
		"a client's topic":         {Decision{Kind: DecideTopic, About: AboutClient, Target: "acme", Value: "newsletter", Verdict: Is, Act: at}, true},
		"merged":                   {merged("a", "b"), true},
		"merged with itself":       {merged("a", "a"), false},
		"not merged":               {Decision{Kind: DecideMerge, About: AboutClient, Target: "a", Value: "b", Verdict: IsNot, Act: at}, false},
		"personal":                 {Decision{Kind: DecidePrivacy, Case: "c", About: AboutFolder, Target: "CSE", Verdict: Personal, Act: at}, true},
		"a personal domain":        {Decision{Kind: DecidePrivacy, About: AboutDomain, Target: "x.example", Verdict: Personal, Act: at}, true},
		"a professional domain":    {Decision{Kind: DecidePrivacy, About: AboutDomain, Target: "x.example", Verdict: Professional, Act: at}, false},
		"a personal client":        {Decision{Kind: DecidePrivacy, About: AboutClient, Target: "acme", Verdict: Personal, Act: at}, false},
		"a personal thread":        {Decision{Kind: DecidePrivacy, Case: "c", About: AboutThread, Target: bytes, Verdict: Personal, Act: at}, false},
		"of no kind":               {Decision{About: AboutDomain, Target: "x.example", Value: "acme", Verdict: Is, Act: at}, false},
		"of a folder":              {Decision{Kind: DecideTopic, Case: "c", About: AboutFolder, Target: "CSE", Value: "prix", Verdict: Is, Act: at}, false},
		"about nothing":            {Decision{Kind: DecideTopic, Case: "c", About: AboutDocument, Value: "prix", Verdict: Is, Act: at}, false},
	} {
		if err := tc.d.Check(); (err == nil) != tc.ok || err != nil && KindOf(err) != KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDecisionID: whatever differs, in what is said, by whom or when, names another.
func TestDecisionID(t *testing.T) {
	d := Decision{Kind: DecideClient, Case: "c", Seq: 1, About: AboutDomain, Target: "x", Value: "v", Verdict: Is, Act: Act{Actor: "a", At: time.Unix(1, 0)}}
	seen := map[string]bool{NewDecisionID(d): true}
	for i, change := range []func(*Decision){
		func(d *Decision) { d.Kind = DecideTopic }, func(d *Decision) { d.Case = "e" }, func(d *Decision) { d.Seq++ }, func(d *Decision) { d.About = AboutAddress },
		func(d *Decision) { d.Target = "y" }, func(d *Decision) { d.Value = "w" }, func(d *Decision) { d.Verdict = IsNot }, func(d *Decision) { d.Since = 1 },
		func(d *Decision) { d.Until = 1 }, func(d *Decision) { d.Actor = "b" }, func(d *Decision) { d.At = d.At.Add(1) },
	} {
		other := d
		if change(&other); seen[NewDecisionID(other)] {
			t.Errorf("change %d gives an id that another has", i)
		}
		seen[NewDecisionID(other)] = true
	}
	if id := NewDecisionID(d); id != NewDecisionID(d) || id[:2] != "c-" {
		t.Errorf("named %s", id)
	}
}
