package xlsform

import (
	"errors"
	"strconv"
	"strings"

	"aman/forms/xpath"
)

// checkExpressions parses every expression of the form. A fault in one is only a
// warning, because the form can be made; but the apps that fill it in will refuse
// it, or leave the question empty.
func (c *compiler) checkExpressions() {
	for i := range c.survey.rows {
		r := &c.survey.rows[i]
		typ := r.str("type")
		for _, column := range [...][]string{
			{"bind", "relevant"}, {"bind", "constraint"}, {"bind", "calculate"}, {"bind", "required"}, {"bind", "readonly"},
			{"control", "jr:count"}, {"choice_filter"}, {"default"},
		} {
			v := r.get(column[0])
			for _, part := range column[1:] {
				v = v.get(part)
			}
			if v == nil || v.isMap() || column[0] == "default" && !isDynamic(v.text, typ) {
				continue
			}
			c.checkExpression(v.text, c.survey, r.number, column...)
		}
	}
	if name := c.settings.str("instance_name"); name != "" && c.settingsTable != nil {
		c.checkExpression(name, c.settingsTable, c.settingsTable.rows[0].number, "instance_name")
	}
	if c.entities != nil {
		for i := range c.entities.rows {
			r := &c.entities.rows[i]
			for _, column := range [...]string{"entity_id", "create_if", "update_if", "label"} {
				if v := r.str(column); v != "" {
					c.checkExpression(v, c.entities, r.number, column)
				}
			}
		}
	}
}

func (c *compiler) checkExpression(text string, t *table, row int, column ...string) {
	_, err := xpath.Compile(withoutRefs(text))
	if err == nil {
		return
	}
	reason, hint, at := err.Error(), "", 1
	if e := (*xpath.SyntaxError)(nil); errors.As(err, &e) {
		reason, hint, at = e.Reason, e.Hint, e.Column()
	}
	if hint != "" {
		hint = " (" + hint + ")"
	}
	c.report("expression-syntax", t.place(row, column...), "at", strconv.Itoa(at), "reason", reason, "hint", hint)
}

// withoutRefs writes references as plain names, so that the text can be parsed
// before it is known where they lead. Every character keeps its position.
func withoutRefs(text string) string {
	refs := findRefs(text)
	if len(refs) == 0 {
		return text
	}
	var b strings.Builder
	end := 0
	for _, r := range refs {
		b.WriteString(text[end:r.start])
		b.WriteString(strings.Repeat(" ", r.end-r.start-len(r.name)-1))
		b.WriteString(r.name + " ")
		end = r.end
	}
	b.WriteString(text[end:])
	return b.String()
}
