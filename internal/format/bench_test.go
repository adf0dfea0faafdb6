package format

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"math/rand"
	"strings"
	"testing"

	"github.com/emersion/go-message/mail"
)

// alternative5K is a message of 5 KB with a plain and an HTML part.
func alternative5K() []byte {
	var b bytes.Buffer
	b.WriteString("Return-Path: <marc@oenosud.example>\r\nReceived: from mx1.oenosud.example by mail.pompe.example; Fri, 1 Mar 2024 10:00:01 +0100\r\n" +
		"From: =?utf-8?Q?Zo=C3=A9_Dupr=C3=A9?= <zoe@oenosud.example>\r\nTo: Marc <marc@pompe.example>, \"Durand, Anne\" <anne@pompe.example>\r\n" +
		"Subject: =?utf-8?Q?R=C3=A9ponse_=C3=A0_votre_appel_d=27offres?=\r\nDate: Fri, 1 Mar 2024 10:00:00 +0100\r\nMessage-ID: <1@oenosud.example>\r\n" +
		"References: <0@pompe.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"=_b1\"\r\n\r\n--=_b1\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	for range 24 {
		b.WriteString("Bonjour, voici le d=C3=A9tail de notre proposition pour la pompe P-200.\r\n")
	}
	b.WriteString("--=_b1\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<html><body>\r\n")
	for range 28 {
		b.WriteString("<p>Bonjour, voici le <b>détail</b> de notre proposition pour la pompe.</p>\r\n")
	}
	b.WriteString("</body></html>\r\n--=_b1--\r\n")
	return b.Bytes()
}

// attachment300K is a message with an attachment of 300 KB in base64.
func attachment300K() []byte {
	data := make([]byte, 300<<10)
	rand.New(rand.NewSource(1)).Read(data)
	var b bytes.Buffer
	b.WriteString("From: zoe@oenosud.example\r\nTo: marc@pompe.example\r\nSubject: Devis\r\nDate: Fri, 1 Mar 2024 10:00:00 +0100\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b1\r\n\r\n--b1\r\nContent-Type: text/plain\r\n\r\nCi-joint.\r\n" +
		"--b1\r\nContent-Type: application/pdf; name=devis.pdf\r\nContent-Disposition: attachment; filename=devis.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	for s := base64.StdEncoding.EncodeToString(data); s != ""; {
		n := min(76, len(s))
		b.WriteString(s[:n] + "\r\n")
		s = s[n:]
	}
	b.WriteString("--b1--\r\n")
	return b.Bytes()
}

func BenchmarkReadMail(b *testing.B) {
	discard := func(_ MailPart, r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }
	for name, raw := range map[string][]byte{"alternative5K": alternative5K(), "attachment300K": attachment300K()} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				m, err := ReadMail(bytes.NewReader(raw), DefaultLimits(), discard)
				if err != nil || m.Subject == "" {
					b.Fatal(err)
				}
			}
		})
		b.Run("go-message/"+name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				goMessage(b, raw)
			}
		})
	}
}

// goMessage reads a whole message with go-message, as the measure.
func goMessage(b *testing.B, raw []byte) {
	r, err := mail.CreateReader(bytes.NewReader(raw))
	if err != nil {
		b.Fatal(err)
	}
	for {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, p.Body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMbox(b *testing.B) {
	var box bytes.Buffer
	for range 1000 {
		box.WriteString("From zoe@oenosud.example Fri Mar  1 10:00:00 2024\n")
		box.WriteString(strings.ReplaceAll(string(alternative5K()), "\r\n", "\n"))
		box.WriteString("\n")
	}
	b.SetBytes(int64(box.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if n := len(splitAll(b, box.Bytes())); n != 1000 {
			b.Fatal(n)
		}
	}
}

func BenchmarkPeekDate(b *testing.B) {
	raw := alternative5K()
	b.ReportAllocs()
	for b.Loop() {
		if PeekDate(raw, DefaultLimits()).IsZero() {
			b.Fatal("no date")
		}
	}
}
