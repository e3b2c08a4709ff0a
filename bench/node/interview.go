package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// interview is a filled HTCDS form, as ODK Collect posts it; each seed gives other answers.
func interview(instance string, seed int) []byte {
	r := rand.New(rand.NewPCG(2, uint64(seed)))
	var b strings.Builder
	b.WriteString(`<data xmlns:orx="http://openrosa.org/xforms" id="htcds_xlsform" version="vSmt4GQA3C9uBMLPEVfgND">`)
	for _, a := range [][2]string{
		{"start", "2026-03-31T08:00:00.000+05:00"}, {"end", "2026-03-31T08:25:00.000+05:00"}, {"con_Consent", "TRUE"},
		{"prs_First_Name", name(r)}, {"prs_Second_Name", name(r)}, {"prs_Birthdate", fmt.Sprintf("%d-%02d-%02d", 1970+r.IntN(40), 1+r.IntN(12), 1+r.IntN(28))},
		{"prs_Gender", pick(r, []string{"Feminine", "Masculine"})}, {"prs_Citizenship", "PK"}, {"prs_MobilePhone", fmt.Sprintf("+92300%07d", r.IntN(10_000_000))},
		{"prs_MailingCity", "An invented town"}, {"prs_MailingCountry", "PK"},
		{"vic_LocationOfRecruitment", "An invented bus station"}, {"vic_LocationOfExploitation", "An invented brick kiln"},
		{"cas_ReferringOrganisation", "An invented organisation"}, {"cas_IncomingReferralDate", "2026-03-30"},
		{"cas_IncomingReferralDetails", narrative[:40+r.IntN(len(narrative)-40)]},
	} {
		fmt.Fprintf(&b, "<%s>%s</%s>", a[0], a[1], a[0])
	}
	fmt.Fprintf(&b, "<orx:meta><orx:instanceID>uuid:%s</orx:instanceID></orx:meta></data>", instance)
	return []byte(b.String())
}
