package enrich

import (
	"context"
	"slices"

	"github.com/relais-archive/relais/internal/relais"
	"github.com/relais-archive/relais/internal/state"
)

// redecideDocuments is how many documents are judged anew at once.
const redecideDocuments = 256

// Decide records what somebody decided of a case's doubtful marks and has it follow at
// once: of every document it concerns envelopes are appended, or tombstones. No mail is
// read anew. A document with a sure mark is let go by no decision: to decide that it is
// professional is of relais.KindConflict. The decisions' Target of documents is found
// here, by their Document.
func (s *Stage) Decide(ctx context.Context, c relais.CaseID, list []relais.Decision) (relais.Settled, error) {
	return s.redecide(ctx, c, func(m *state.Merging, done *relais.Settled) ([]relais.DocumentID, error) {
		var concerned []relais.DocumentID
		for _, d := range list {
			if err := s.findTarget(ctx, m, &d); err != nil {
				return nil, err
			}
			d, err := m.PutDecision(ctx, d)
			if err != nil {
				return nil, err
			}
			done.Decisions = append(done.Decisions, d)
			ids, err := concernedBy(ctx, m, d)
			if err != nil {
				return nil, err
			}
			concerned = append(concerned, ids...)
		}
		return concerned, nil
	})
}

// Undo cancels a decision and works out again what the remaining ones imply.
func (s *Stage) Undo(ctx context.Context, d relais.Decision, by relais.Act) (relais.Settled, error) {
	return s.redecide(ctx, d.Case, func(m *state.Merging, done *relais.Settled) ([]relais.DocumentID, error) {
		if err := m.UndoDecision(ctx, d.ID, by); err != nil {
			return nil, err
		}
		d.Undone = &by
		done.Decisions = append(done.Decisions, d)
		return concernedBy(ctx, m, d)
	})
}

// findTarget names a document by its captured bytes, which better reading does not change.
func (s *Stage) findTarget(ctx context.Context, m *state.Merging, d *relais.Decision) error {
	if d.About != relais.AboutDocument {
		return nil
	}
	rows, err := m.Documents(ctx, []relais.DocumentID{d.Document})
	if err != nil {
		return err
	}
	bytes, err := m.BytesOf(ctx, d.Document)
	if err != nil {
		return err
	}
	row, known := rows[d.Document]
	switch {
	case !known || bytes.IsZero():
		return relais.Errorf(relais.KindNotFound, "settle", "no document has the id %s", d.Document)
	case row.Marks().Personal != "" && d.Verdict == relais.Professional:
		return relais.Errorf(relais.KindConflict, "settle", "document %s bears a sure mark, which no decision lifts", d.Document)
	}
	d.Target = bytes.String()
	return nil
}

func concernedBy(ctx context.Context, m *state.Merging, d relais.Decision) ([]relais.DocumentID, error) {
	switch d.About {
	case relais.AboutAddress, relais.AboutDomain:
		return m.ExchangedWith(ctx, []string{whoOf(d)})
	case relais.AboutFolder, relais.AboutRule:
		return m.Doubted(ctx, func(doubt state.Doubt) bool { return covers(d, doubt) })
	}
	if bytes, err := m.BytesOf(ctx, d.Document); err != nil || bytes.String() == d.Target {
		return []relais.DocumentID{d.Document}, err
	}
	return m.OfBytes(ctx, d.Target) // it has another id since, or another copy comes first
}

// redecide makes a change of what was decided, judges the documents anew that it gives,
// and appends what follows. From the change to the append the case is this worker's, as
// in a merge; what a crash leaves to be appended is marked, as a merge's.
func (s *Stage) redecide(ctx context.Context, c relais.CaseID,
	change func(*state.Merging, *relais.Settled) ([]relais.DocumentID, error),
) (done relais.Settled, err error) {
	err = s.state.Alone(ctx, c, func(ctx context.Context) error {
		done, err = s.redecideAlone(ctx, c, nil, change)
		return err
	})
	return done, err
}

// redecideAlone does so for a case that is this worker's; decisions that were followed so
// stand as pending no more.
func (s *Stage) redecideAlone(ctx context.Context, c relais.CaseID, followed []relais.Decision,
	change func(*state.Merging, *relais.Settled) ([]relais.DocumentID, error),
) (done relais.Settled, err error) {
	err = s.state.Merge(ctx, c, s.generation, func(m *state.Merging) error {
		done = relais.Settled{}
		ids, err := change(m, &done)
		if err != nil {
			return err
		}
		slices.Sort(ids)
		for some := range slices.Chunk(slices.Compact(ids), redecideDocuments) {
			if err := s.judgeAnew(ctx, c, m, some, &done); err != nil {
				return err
			}
		}
		return m.Followed(ctx, followed)
	})
	if err != nil {
		return done, err
	}
	if err := s.recoverCase(ctx, c); err != nil {
		return done, err
	}
	unsettled, err := s.state.Unsettled(ctx)
	if err != nil {
		return done, err
	}
	return done, s.settleCase(ctx, c, unsettled[c])
}

// judgeAnew judges documents by what was decided now, and has those change that it makes
// a difference to, and what their threads inherit.
func (s *Stage) judgeAnew(ctx context.Context, c relais.CaseID, m *state.Merging, ids []relais.DocumentID, done *relais.Settled) error {
	rows, err := m.Documents(ctx, ids)
	if err != nil {
		return err
	}
	v, err := verdictsOn(ctx, m, ids)
	if err != nil {
		return err
	}
	var changed []state.Document
	for _, id := range sortedKeys(rows) {
		was, row := rows[id], rows[id]
		v.judge(&row)
		count(done, was.Status, row.Status)
		if was.Status != row.Status || was.Reason != row.Reason {
			changed = append(changed, row)
		}
	}
	docs, err := s.openRows(ctx, c, changed)
	if err != nil {
		return err
	}
	for _, d := range docs {
		d.raise()
		address(d)
		project(d)
	}
	if _, err := s.inheritAll(ctx, m, docs); err != nil {
		return err
	}
	return s.write(ctx, c, m, docs)
}

func count(done *relais.Settled, was, is relais.Status) {
	switch {
	case was == is && is == relais.StatusDoubtful:
		done.Still++
	case was == is:
	case is == relais.StatusDoubtful:
		done.Doubtful++
	case is == relais.StatusQuarantined:
		done.Personal++
	default:
		done.Professional++
	}
}

// Disclose tells what a doubtful document is: its subject, who sent it and where it lies.
// That it was asked for is to be on record already.
func (s *Stage) Disclose(ctx context.Context, c relais.CaseID, row state.Document) (relais.Disclosed, error) {
	docs, err := s.openRows(ctx, c, []state.Document{row})
	if err != nil {
		return relais.Disclosed{}, err
	}
	seen, err := s.state.Occurrences(ctx, c, []relais.DocumentID{row.ID}, maxOccurrences)
	if err != nil {
		return relais.Disclosed{}, err
	}
	told := relais.Disclosed{Doubtful: relais.Doubtful{ID: row.ID, Copies: int64(len(seen[row.ID]))}}
	for _, o := range seen[row.ID] {
		told.Folders = append(told.Folders, o.Folder)
	}
	slices.Sort(told.Folders)
	told.Folders = slices.Compact(told.Folders)
	for _, doubt := range row.Marks().Doubts {
		told.Marks = append(told.Marks, relais.NewPrivacyMark(doubt.Rule, doubt.Folder))
	}
	if f := docs[row.ID].facts; f != nil {
		told.Subject, told.Name, told.From, told.Date = f.Document.Subject, f.Document.Name, f.Document.From, f.Document.Date
	}
	return told, nil
}
