package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

const bigDoc = `<data id="f" version="1"><age type="int">42</age><income type="decimal">1500.5</income><zero type="int">0</zero><neg type="int">-7</neg><consent>yes</consent><name>Maria da Silva</name><spaced>  a  b </spaced><services>water power</services><blank/><date type="date">2026-08-07</date><stamp type="dateTime">2026-08-07T06:31:13.834-03:00</stamp><comma>4,5</comma><point>-23.5505 -46.6333 760 5</point><shape>-23.5505 -46.6333 0 0;-23.5505 -46.6233 0 0;-23.5605 -46.6233 0 0;-23.5505 -46.6333 0 0</shape><person><name>Ana</name><age>34</age><kid><k>1</k></kid><kid><k>2</k></kid></person><person><name>Bia</name><age>7</age><kid><k>3</k></kid></person><person><name>Caio</name><age>19</age></person><total/></data>`

var (
	contexts = []string{"/data/name", "/data/age", "/data/total", "/data/person[2]/age", "/data/person[1]/kid[2]/k", "/data/blank"}
	zones    = []string{"UTC", "Asia/Karachi", "America/Phoenix", "Asia/Kathmandu"}
	fields   = []string{"/data/age", "/data/income", "/data/zero", "/data/neg", "/data/consent", "/data/name", "/data/spaced",
		"/data/services", "/data/blank", "/data/comma", "/data/none", "/data/date", "/data/stamp"}
	absolute = []string{"/data/person", "/data/person/age", "/data/person/name", "/data/person/kid/k", "/data/person[age > 10]",
		"/data/person[name = 'Bia']/age", "/data/person/kid", "/data/person[position() = 2]/name", "/data/none"}
	relative = []string{".", "../age", "../name", "current()/../age", "kid/k", "../kid"}
	texts    = []string{"", "a", "yes", "water", "Ana", "12", "-3.5", "4,5", "  x ", "1e3", "0", "false", "true", "1", "a b c", "héllo", "2020-02-30",
		"NaN", "Infinity", "+5", ".5", "5.", "0x10", "--1", "1.2.3"}
	numbers = []string{"0", "1", "2", "7", "0.5", "1.005", "-1", "-2.5", "3.14159", "100", "12345678", "0.0001", "1000000.5", "2147483648"}
	dates   = []string{"2020-01-02", "1970-01-01", "2026-08-07T06:31:13.834-03:00", "1999-12-31T23:59:59Z", "2000-02-29", "2020-1-2"}
	formats = []string{"%Y-%m-%d", "%e %b %y", "%d/%n/%Y", "%a", "%H:%M:%S", "%h.%3"}
)

// generator makes random expressions of the kinds forms have.
type generator struct{ *rand.Rand }

func pick[T any](g *generator, list []T) T { return list[g.IntN(len(list))] }

func (g *generator) question() question {
	var e string
	switch g.IntN(5) {
	case 0:
		e = g.number(3)
	case 1:
		e = g.text(3)
	case 2:
		e = g.nodes()
	default:
		e = g.boolean(3)
	}
	return question{Expr: e, Doc: bigDoc, Context: pick(g, contexts), Zone: pick(g, zones)}
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "") + "'" }

func (g *generator) nodes() string {
	switch g.IntN(4) {
	case 0:
		return pick(g, relative)
	case 1:
		return fmt.Sprintf("randomize(%s, %s)", pick(g, absolute), pick(g, []string{pick(g, numbers), quote(pick(g, texts)), pick(g, fields)}))
	case 2:
		return fmt.Sprintf("indexed-repeat(/data/person/%s, /data/person, %s)", pick(g, []string{"age", "name", "kid/k"}), pick(g, []string{"1", "2", "3", "4", "0", "/data/zero", "/data/blank"}))
	}
	return pick(g, absolute)
}

func (g *generator) date() string {
	return fmt.Sprintf(pick(g, []string{"date(%s)", "date-time(%s)"}), pick(g, []string{quote(pick(g, dates)), pick(g, numbers), "/data/date", "/data/stamp"}))
}

func (g *generator) any(depth int) string {
	switch g.IntN(6) {
	case 0:
		return g.number(depth)
	case 1:
		return g.boolean(depth)
	case 2:
		return pick(g, fields)
	case 3:
		return g.date()
	}
	return g.text(depth)
}

func (g *generator) number(depth int) string {
	if depth == 0 {
		return pick(g, []string{pick(g, numbers), pick(g, fields), pick(g, numbers), "-" + pick(g, numbers)})
	}
	d := depth - 1
	switch g.IntN(22) {
	case 0, 1:
		return fmt.Sprintf("(%s %s %s)", g.number(d), pick(g, []string{"+", "-", "*", "div", "mod"}), g.number(d))
	case 2:
		return fmt.Sprintf("round(%s)", g.number(d))
	case 3:
		return fmt.Sprintf("round(%s, %s)", g.number(d), pick(g, []string{"0", "1", "2", "-1", "3"}))
	case 4:
		return fmt.Sprintf("%s(%s)", pick(g, []string{"int", "abs", "sqrt", "exp", "log", "log10", "sin", "cos", "tan", "atan", "asin", "acos", "exp10"}), g.number(d))
	case 5:
		return fmt.Sprintf("%s(%s, %s)", pick(g, []string{"pow", "atan2"}), g.number(d), g.number(d))
	case 6:
		return fmt.Sprintf("number(%s)", g.any(d))
	case 7:
		return fmt.Sprintf("count(%s)", pick(g, absolute))
	case 8:
		return fmt.Sprintf("sum(%s)", pick(g, absolute))
	case 9:
		return fmt.Sprintf("%s(%s)", pick(g, []string{"min", "max"}), pick(g, absolute))
	case 10:
		return fmt.Sprintf("%s(%s, %s)", pick(g, []string{"min", "max"}), g.number(d), g.number(d))
	case 11:
		return fmt.Sprintf("string-length(%s)", g.text(d))
	case 12:
		return fmt.Sprintf("count-selected(%s)", g.text(d))
	case 13:
		return fmt.Sprintf("count-non-empty(%s)", pick(g, absolute))
	case 14:
		return fmt.Sprintf("(%s - %s)", g.date(), g.date())
	case 15:
		return fmt.Sprintf("decimal-date-time(%s)", pick(g, []string{g.date(), quote(pick(g, dates)), pick(g, numbers)}))
	case 16:
		return fmt.Sprintf("if(%s, %s, %s)", g.boolean(d), g.number(d), g.number(d))
	case 17:
		return fmt.Sprintf("-%s", g.number(d))
	case 18:
		return fmt.Sprintf("number(%s)", quote(pick(g, texts)))
	case 19:
		return fmt.Sprintf("distance(%s)", pick(g, []string{"/data/shape", "/data/point", "/data/blank"}))
	case 20:
		return fmt.Sprintf("coalesce(%s, %s)", g.number(d), g.number(d))
	}
	return "position(..)"
}

func (g *generator) text(depth int) string {
	if depth == 0 {
		return pick(g, []string{quote(pick(g, texts)), pick(g, fields), quote(pick(g, dates))})
	}
	d := depth - 1
	switch g.IntN(20) {
	case 0:
		return fmt.Sprintf("concat(%s, %s)", g.any(d), g.any(d))
	case 1:
		return fmt.Sprintf("substr(%s, %s, %s)", g.text(d), pick(g, numbers), pick(g, numbers))
	case 2:
		return fmt.Sprintf("substr(%s, %s)", g.text(d), pick(g, []string{"0", "1", "-2", "9"}))
	case 3:
		return fmt.Sprintf("%s(%s, %s)", pick(g, []string{"substring-before", "substring-after"}), g.text(d), g.text(0))
	case 4:
		return fmt.Sprintf("translate(%s, %s, %s)", g.text(d), g.text(0), g.text(0))
	case 5:
		return fmt.Sprintf("normalize-space(%s)", g.text(d))
	case 6, 7:
		return fmt.Sprintf("string(%s)", g.any(d))
	case 8:
		return fmt.Sprintf("join(%s, %s)", g.text(0), pick(g, absolute))
	case 9:
		return fmt.Sprintf("join('-', %s, %s)", g.any(d), g.any(d))
	case 10:
		return fmt.Sprintf("selected-at(%s, %s)", g.text(d), pick(g, []string{"0", "1", "2", "-1"}))
	case 11:
		return fmt.Sprintf("if(%s, %s, %s)", g.boolean(d), g.any(d), g.any(d))
	case 12:
		return fmt.Sprintf("coalesce(%s, %s)", g.text(d), g.text(d))
	case 13:
		return fmt.Sprintf("digest(%s, %s, %s)", g.text(d), pick(g, []string{"'MD5'", "'SHA-1'", "'SHA-256'", "'SHA-384'", "'SHA-512'"}), pick(g, []string{"'hex'", "'base64'"}))
	case 14, 15:
		return fmt.Sprintf("format-date(%s, '%s')", pick(g, []string{g.date(), quote(pick(g, dates[:5]))}), pick(g, formats[:4]))
	case 16:
		return fmt.Sprintf("format-date-time(%s, '%s')", pick(g, []string{g.date(), quote(pick(g, dates[:5]))}), pick(g, formats))
	case 17:
		return fmt.Sprintf("string(%s)", g.date())
	case 18:
		return fmt.Sprintf("base64-decode(%s)", quote(pick(g, []string{"aGk=", "w6k=", "SGVsbG8=", "!", ""})))
	}
	return fmt.Sprintf("once(%s)", g.text(d))
}

func (g *generator) boolean(depth int) string {
	if depth == 0 {
		return pick(g, []string{"true()", "false()", "boolean(" + pick(g, fields) + ")"})
	}
	d := depth - 1
	ops := []string{"=", "!=", "<", "<=", ">", ">="}
	switch g.IntN(17) {
	case 0:
		return fmt.Sprintf("%s %s %s", g.number(d), pick(g, ops), g.number(d))
	case 1:
		return fmt.Sprintf("%s %s %s", g.text(d), pick(g, ops[:2]), g.text(d))
	case 2:
		return fmt.Sprintf("%s %s %s", pick(g, fields), pick(g, ops), g.any(d))
	case 3:
		return fmt.Sprintf("%s %s %s", g.date(), pick(g, ops), pick(g, []string{g.date(), pick(g, numbers)}))
	case 4:
		return fmt.Sprintf("(%s and %s)", g.boolean(d), g.boolean(d))
	case 5:
		return fmt.Sprintf("(%s or %s)", g.boolean(d), g.any(d))
	case 6:
		return fmt.Sprintf("not(%s)", g.any(d))
	case 7:
		return fmt.Sprintf("boolean(%s)", g.any(d))
	case 8:
		return fmt.Sprintf("boolean-from-string(%s)", g.any(d))
	case 9:
		return fmt.Sprintf("selected(%s, %s)", g.text(d), quote(pick(g, texts)))
	case 10:
		return fmt.Sprintf("%s(%s, %s)", pick(g, []string{"contains", "starts-with", "ends-with"}), g.text(d), g.text(0))
	case 11:
		return fmt.Sprintf("regex(%s, '%s')", g.text(d), pick(g, []string{"[0-9]+", ".*", "^[A-Z].*$", "\\d{2}", "(?=y)yes", "[a-z ]*"}))
	case 12:
		return fmt.Sprintf("checklist(%s, %s, %s, %s)", pick(g, []string{"-1", "0", "1", "2"}), pick(g, []string{"-1", "1", "2"}), g.boolean(d), g.boolean(d))
	case 13:
		return fmt.Sprintf("weighted-checklist(%s, %s, %s, %s, %s, %s)", pick(g, []string{"0", "1", "2"}), pick(g, []string{"1", "2", "5"}), g.boolean(d), g.number(0), g.boolean(d), g.number(0))
	case 14:
		return fmt.Sprintf("%s %s %s", g.any(d), pick(g, ops), g.any(d))
	case 15:
		return fmt.Sprintf("geofence(%s, /data/shape)", pick(g, []string{"/data/point", "/data/blank"}))
	}
	return fmt.Sprintf("%s %s %s", pick(g, absolute), pick(g, ops), g.any(d))
}
