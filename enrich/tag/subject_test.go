package tag

import "testing"

func TestBaseSubjectOfThreads(t *testing.T) {
	const base = "chiffrage pompe immergée"
	for _, s := range []string{
		"RE : Chiffrage pompe immergée", "Re[2]: Chiffrage pompe immergée", "Re(3): Chiffrage pompe immergée", "RE^2: Chiffrage  pompe immergée",
		"Réf. : Chiffrage pompe immergée", "TR: RE: Tr : Chiffrage pompe immergée", "AW: WG: Chiffrage pompe immergée",
		"[EXTERNE] RE: Chiffrage pompe immergée", "RE: [EXTERNE] Chiffrage pompe immergée", "[Liste] [EXT] Re: [Liste] Fwd: Chiffrage pompe immergée",
		"*** SPAM *** Re: Chiffrage pompe immergée", "{Spam?} Re: Chiffrage pompe immergée", "Re: Chiffrage pompe immergée (fwd)", "[Fwd: Re: Chiffrage pompe immergée]",
		"回复：Chiffrage pompe immergée", "Ответ: Chiffrage pompe immergée", "Odp: Chiffrage pompe immergée", "Réponse automatique : Chiffrage pompe immergée",
		"Accepté : Chiffrage pompe immergée", "Out of Office: Re: Chiffrage pompe immergée", "Ｒｅ：Chiffrage pompe immergée", "R: I: Chiffrage pompe immergée",
	} {
		if got, reply := ThreadSubject(s); got != base || !reply {
			t.Errorf("%q: %q, %t", s, got, reply)
		}
	}
	for in, want := range map[string]string{
		"[EXTERNE] Chiffrage": "chiffrage", "[Perso]": "[perso]", "[a] [b]": "[b]", "Prix : 12 €": "prix : 12 €", "Chiffrage : re: x": "chiffrage : re: x",
		"": "", "Re:": "", "Projet [2024]": "projet [2024]", "[": "[", "[]": "[]", "***": "***", "2024: bilan": "2024: bilan", "12:30 point": "12:30 point",
	} {
		if got, reply := ThreadSubject(in); got != want || reply != (in == "Re:") {
			t.Errorf("%q: %q, %t", in, got, reply)
		}
	}
}

// TestMarksInBracketsStay: what stands in brackets is part of what a thread is about.
func TestMarksInBracketsStay(t *testing.T) {
	if got, _ := baseSubject("RE: [Perso] Vacances"); got != "[perso] vacances" {
		t.Errorf("%q", got)
	}
}
