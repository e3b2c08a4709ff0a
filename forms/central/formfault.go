package central

import (
	"errors"
	"fmt"
	"strings"

	"aman/forms"
)

// formFault tells why a form was not taken, as Central does: what the converter of
// spreadsheets said (400.15), warnings alone (400.16), a document that is none (400.1).
func formFault(err error, u forms.Upload) error {
	var rejected *forms.Rejected
	switch {
	case errors.Is(err, forms.ErrFormTaken):
		return taken([]string{"xmlFormId"}, []string{"another project"})
	case errors.Is(err, forms.ErrTooNew):
		return &problem{"400.25", "The entity definition within the form is invalid. " + err.Error(), details{"reason": err.Error()}}
	case !errors.As(err, &rejected):
		return err
	}
	faults, warnings := []string{}, []string{}
	for _, p := range rejected.Problems {
		if p.Severity == "error" {
			faults = append(faults, sentence(p))
		} else {
			warnings = append(warnings, sentence(p))
		}
	}
	switch {
	case rejected.WarningsOnly:
		return &problem{"400.16", errWarnings, details{"warnings": details{"xlsFormWarnings": warnings, "workflowWarnings": []string{}}, "problems": rejected.Problems}}
	case u.FileName == "":
		return &problem{"400.1", "Could not parse the given data as an XForm: " + strings.Join(faults, " "), details{"format": "xml", "rawLength": len(u.Body), "problems": rejected.Problems}}
	}
	return &problem{"400.15", errXLSForm, details{"error": strings.Join(faults, "\n"), "warnings": warnings, "problems": rejected.Problems}}
}

// sentence says what is wrong with a form, and where.
func sentence(p forms.Problem) string {
	where := ""
	if p.Sheet != "" {
		where = p.Sheet
	}
	if p.Row > 0 {
		where += fmt.Sprintf(" row %d", p.Row)
	}
	if p.Column != "" {
		where += " column " + p.Column
	}
	text := p.Message
	if where = strings.TrimSpace(where); where != "" {
		text = "[" + where + "] " + text
	}
	if p.Fix != "" {
		text += " " + p.Fix
	}
	return text
}
