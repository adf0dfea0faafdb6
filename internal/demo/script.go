package demo

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// A script tells conversations, in files that read as they will be read:
//
//	=== name of the thread
//	client: C01            an account, "-" for none, "?" for one the CRM does not know
//	topic: prix            and lang, folder, personal, days, clients
//
//	@ 64 09:41 solene.jaouen > me; cc karim.ouali
//	subject: …             without one: Re: the last one
//	attach: …              and fact, headline, topic, style, damaged; lines set in belong to the attachment
//	the text, up to the next @ or ===
//
// The number is of days before the rep's last; in a routine, of days after the start
// of the thread. "{name}" stands for a value, and in a routine "[one|two]" for either; "[1:one|two]" chooses alike wherever
// it stands in the thread.

// scene is one conversation as written.
type scene struct {
	name  string
	head  map[string]string
	steps []step
}

// step is one message as written.
type step struct {
	days         int
	hour, minute int
	from         string
	to, cc       []string
	head         map[string]string
	attach       []attachment
	text         string
}

// attachment is one "attach" line and those set in below it.
type attachment struct {
	kind  string // quote, pdf, docx, xlsx, png, zip
	name  string // of the file, or the number of a quotation
	lines []string
}

// readScenes reads every script of a folder, in the order of their names.
func readScenes(files fs.FS, folder string) ([]scene, error) {
	names, err := fs.Glob(files, folder+"/*.txt")
	if err != nil {
		return nil, err
	}
	var all []scene
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		scenes, err := parseScenes(string(b))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, scenes...)
	}
	return all, nil
}

func parseScenes(text string) (scenes []scene, err error) {
	for i, part := range strings.Split("\n"+text, "\n=== ") {
		if i == 0 {
			continue // comments
		}
		head, rest, _ := strings.Cut(part, "\n@ ")
		name, fields, _ := strings.Cut(head, "\n")
		s := scene{name: name, head: fieldsOf(strings.Split(fields, "\n"))}
		for _, piece := range strings.Split(rest, "\n@ ") {
			st, err := parseStep(piece)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			s.steps = append(s.steps, st)
		}
		scenes = append(scenes, s)
	}
	return scenes, nil
}

func fieldsOf(lines []string) map[string]string {
	fields := make(map[string]string)
	for _, l := range lines {
		if name, value, ok := strings.Cut(l, ": "); ok {
			fields[name] = value
		}
	}
	return fields
}

func parseStep(piece string) (st step, err error) {
	lines := strings.Split(piece, "\n")
	if err := st.parseWhen(lines[0]); err != nil {
		return st, err
	}
	n := 1
	for ; n < len(lines) && isField(lines[n]); n++ {
	}
	st.head = fieldsOf(lines[1:n])
	st.attach = parseAttachments(lines[1:n])
	st.text = strings.TrimSpace(strings.Join(lines[n:], "\n"))
	return st, nil
}

// isField tells a line of the head of a message from its text.
func isField(line string) bool {
	name, _, ok := strings.Cut(line, ": ")
	switch name {
	case "subject", "attach", "fact", "headline", "topic", "style", "damaged":
		return ok
	}
	return strings.HasPrefix(line, "  ")
}

// parseWhen reads "64 09:41 from > to, to; cc who".
func (st *step) parseWhen(line string) error {
	when, who, ok := strings.Cut(line, " > ")
	f := strings.Fields(when)
	if !ok || len(f) != 3 {
		return fmt.Errorf("cannot read %q", line)
	}
	var err error
	if st.days, err = strconv.Atoi(f[0]); err != nil {
		return err
	}
	if _, err := fmt.Sscanf(f[1], "%d:%d", &st.hour, &st.minute); err != nil {
		return fmt.Errorf("cannot read %q: %w", line, err)
	}
	to, cc, _ := strings.Cut(who, "; cc ")
	st.from, st.to, st.cc = f[2], splitList(to), splitList(cc)
	return nil
}

func splitList(s string) (list []string) {
	for _, v := range strings.Split(s, ",") {
		if v = strings.TrimSpace(v); v != "" {
			list = append(list, v)
		}
	}
	return list
}

func parseAttachments(lines []string) (list []attachment) {
	for _, l := range lines {
		if spec, ok := strings.CutPrefix(l, "attach: "); ok {
			kind, name, _ := strings.Cut(spec, " ")
			list = append(list, attachment{kind: kind, name: name})
		} else if strings.HasPrefix(l, "  ") && len(list) > 0 {
			last := &list[len(list)-1]
			last.lines = append(last.lines, strings.TrimSpace(l))
		}
	}
	return list
}
