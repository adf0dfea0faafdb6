package format

import (
	"slices"
	"strconv"
	"strings"

	"github.com/relais-archive/relais/internal/relais"
)

// The warning codes of this package: append-only, since they are kept with documents. A
// code that ends in _limit or _truncated, or starts with mime_, says that text may be
// missing; the others say that something was guessed or repaired.
const (
	warnAddressLimit      = "address_limit"            // addresses over the limit are not listed
	warnAddressRepaired   = "address_repaired"         // addresses that follow no grammar
	warnAmbiguousHeader   = "ambiguous_header"         // From, Date, Subject or Message-ID given twice: the first counts
	warnArchiveCut        = "archive_truncated"        // the directory ends before all the entries it declares
	warnArchiveDepth      = "archive_depth_limit"      // an archive nested too deep was left closed
	warnArchiveEntries    = "archive_entry_limit"      // members over the limit were not read
	warnArchiveSize       = "archive_size_limit"       // the members together are too large, or grow too much
	warnBase64            = "base64_damaged"           // characters outside the alphabet, or data cut short
	warnBoundaryMissing   = "mime_no_boundary"         // a multipart whose delimiter never came: read as text
	warnBoundaryRecovered = "boundary_recovered"       // the delimiter was guessed from the body
	warnBoundaryReopened  = "boundary_reopened"        // parts went on after the closing delimiter
	warnBoundaryUnclosed  = "boundary_unclosed"        // the closing delimiter never came
	warnCharset           = "charset_guessed"          // the declared charset is unknown, absent or false
	warnCMS               = "mime_cms_unopened"        // signed or compressed content that could not be opened, or not all of it
	warnCMSDepth          = "mime_cms_depth_limit"     // wrappings within wrappings were left closed
	warnCMSLimit          = "mime_cms_limit"           // signed content too large to be opened
	warnDate              = "date_unreadable"          // a Date that cannot be read
	warnDecoding          = "charset_damaged"          // bytes that mean nothing in their charset
	warnEncoding          = "unknown_encoding"         // an unknown transfer encoding: bytes taken as they are
	warnEpilogue          = "mime_epilogue"            // text after the last part is not shown
	warnHeaderDamaged     = "header_damaged"           // lines in a header block that are no fields
	warnHeaderLimit       = "header_limit"             // fields left out, or cut, by the header limits
	warnHeaderMissing     = "header_missing"           // no header at all
	warnHTMLBeside        = "html_beside_text"         // HTML that is no alternative of a plain text
	warnMboxAmbiguous     = "split_ambiguous"          // a separator that may be part of a body
	warnMboxStart         = "separator_missing"        // bytes before the first separator
	warnMessageID         = "message_id_limit"         // a Message-ID too long to be one
	warnMessageTruncated  = "message_truncated"        // bytes over the message limit were not read
	warnMIMEDepth         = "mime_depth_limit"         // multiparts nested too deep are kept as one attachment
	warnMIMEParts         = "mime_part_limit"          // parts over the limit were counted, not read
	warnParamLimit        = "param_limit"              // parameters of a field over the limit
	warnQuotedPrintable   = "quoted_printable_damaged" // invalid escapes
	warnReferenceLimit    = "reference_limit"          // references between the first and the last are not listed
	warnTNEF              = "mime_tnef_damaged"        // a message in TNEF that could not be opened, or not all of it
	warnTNEFLimit         = "mime_tnef_limit"          // one too large to be opened
	warnTextLimit         = "text_limit"               // body text over the limit
	warnUUEncode          = "uuencode_damaged"         // invalid lines, or no end
)

// warnings collects what was left out or guessed, each code once with its count.
type warnings struct{ list []warning }

type warning struct {
	code  string
	count int64
}

// add counts n cases of a code; none when n is not positive.
func (w *warnings) add(code string, n int64) {
	if n <= 0 {
		return
	}
	for i := range w.list {
		if w.list[i].code == code {
			w.list[i].count += n
			return
		}
	}
	w.list = append(w.list, warning{code, n})
}

// has tells whether there is a case of a code.
func (w *warnings) has(code string) bool {
	return slices.ContainsFunc(w.list, func(x warning) bool { return x.code == code })
}

// sorted gives the warnings by code, each with its count where it is over one.
func (w *warnings) sorted() []relais.Warning {
	if len(w.list) == 0 {
		return nil
	}
	slices.SortFunc(w.list, func(a, b warning) int { return strings.Compare(a.code, b.code) })
	out := make([]relais.Warning, len(w.list))
	for i, e := range w.list {
		out[i].Code = e.code
		if e.count > 1 {
			out[i].Detail = strconv.FormatInt(e.count, 10)
		}
	}
	return out
}
