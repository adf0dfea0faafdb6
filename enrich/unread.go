package enrich

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// unread says why text of a file is missing, "" where none is: where all was read, and
// where there was none to read. declared is the media type that came with it: it names
// what the bytes do not tell.
func unread(d *relais.Document, declared string) string {
	if d.Extraction == relais.ExtractionComplete {
		return ""
	}
	mediaType := d.MediaType
	if mediaType == "" || mediaType == "application/octet-stream" {
		mediaType = strings.ToLower(declared)
		if sounds(d.Name) {
			mediaType = "audio/*"
		}
	}
	losses := slices.DeleteFunc(slices.Clone(d.Warnings), func(w relais.Warning) bool { return repaired(w.Code) })
	if why := gravest(losses, mediaType); why != "" || d.Extraction == relais.ExtractionNone {
		return why
	}
	if d.Extraction == relais.ExtractionPartial && len(losses) == 0 {
		return ""
	}
	return relais.UnreadDamaged
}

// repaired tells the warnings of mail, attached or not, that a person does not miss text
// for: of its header, of how its parts were told apart, of what was guessed.
func repaired(code string) bool {
	switch code {
	case "mime_no_boundary", "mime_epilogue", "unknown_encoding", "ambiguous_header", "html_beside_text", "message_id_limit":
		return true
	}
	word, _, _ := strings.Cut(code, "_")
	switch word {
	case "header", "address", "date", "param", "reference", "boundary", "charset", "base64", "quoted", "uuencode", "split", "separator":
		return true
	}
	return false
}

// unreadMessage says why text of a message is missing: that it wants a key, cannot be
// unwrapped, or is over the limits. Other warnings are of its header, or guesses that lose
// no text.
func unreadMessage(d *relais.Document) (why string) {
	for _, w := range d.Warnings {
		switch w.Code {
		case codeLocked:
			return relais.UnreadLocked
		case "mime_cms_unopened", "mime_tnef_damaged":
			why = relais.UnreadDamaged
		case "text_limit", "message_truncated", "mime_part_limit", "mime_cms_limit", "mime_cms_depth_limit", "mime_tnef_limit", "html_cut":
			why = cmp.Or(why, relais.UnreadLimit)
		}
	}
	return why
}

// gravest gives what warnings say of text that is missing: of several reasons the one that
// a person can do something about.
func gravest(list []relais.Warning, mediaType string) string {
	found := map[string]bool{}
	for _, w := range list {
		found[unreadFor(w.Code, mediaType)] = true
	}
	for _, why := range []string{relais.UnreadLocked, relais.UnreadNoReader, relais.UnreadSound, relais.UnreadPicture,
		relais.UnreadLimit, relais.UnreadFailed, relais.UnreadDamaged} {
		if found[why] {
			return why
		}
	}
	return ""
}

// unreadFor gives what a warning says of text that is missing.
func unreadFor(code, mediaType string) string {
	switch {
	case code == codeLocked:
		return relais.UnreadLocked
	case code == "unsupported_format":
		return unsupported(mediaType)
	case code == "embedded_unread":
		return relais.UnreadNoReader
	case code == "image_no_text", code == "no_text" && mediaType == "application/pdf":
		return relais.UnreadPicture
	case code == "extractor_killed", code == "extractor_panic", code == "member_unread":
		return relais.UnreadFailed
	case code == "html_cut", strings.HasSuffix(code, "_depth"), strings.HasSuffix(code, "_limit"), strings.HasSuffix(code, "_truncated"):
		return relais.UnreadLimit
	case strings.HasSuffix(code, "_damaged"):
		return relais.UnreadDamaged
	}
	return ""
}

// sounds tells names of files of sound or film.
func sounds(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".mp3", ".wav", ".m4a", ".aac", ".ogg", ".oga", ".opus", ".flac", ".wma", ".amr", ".aiff", ".aif", ".mid", ".3gp",
		".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".wmv", ".mpg", ".mpeg":
		return true
	}
	return false
}

// unsupported tells what is in a format that nothing here reads, by its media type.
func unsupported(mediaType string) string {
	top, sub, _ := strings.Cut(mediaType, "/")
	switch {
	case top == "audio", top == "video", sub == "ogg":
		return relais.UnreadSound
	case top == "image":
		return relais.UnreadPicture
	case strings.HasSuffix(sub, "pkcs7-mime"), sub == "pgp-encrypted":
		return relais.UnreadLocked
	case strings.HasSuffix(sub, "pkcs7-signature"), sub == "pgp-signature", sub == "pgp-keys", sub == "pkix-cert":
		return "" // no text is in them
	}
	return relais.UnreadNoReader
}
