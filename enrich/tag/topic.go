package tag

import (
	"math/bits"
	"strings"

	"github.com/relais-archive/relais/internal/fold"
	"github.com/relais-archive/relais/internal/relais"
)

// topicEnricher tells what a message or file is about, by the words of the taxonomy
// in its subject, new text, attachments' and folder's names, and by its header where
// that says it is a newsletter. Each tag shows the words that made it.
//
// It asks of each word which topic it speaks for, and how loudly: a word in the subject counts
// for several in the text, its repeats count less and less, and a long text must say
// more than a short one.
type topicEnricher struct{ lexicon *lexicon }

func newTopicEnricher(topics []Topic) topicEnricher {
	return topicEnricher{lexicon: newLexicon(topics)}
}

func (topicEnricher) Name() string { return "topic" }

// How much a word counts by where it stands, in tenths. A subject that begins with a
// reply's mark tells what its thread began with: it counts less than the new text.
const (
	placeSubject    = 20
	placeReply      = 9
	placeAttachment = 18
	placeFolder     = 15
	placeText       = 10
	placeQuote      = 5
)

const (
	maxTopics = 3
	// shortText is the number of words under which quoted text is read as well, as
	// of a message that only forwards.
	shortText = 12
)

func (e topicEnricher) Enrich(in *Input, out *Findings) {
	s := newTopicScores(e.lexicon)
	if in.Mail != nil {
		s.read(cutAt(in.Mail.Subject, 1000), subjectPlace(in.Mail.Subject), signalSubject)
	}
	if in.Kind == relais.KindFile {
		s.read(in.Name, placeSubject, signalFile)
	}
	for i, name := range in.Attachments {
		if i == 20 {
			break
		}
		s.read(fileStem(name), placeAttachment, signalAttachment)
	}
	for segment := range strings.SplitSeq(in.Folder, "/") {
		s.read(segment, placeFolder, signalFolder)
	}
	fresh := in.newWords(out)
	s.readWords(in.head(), fresh, placeText, signalText)
	words := len(fresh)
	if words < shortText {
		quoted := wordsIn(in.textWords(), out.Zones, relais.ZoneQuote)
		s.readWords(in.head(), quoted, placeQuote, signalText)
		words += len(quoted)
	}
	out.Topics = s.decide(in, out, words)
}

// subjectPlace tells apart subjects that begin with the mark of a reply, in French,
// English or German.
func subjectPlace(subject string) int {
	mark, _, _ := strings.Cut(subject, ":")
	switch strings.ToLower(strings.TrimSpace(mark)) {
	case "re", "ré", "rép", "aw":
		return placeReply
	}
	return placeSubject
}

// topicScores adds up what words say.
type topicScores struct {
	lexicon *lexicon
	scores  []int // by topic, in tenths
	subject []int // of them, from the subject or the file's name
	hits    map[int]*hit
}

// hit is one term found, with its places.
type hit struct {
	term   term
	count  int
	score  int
	signal string
	text   string
}

func newTopicScores(x *lexicon) *topicScores {
	return &topicScores{lexicon: x, scores: make([]int, len(x.ids)), subject: make([]int, len(x.ids)), hits: map[int]*hit{}}
}

func (s *topicScores) read(text string, place int, signal string) {
	if text != "" {
		s.readWords(text, fold.Words(text, nil), place, signal)
	}
}

func (s *topicScores) readWords(text string, list []fold.Word, place int, signal string) {
	s.lexicon.find(text, list, func(terms []term, first, last int) {
		for _, t := range terms {
			if t.weight == weightSilent {
				continue
			}
			h := s.hits[t.id]
			if h == nil {
				h = &hit{term: t, signal: signal, text: text[list[first].Start:list[last].End]}
				s.hits[t.id] = h
			}
			h.count++
			// The second time counts half, the third a third, and so on.
			points := t.weight * place / h.count / len(terms)
			h.score += points
			s.scores[t.topic] += points
			if signal == signalSubject || signal == signalFile {
				s.subject[t.topic] += points
			}
		}
	})
}

// decide makes tags of the scores.
func (s *topicScores) decide(in *Input, out *Findings, words int) []relais.Tag {
	if news := newsletterEvidence(in); Confidence(news) >= 800 {
		return []relais.Tag{{ID: topicNewsletter, Confidence: Confidence(news), Evidence: news}}
	}
	floor := noise(words)
	best, sum := 0, 0
	for t := range s.scores {
		s.scores[t] -= floor
		best = max(best, s.scores[t])
		sum += max(s.scores[t], 0)
	}
	var tags []relais.Tag
	if among := internalEvidence(in, out); len(among) > 0 {
		tags = append(tags, relais.Tag{ID: topicInternal, Confidence: among[0].Weight, Evidence: among})
	}
	for t, score := range s.scores {
		if score < minTopicScore || score*100 < best*minTopicShare || len(tags) > 0 && tags[0].ID == s.lexicon.ids[t] {
			continue
		}
		if len(tags) > 0 && tags[0].ID == topicInternal && s.subject[t] == 0 {
			continue // colleagues among themselves name every topic in passing
		}
		tags = append(tags, relais.Tag{ID: s.lexicon.ids[t], Confidence: topicConfidence(score, sum), Evidence: s.evidence(t)})
	}
	if len(tags) == 0 {
		return []relais.Tag{{ID: TopicOther, Confidence: 500}}
	}
	Sort(tags)
	return tags[:min(len(tags), maxTopics)]
}

// Thresholds, in points: a strong word in the subject gives 150, in the text 60.
const (
	minTopicScore = 10
	minTopicShare = 45 // of the best topic's score, in hundredths
)

// noise gives the points that a text of so many words gives any topic by chance.
func noise(words int) int { return 2 * bits.Len(uint(words)) }

// topicConfidence grows with the points and with their share of all topics' points. It
// was set on one half of the demo's mailbox (TestTopicsOfTheDemo) to say less than came
// out right there, for the words of real mail are further from the taxonomy's.
func topicConfidence(score, sum int) int {
	surely := 1000 * score / (score + 20)
	alone := 550 + 450*score/max(sum, 1)
	return min(surely*alone/1000, maxConfidence)
}

// evidence gives the words that made a topic's score, the heaviest first. Their
// weights are their shares of it.
func (s *topicScores) evidence(topic int) []relais.Evidence {
	var list []relais.Evidence
	for _, h := range s.hits {
		if h.term.topic == topic && h.score > 0 {
			list = append(list, relais.Evidence{Signal: h.signal, Detail: strings.ToLower(strings.Join(strings.Fields(cutAt(h.text, maxDetail)), " ")), Weight: 1000 * h.score / (h.score + 100)})
		}
	}
	list = UniteEvidence(list, nil)
	return list[:min(len(list), maxEvidence)]
}

// newsletterEvidence gives what in a message's header says that it is a newsletter.
func newsletterEvidence(in *Input) []relais.Evidence {
	if in.Mail == nil {
		return nil
	}
	var list []relais.Evidence
	if Header(in.Mail, "List-Unsubscribe") != "" {
		list = append(list, relais.Evidence{Signal: "header", Detail: "list-unsubscribe", Weight: 700})
	}
	if Header(in.Mail, "List-Id") != "" {
		list = append(list, relais.Evidence{Signal: "header", Detail: "list-id", Weight: 400})
	}
	if v := strings.ToLower(strings.TrimSpace(Header(in.Mail, "Precedence"))); v == "bulk" || v == "list" {
		list = append(list, relais.Evidence{Signal: "header", Detail: "precedence", Weight: 400})
	}
	if len(in.Mail.From) > 0 && strings.HasPrefix(strings.ToLower(in.Mail.From[0].Address), "newsletter") {
		list = append(list, relais.Evidence{Signal: "from", Detail: "newsletter", Weight: 700})
	}
	sortEvidence(list)
	return list
}

// internalEvidence tells that a message stayed among the owner and colleagues, and
// that no client is known for it.
func internalEvidence(in *Input, out *Findings) []relais.Evidence {
	if in.Mail == nil || out.Automated || len(out.People) < 2 || len(out.Clients) > 0 && out.Clients[0].Confidence >= relais.ShownConfidence {
		return nil
	}
	for _, p := range out.People {
		if p.Address == "" || !in.IsOwn(p.Address) {
			return nil
		}
	}
	return []relais.Evidence{{Signal: "addresses", Detail: "among colleagues", Weight: 850}}
}
