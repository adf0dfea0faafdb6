// Package evaluate answers one question: how right are the tags? It scores client,
// topic, language, thread and privacy tags against a file of truth.
package evaluate

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// Truth is one line of the truth file. A missing field is not scored; an empty
// client means that there is none.
type Truth struct {
	MessageID string  `json:"message_id"`
	ID        string  `json:"id"` // stands in for message_id
	Client    *string `json:"client"`
	Topic     *string `json:"topic"`
	Lang      *string `json:"lang"`
	Thread    *any    `json:"thread"`
	Personal  *bool   `json:"personal"`
}

// Score is how a binary or multi-class decision fared. Precision, Recall and F1 are
// in thousandths; Support is how many were scored.
type Score struct {
	Support   int `json:"support"`
	Right     int `json:"right"`
	Predicted int `json:"predicted"` // how many were given a tag
	Wanted    int `json:"wanted"`    // how many have one in truth
	Precision int `json:"precision"`
	Recall    int `json:"recall"`
	F1        int `json:"f1"`
}

// Bin is one step of calibration: of the client tags within it, how many were right.
type Bin struct {
	From  int `json:"from"` // least confidence, in thousandths
	Count int `json:"count"`
	Right int `json:"right"`
}

// Report is what evaluate prints.
type Report struct {
	Messages    int              `json:"messages"` // lines of truth
	Found       int              `json:"found"`    // of them, messages in the archive
	Withheld    int              `json:"withheld"` // of them, not to be seen: quarantined, refused or never captured
	Client      Score            `json:"client"`
	Calibration []Bin            `json:"calibration"`
	Topic       Score            `json:"topic"`     // the first topic
	TopicAny    Score            `json:"topic_any"` // any of the topics
	Topics      map[string]Score `json:"topics"`
	Language    Score            `json:"language"`
	Thread      Score            `json:"thread"`  // B-cubed
	Privacy     Score            `json:"privacy"` // withheld = taken for personal
}

// Run reads truth, one JSON object a line, and scores the documents that each gives
// against it. Other lines are counted as faults in the error.
func Run(truth io.Reader, each func(fn func(relais.Document) error) error) (Report, error) {
	wanted, err := readTruth(truth)
	if err != nil {
		return Report{}, err
	}
	found := map[string]relais.Document{}
	err = each(func(d relais.Document) error {
		if _, ok := wanted[d.MessageID]; ok && d.Kind == relais.KindMessage {
			d.Text, d.NewText = "", ""
			found[d.MessageID] = d
		}
		return nil
	})
	if err != nil {
		return Report{}, err
	}
	r := Report{Messages: len(wanted), Found: len(found), Withheld: len(wanted) - len(found), Topics: map[string]Score{}}
	s := scorer{report: &r, bins: map[int]*Bin{}}
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		d, ok := found[id]
		s.add(wanted[id], d, ok)
	}
	s.finish(wanted, found)
	return r, nil
}

func readTruth(r io.Reader) (map[string]Truth, error) {
	wanted := map[string]Truth{}
	br := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := br.ReadBytes('\n')
		if len(strings.TrimSpace(string(line))) > 0 {
			var t Truth
			if bad := json.Unmarshal(line, &t); bad != nil {
				return nil, relais.Errorf(relais.KindInvalid, "read truth", "line %d: %w", n, bad)
			}
			id := strings.Trim(cmp.Or(t.MessageID, t.ID), "<> ")
			if id == "" {
				return nil, relais.Errorf(relais.KindInvalid, "read truth", "line %d has no message_id", n)
			}
			wanted[id] = t
		}
		if errors.Is(err, io.EOF) {
			return wanted, nil
		}
		if err != nil {
			return nil, relais.E(relais.KindInvalid, "read truth", err)
		}
	}
}

type scorer struct {
	report *Report
	bins   map[int]*Bin
}

func (s *scorer) add(t Truth, d relais.Document, found bool) {
	if t.Personal != nil {
		count(&s.report.Privacy, !found, *t.Personal, !found && *t.Personal)
	}
	if !found {
		return
	}
	if t.Client != nil {
		s.client(*t.Client, d)
	}
	if t.Topic != nil && *t.Topic != "" {
		s.topic(*t.Topic, d)
	}
	if t.Lang != nil {
		count(&s.report.Language, d.Language != "", *t.Lang != "", d.Language == *t.Lang)
	}
}

func (s *scorer) client(want string, d relais.Document) {
	var got relais.Tag
	if len(d.Clients) > 0 && d.Clients[0].Confidence >= relais.ShownConfidence {
		got = d.Clients[0]
	}
	right := got.ID != "" && want != "" && (got.ID == want || strings.EqualFold(got.Name, want))
	count(&s.report.Client, got.ID != "", want != "", right)
	if got.ID == "" {
		return
	}
	from := got.Confidence / 100 * 100
	if s.bins[from] == nil {
		s.bins[from] = &Bin{From: from}
	}
	s.bins[from].Count++
	if right {
		s.bins[from].Right++
	}
}

func (s *scorer) topic(want string, d relais.Document) {
	first, any := "", false
	for i, t := range d.Topics {
		if i == 0 {
			first = t.ID
		}
		any = any || t.ID == want
	}
	count(&s.report.Topic, first != "", true, first == want)
	count(&s.report.TopicAny, first != "", true, any)
	one := s.report.Topics[want]
	one.Support++
	one.Wanted++
	if first == want {
		one.Right++
	}
	s.report.Topics[want] = one
	if first != "" {
		p := s.report.Topics[first]
		p.Predicted++
		s.report.Topics[first] = p
	}
}

func count(s *Score, predicted, wanted, right bool) {
	s.Support++
	if predicted {
		s.Predicted++
	}
	if wanted {
		s.Wanted++
	}
	if right && predicted && wanted {
		s.Right++
	}
}

func (s *scorer) finish(wanted map[string]Truth, found map[string]relais.Document) {
	r := s.report
	for _, x := range []*Score{&r.Client, &r.Topic, &r.TopicAny, &r.Language, &r.Privacy} {
		rate(x)
	}
	for id, x := range r.Topics {
		rate(&x)
		r.Topics[id] = x
	}
	for _, from := range slices.Sorted(maps.Keys(s.bins)) {
		r.Calibration = append(r.Calibration, *s.bins[from])
	}
	r.Thread = threads(wanted, found)
}

func rate(s *Score) {
	if s.Predicted > 0 {
		s.Precision = s.Right * 1000 / s.Predicted
	}
	if s.Wanted > 0 {
		s.Recall = s.Right * 1000 / s.Wanted
	}
	if s.Precision+s.Recall > 0 {
		s.F1 = 2 * s.Precision * s.Recall / (s.Precision + s.Recall)
	}
}

// threads scores clusters by B-cubed (Bagga and Baldwin, 1998): for each message,
// how much of its thread is right, and how much of the right thread it holds.
func threads(wanted map[string]Truth, found map[string]relais.Document) Score {
	type pair struct{ got, want string }
	pairs, got, want := map[pair]int{}, map[string]int{}, map[string]int{}
	var list []pair
	for id, t := range wanted {
		d, ok := found[id]
		if !ok || t.Thread == nil {
			continue
		}
		b, err := json.Marshal(*t.Thread)
		if err != nil {
			continue // it came from JSON
		}
		p := pair{d.Thread, string(b)}
		list = append(list, p)
		pairs[p]++
		got[p.got]++
		want[p.want]++
	}
	s := Score{Support: len(list), Predicted: len(got), Wanted: len(want)}
	var precision, recall float64
	for _, p := range list {
		precision += float64(pairs[p]) / float64(got[p.got])
		recall += float64(pairs[p]) / float64(want[p.want])
	}
	if n := float64(len(list)); n > 0 {
		s.Precision, s.Recall = int(precision/n*1000), int(recall/n*1000)
	}
	if s.Precision+s.Recall > 0 {
		s.F1 = 2 * s.Precision * s.Recall / (s.Precision + s.Recall)
	}
	return s
}
