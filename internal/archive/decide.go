package archive

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/relais-archive/relais/enrich"
	"github.com/relais-archive/relais/enrich/tag"
	"github.com/relais-archive/relais/internal/blob"
	"github.com/relais-archive/relais/internal/crm"
	"github.com/relais-archive/relais/internal/pipeline"
	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/search"
)

// AllDecisions lists what was decided, with the names of cases.
func (ar *Archive) AllDecisions(ctx context.Context, c relais.CaseID) ([]relais.Decision, error) {
	names, err := ar.caseNames(ctx)
	if err != nil {
		return nil, err
	}
	list, err := ar.on.State.AllDecisions(ctx, c)
	for i, d := range list {
		list[i].CaseName = names[d.Case]
	}
	return list, err
}

// Decide records what somebody decided, and has documents follow it at once: this process
// makes and appends what changes, wherever the stages run (ADR 16).
func (ar *Archive) Decide(ctx context.Context, req relais.DecideRequest, by relais.Act, emit func(relais.Event)) error {
	list, err := ar.asked(ctx, req, by)
	if err != nil {
		return err
	}
	made, err := ar.on.State.Decide(ctx, list)
	if err != nil {
		return err
	}
	return ar.followed(ctx, relais.Decided{Decisions: made}, req.NoWait, emit)
}

// UndoDecided undoes a decision of whatever kind.
func (ar *Archive) UndoDecided(ctx context.Context, req relais.UndoRequest, by relais.Act, emit func(relais.Event)) error {
	d, err := ar.on.State.UndoDecided(ctx, req.ID, by)
	if err != nil {
		return relais.WithHint(err, "`relais decisions list`")
	}
	return ar.followed(ctx, relais.Decided{Decisions: []relais.Decision{d}}, req.NoWait, emit)
}

// ImportDecisions records decisions that were exported, all or none of them.
func (ar *Archive) ImportDecisions(ctx context.Context, lines io.Reader, emit func(relais.Event)) error {
	cases, err := ar.on.State.Cases(ctx)
	if err != nil {
		return err
	}
	list, err := readDecisions(lines, cases)
	if err != nil {
		return err
	}
	changed, err := ar.on.State.ImportDecisions(ctx, list)
	if err != nil {
		return err
	}
	return ar.followed(ctx, relais.Decided{Decisions: changed, Known: len(list) - len(changed)}, false, emit)
}

// maxDecisionLine bounds a decision that is read, in bytes: a reason has at most 1000.
const maxDecisionLine = 64 << 10

// readDecisions reads decisions, a JSON object a line, of cases that are known by their
// id or else by their name.
func readDecisions(r io.Reader, cases []relais.Case) ([]relais.Decision, error) {
	var list []relais.Decision
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxDecisionLine)
	for n := 1; lines.Scan(); n++ {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		var d relais.Decision
		err := json.Unmarshal(lines.Bytes(), &d)
		if err == nil {
			d.Case, err = caseOfDecision(d, cases)
		}
		if err == nil {
			err = d.Check()
		}
		if err == nil && (d.ID == "" || d.Target == "") {
			err = relais.Errorf(relais.KindInvalid, "read a decision", "it has no id, or no target")
		}
		if err != nil {
			return nil, relais.Errorf(relais.KindInvalid, "import decisions", "line %d: %w", n, err)
		}
		d.CaseName = ""
		list = append(list, d)
	}
	if err := lines.Err(); err != nil {
		return nil, relais.E(relais.KindInvalid, "import decisions", err)
	}
	return list, nil
}

func caseOfDecision(d relais.Decision, cases []relais.Case) (relais.CaseID, error) {
	if d.Case == "" || slices.ContainsFunc(cases, func(k relais.Case) bool { return k.ID == d.Case }) {
		return d.Case, nil
	}
	for _, k := range cases {
		if strings.EqualFold(k.Name, d.CaseName) {
			return k.ID, nil
		}
	}
	return "", relais.Errorf(relais.KindInvalid, "read a decision", "there is no case %q: `relais case create` makes it", d.CaseName)
}

// followed has documents follow what was decided, waits until that can be found, and tells
// of it.
func (ar *Archive) followed(ctx context.Context, done relais.Decided, noWait bool, emit func(relais.Event)) error {
	moved, err := ar.follow(ctx)
	if err != nil {
		return err
	}
	done.Documents = moved
	if !noWait {
		if err := ar.waitSince(ctx, pipeline.Taken{}, emit); err != nil {
			return err
		}
	}
	done.Decisions = unnamed(done.Decisions)
	emit(relais.Event{Type: "decided", Result: done})
	return nil
}

// follow has documents follow what was decided, and gives the number of those that change.
// When the generation rises meanwhile, as clients are imported, it begins anew.
func (ar *Archive) follow(ctx context.Context) (moved int64, err error) {
	for {
		stage, err := ar.stage(ctx)
		if err != nil {
			return moved, err
		}
		n, err := stage.Follow(ctx)
		if moved += n; relais.KindOf(err) != relais.KindConflict {
			return moved, err
		}
	}
}

// verifyDecided names documents that do not follow their threads or what was decided.
func (ar *Archive) verifyDecided(ctx context.Context, fault func(blob.Fault)) error {
	stage, err := ar.stage(ctx)
	if err != nil {
		return err
	}
	cases, err := stage.Unfollowed(ctx)
	for _, threads := range cases {
		for _, thread := range sorted(threads) {
			for _, id := range threads[thread] {
				fault(blob.Fault{Code: "tags_differ", Detail: string(id)})
			}
		}
	}
	return err
}

// followAll has such documents follow.
func followAll(ctx context.Context, stage *enrich.Stage) error {
	cases, err := stage.Unfollowed(ctx)
	if err != nil {
		return err
	}
	for _, c := range sorted(cases) {
		if _, err := stage.Redecide(ctx, c, sorted(cases[c])); err != nil {
			return err
		}
	}
	return nil
}

// asked gives the decisions of a request, a decision a thing.
func (ar *Archive) asked(ctx context.Context, req relais.DecideRequest, by relais.Act) ([]relais.Decision, error) {
	d, err := ar.saying(ctx, req, by)
	if err != nil {
		return nil, err
	}
	cases, err := ar.on.State.Cases(ctx)
	if err != nil {
		return nil, err
	}
	var owners []relais.Owner
	for _, k := range cases {
		owners = append(owners, k.Owners...)
	}
	var list []relais.Decision
	of := func(about relais.About, target string, err error) error {
		if err == nil {
			one := d
			one.About, one.Target = about, target
			list = append(list, one)
		}
		return err
	}
	for _, text := range req.Addresses {
		address, err := enrich.DecidableAddress(text, owners)
		if err := of(relais.AboutAddress, address, err); err != nil {
			return nil, err
		}
	}
	for _, text := range req.Domains {
		domain, err := enrich.DecidableDomain(text, owners)
		if err := of(relais.AboutDomain, domain, err); err != nil {
			return nil, err
		}
	}
	for _, name := range req.Clients {
		client, err := ar.clientNamed(ctx, name)
		if err := of(relais.AboutClient, client, err); err != nil {
			return nil, err
		}
	}
	near, err := ar.ofDocuments(ctx, req, d)
	return append(list, near...), err
}

// saying gives what a request decides, but of what.
func (ar *Archive) saying(ctx context.Context, req relais.DecideRequest, by relais.Act) (d relais.Decision, err error) {
	d = relais.Decision{Kind: req.Kind, Verdict: relais.Is, Act: by}
	if req.Not {
		d.Verdict = relais.IsNot
	}
	if d.Since, err = relais.DayOf(req.Since); err != nil {
		return d, err
	}
	if d.Until, err = relais.DayOf(req.Until); err != nil {
		return d, err
	}
	if req.Until != "" {
		d.Until++ // that day too
	}
	switch req.Kind {
	case relais.DecidePrivacy:
		d.Verdict = relais.Personal
		err = personalWith(req)
	case relais.DecideTopic:
		d.Value, err = topicNamed(req.Value)
	default:
		d.Value, err = ar.clientNamed(ctx, req.Value)
	}
	return d, err
}

// personalWith tells whether a request says that all with an address or a domain is
// personal: no more than that is decided of so much at once.
func personalWith(req relais.DecideRequest) error {
	switch {
	case relais.Verdict(req.Value) == relais.Professional || req.Not:
		return relais.WithHint(relais.Errorf(relais.KindInvalid, "decide", "all with an address or a domain is not called professional at once"),
			"`relais privacy settle` settles a folder, a rule or a document; `relais decisions undo` takes a decision back")
	case relais.Verdict(req.Value) != relais.Personal:
		return relais.Errorf(relais.KindInvalid, "decide", "%q is no level of privacy", req.Value)
	}
	return nil
}

// ofDocuments gives the decisions of a request on documents and on threads. What is
// withheld is unknown here.
func (ar *Archive) ofDocuments(ctx context.Context, req relais.DecideRequest, d relais.Decision) (list []relais.Decision, err error) {
	ids := map[relais.DocumentID]relais.About{}
	for _, thread := range req.Threads {
		id, err := ar.inThread(ctx, thread)
		if err != nil {
			return nil, err
		}
		ids[id] = relais.AboutThread
	}
	for _, id := range req.Documents {
		ids[id] = relais.AboutDocument
	}
	for _, id := range sorted(ids) {
		c, row, err := ar.on.State.Row(ctx, id)
		if err == nil && row.Status != "" {
			err = relais.Errorf(relais.KindNotFound, "decide", "no document has the id %s", id)
		}
		if err != nil {
			return nil, err
		}
		bytes, err := ar.on.State.BytesOf(ctx, c, row.ID)
		if err != nil {
			return nil, err
		}
		one := d
		one.Case, one.About, one.Target, one.Document = c, ids[id], bytes.String(), row.ID
		list = append(list, one)
	}
	return list, nil
}

// inThread gives a document of a thread, which is named by its id or that of any document
// in it.
func (ar *Archive) inThread(ctx context.Context, thread string) (relais.DocumentID, error) {
	envelopes, err := ar.on.State.ThreadEnvelopes(ctx, thread)
	if err != nil || len(envelopes) == 0 {
		return relais.DocumentID(thread), err
	}
	id := envelopes[0].Root
	for _, e := range envelopes {
		id = min(id, e.Root)
	}
	return id, nil
}

// clientNamed gives the id of a client that is named by its id, its name or an alias, or
// by part of a name that no other has.
func (ar *Archive) clientNamed(ctx context.Context, name string) (string, error) {
	list, err := ar.clients(ctx)
	if err != nil {
		return "", err
	}
	wanted := search.Fold(name)
	var holds []string
	for _, k := range list {
		if k.ID == name || search.Fold(k.Name) == wanted || slices.ContainsFunc(k.Aliases, func(a string) bool { return search.Fold(a) == wanted }) {
			return k.ID, nil
		}
		if search.NameHolds(k.Name, name) {
			holds = append(holds, k.ID)
		}
	}
	switch len(holds) {
	case 1:
		return holds[0], nil
	case 0:
		return "", relais.WithHint(relais.Errorf(relais.KindNotFound, "find client", "no client is named %q", name), "`relais client list` shows those there are")
	}
	return "", relais.WithHint(relais.Errorf(relais.KindInvalid, "find client", "%d clients are named so: %q", len(holds), name), "name one by its id: "+strings.Join(holds[:min(len(holds), 5)], ", "))
}

// clients gives the clients of the archive, those discovered too.
func (ar *Archive) clients(ctx context.Context) ([]relais.Client, error) {
	list, _, err := ar.on.State.Clients(ctx)
	if err != nil {
		return nil, err
	}
	cases, err := ar.on.State.Cases(ctx)
	if err != nil {
		return nil, err
	}
	domains := map[string]bool{}
	for _, k := range cases {
		found, err := ar.on.State.Discovered(ctx, k.ID)
		if err != nil {
			return nil, err
		}
		for domain := range found {
			domains[domain] = true
		}
	}
	for _, domain := range sorted(domains) {
		list = append(list, relais.Client{ID: crm.DiscoveredID(domain), Name: crm.DiscoveredName(domain), Discovered: true})
	}
	return list, nil
}

// Topics gives the topics under the names and words that people who search give them.
func Topics() ([]search.Choice, error) {
	topics, err := tag.DefaultTopics()
	choices := make([]search.Choice, len(topics))
	for i, t := range topics {
		choices[i] = search.Choice{ID: t.ID, Names: t.Names(), Words: t.Strong}
	}
	return choices, err
}

// topicNamed gives the id of a topic that is named by its id or a name of it.
func topicNamed(name string) (string, error) {
	choices, err := Topics()
	if err != nil {
		return "", err
	}
	var ids []string
	for _, c := range choices {
		if slices.ContainsFunc(append([]string{c.ID}, c.Names...), func(n string) bool { return search.Fold(n) == search.Fold(name) }) {
			return c.ID, nil
		}
		ids = append(ids, c.ID)
	}
	return "", relais.WithHint(relais.Errorf(relais.KindNotFound, "find topic", "no topic is named %q", name), "the topics are "+strings.Join(ids, ", "))
}
