package xpath

import (
	"math"
	"strconv"
	"strings"
	"time"
)

var dateFunctions = []Function{
	{Name: "today", Volatile: true, Eval: fnToday, Doc: "Today's date in the local time zone."},
	{Name: "now", Volatile: true, Doc: "The present date and time.",
		Eval: func(a *Arguments) Value { return DateValue(a.e.now()) }},
	{Name: "date", Args: "value", Min: 1, Max: 1, Doc: "The value as a date: ISO text, or a number of days since 1970-01-01.",
		Eval: func(a *Arguments) Value { return a.toDate(a.Value(0), a.e.RoundToDay) }},
	{Name: "date-time", Args: "value", Min: 1, Max: 1, Doc: "The value as a date with its time.",
		Eval: func(a *Arguments) Value { return a.toDate(a.Value(0), false) }},
	{Name: "decimal-date-time", Args: "value", Min: 1, Max: 1, Eval: fnDecimalDateTime,
		Doc: "Days from 1970-01-01T00:00Z to the moment, with a fraction."},
	{Name: "decimal-time", Args: "value", Min: 1, Max: 1, Eval: fnDecimalTime,
		Doc: "The local time of day as a fraction of a day: noon is 0.5."},
	{Name: "format-date", Args: "date, format", Min: 2, Max: 2, Eval: fnFormatDate,
		Doc: "The date written as the format says: %Y %y %m %n %b %d %e %a %W %H %h %M %S %3 %%."},
	{Name: "format-date-time", Args: "date, format", Min: 2, Max: 2, Eval: fnFormatDate, Doc: "The same as format-date."},
}

// moment is the time of a date in the local zone.
func (c terms) moment(ms float64) time.Time { return time.UnixMilli(int64(ms)).In(c.loc) }

// days turns a date into a number; see Rules.WholeDays.
func (c terms) days(ms float64) float64 {
	if math.IsNaN(ms) || !c.WholeDays {
		return ms / dayMillis
	}
	t := c.moment(ms)
	return float64(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

func (c terms) dateText(ms float64) string {
	if math.IsNaN(ms) {
		return "Invalid Date"
	}
	t := c.moment(ms)
	if c.DateOnlyText || t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 && t.Nanosecond() == 0 {
		return isoDate(t)
	}
	return isoDate(t) + t.Format("T15:04:05.000-07:00")
}

func isoDate(t time.Time) string {
	return pad(t.Year(), 4) + "-" + pad(int(t.Month()), 2) + "-" + pad(t.Day(), 2)
}

func pad(n, width int) string {
	s := strconv.Itoa(n)
	return strings.Repeat("0", max(0, width-len(s))) + s
}

// parseISO reads a date or dateTime that is written out in full, as answers are: 2020-01-31, 2020-01-31T23:59:59.999Z.
// This is what makes text count as a date where a number is wanted.
func (c terms) parseISO(s string) (ms float64, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' || len(s) > 10 && s[10] != 'T' {
		return 0, false
	}
	return c.parseDate(s)
}

// parseDate reads a date, or a date and time joined by T, in the looser forms that date() takes: 2020-1-31T9:05. A time
// without an offset is local. Milliseconds are cut, not rounded.
func (c terms) parseDate(s string) (ms float64, ok bool) {
	date, clock, timed := strings.Cut(s, "T")
	parts := strings.Split(date, "-")
	if len(parts) != 3 {
		return 0, false
	}
	year, ok1 := digits(parts[0], 1, 5)
	month, ok2 := digits(parts[1], 1, 2)
	day, ok3 := digits(parts[2], 1, 2)
	if !ok1 || !ok2 || !ok3 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	t, loc := clockTime{}, c.loc
	if timed {
		if t, ok = parseClock(clock); !ok {
			return 0, false
		}
		if t.zoned {
			loc = time.FixedZone("", t.offset)
		}
	}
	at := time.Date(year, time.Month(month), day, t.hour, t.minute, t.second, t.milli*1e6, loc)
	return float64(at.UnixMilli()), true
}

// digits reads a run of least to most digits.
func digits(s string, least, most int) (int, bool) {
	if len(s) < least || len(s) > most {
		return 0, false
	}
	n := 0
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// clockTime is a time of day, with its offset from UTC in seconds where it has one.
type clockTime struct {
	hour, minute, second, milli int
	zoned                       bool
	offset                      int
}

// parseClock reads 9:05, 09:05:07, 09:05:07.123, each with Z, +05, +05:00 or -03:30 after it or nothing.
func parseClock(s string) (t clockTime, ok bool) {
	if body, utc := strings.CutSuffix(s, "Z"); utc {
		s, t.zoned = body, true
	} else if i := strings.LastIndexAny(s, "+-"); i > 0 {
		hours, minutes, _ := strings.Cut(s[i+1:], ":")
		h, ok1 := digits(hours, 1, 2)
		m, ok2 := digits(minutes, 0, 2)
		if !ok1 || !ok2 || h > 14 || m > 59 {
			return t, false
		}
		t.offset, t.zoned = h*3600+m*60, true
		if s[i] == '-' {
			t.offset = -t.offset
		}
		s = s[:i]
	}
	parts := strings.Split(s, ":")
	if len(parts) != 2 && len(parts) != 3 {
		return t, false
	}
	var ok1, ok2 bool
	ok3, ok4 := true, true
	t.hour, ok1 = digits(parts[0], 1, 2)
	t.minute, ok2 = digits(parts[1], 1, 2)
	if len(parts) == 3 {
		whole, fraction, _ := strings.Cut(parts[2], ".")
		t.second, ok3 = digits(whole, 1, 2)
		_, ok4 = digits(fraction, 0, 12)
		t.milli, _ = digits((fraction + "000")[:3], 3, 3)
	}
	return t, ok1 && ok2 && ok3 && ok4 && t.hour < 24 && t.minute < 60 && t.second < 60
}

// toDate converts a value to a date. What is empty stays empty and what is NaN stays NaN; anything else that is no date
// is an error or an invalid date, as the rules say.
func (a *Arguments) toDate(v Value, day bool) Value {
	if a.e.err != nil {
		return Value{}
	}
	c := a.e.terms
	ms := math.NaN()
	switch v = a.e.unpack(v); v.typ {
	case DateType:
		ms = v.num
	case NumberType:
		return a.dateOfDays(v.num, day)
	case StringType:
		if v.str == "" {
			return v
		}
		if plainNumber(v.str) { // the answer of a number question
			f, _ := strconv.ParseFloat(v.str, 64)
			return a.dateOfDays(f, day)
		}
		if at, ok := c.parseDate(v.str); ok {
			ms = at
		}
	}
	if math.IsNaN(ms) {
		if c.StrictDates {
			a.Fail("this is not a date%s: write it as 2020-01-31", a.said(0))
		}
		return dateValue(ms)
	}
	if day && v.typ == DateType {
		t := c.moment(ms)
		ms = float64(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, c.loc).UnixMilli())
	}
	return dateValue(ms)
}

// dateOfDays is the date so many days after 1970-01-01: local midnight of the day when only whole days are counted.
func (a *Arguments) dateOfDays(days float64, day bool) Value {
	c := a.e.terms
	switch {
	case math.IsNaN(days) && c.StrictDates:
		return NumberValue(days)
	case math.Abs(days) > math.MaxInt32:
		if c.StrictDates {
			a.Fail("this is too far from today to be a date")
		}
		return dateValue(math.NaN())
	case math.IsNaN(days):
		return dateValue(days)
	case day:
		return dateValue(float64(time.Date(1970, 1, 1+int(days), 0, 0, 0, 0, c.loc).UnixMilli()))
	}
	if c.WholeDays {
		return dateValue(math.Trunc(days * dayMillis))
	}
	return dateValue(math.Round(days * dayMillis))
}

func fnToday(a *Arguments) Value {
	t := a.e.now()
	return DateValue(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, a.e.loc))
}

func fnDecimalDateTime(a *Arguments) Value {
	v := a.e.unpack(a.Value(0))
	if v.typ == NumberType {
		a.dateOfDays(v.num, false) // checks the range
		return v
	}
	switch d := a.toDate(v, false); d.typ {
	case DateType:
		return NumberValue(d.num / dayMillis)
	default: // empty stays empty
		return a.empty()
	}
}

// empty is what a number function gives for no answer: text to a phone, NaN to a browser. Both are stored as nothing
// when calculated.
func (a *Arguments) empty() Value {
	if a.e.StrictDates {
		return StringValue("")
	}
	return NumberValue(math.NaN())
}

func fnDecimalTime(a *Arguments) Value {
	v := a.e.unpack(a.Value(0))
	if v.typ == NumberType {
		if !a.e.StrictDates {
			return NumberValue(math.NaN())
		}
		return NumberValue(v.num - math.Floor(v.num))
	}
	if v.typ != DateType {
		s := a.e.text(v)
		if s == "" {
			return a.empty()
		}
		if clock, ok := parseClock(s); ok {
			today := a.e.now()
			loc := a.e.loc
			if clock.zoned {
				loc = time.FixedZone("", clock.offset)
			}
			at := time.Date(today.Year(), today.Month(), today.Day(), clock.hour, clock.minute, clock.second, clock.milli*1e6, loc)
			return a.timeOfDay(at)
		}
		if !a.e.StrictDates {
			return NumberValue(math.NaN())
		}
	}
	d := a.toDate(v, false)
	if t, ok := d.Time(); ok {
		return a.timeOfDay(t)
	}
	return NumberValue(math.NaN())
}

func (a *Arguments) timeOfDay(t time.Time) Value {
	t = t.In(a.e.loc)
	ms := ((t.Hour()*60+t.Minute())*60+t.Second())*1000 + t.Nanosecond()/1e6
	return NumberValue(float64(ms) / dayMillis)
}

var (
	englishMonths   = []string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}
	englishWeekdays = []string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}
)

// dateCodes are the parts of a date that a format can ask for (ODK XForms specification, format-date).
var dateCodes = map[byte]func(t time.Time, env *Env) string{
	'Y': func(t time.Time, _ *Env) string { return pad(t.Year(), 4) },
	'y': func(t time.Time, _ *Env) string { return pad(t.Year(), 4)[2:] },
	'm': func(t time.Time, _ *Env) string { return pad(int(t.Month()), 2) },
	'n': func(t time.Time, _ *Env) string { return strconv.Itoa(int(t.Month())) },
	'b': func(t time.Time, env *Env) string { return nameIn(env.Months, englishMonths, int(t.Month())-1) },
	'd': func(t time.Time, _ *Env) string { return pad(t.Day(), 2) },
	'e': func(t time.Time, _ *Env) string { return strconv.Itoa(t.Day()) },
	'a': func(t time.Time, env *Env) string { return nameIn(env.Weekdays, englishWeekdays, int(t.Weekday())) },
	'W': func(t time.Time, _ *Env) string { return strconv.Itoa(week(t)) },
	'H': func(t time.Time, _ *Env) string { return pad(t.Hour(), 2) },
	'h': func(t time.Time, _ *Env) string { return strconv.Itoa(t.Hour()) },
	'M': func(t time.Time, _ *Env) string { return pad(t.Minute(), 2) },
	'S': func(t time.Time, _ *Env) string { return pad(t.Second(), 2) },
	'3': func(t time.Time, _ *Env) string { return pad(t.Nanosecond()/1e6, 3) },
	'%': func(time.Time, *Env) string { return "%" },
}

// week is the number of the week from Sunday to Saturday, of which the one that holds 1 January is the first.
func week(t time.Time) int {
	if t.Month() == time.December && t.Day()+int(time.Saturday-t.Weekday()) > 31 {
		return 1
	}
	first := time.Date(t.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	return (t.YearDay()-1+int(first.Weekday()))/7 + 1
}

func nameIn(names, english []string, i int) string {
	if len(names) == len(english) {
		return names[i]
	}
	return english[i]
}

func fnFormatDate(a *Arguments) Value {
	v, format := a.toDate(a.Value(0), false), a.Text(1)
	if v.typ != DateType || math.IsNaN(v.num) {
		return StringValue("")
	}
	t := a.e.moment(v.num)
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		i++
		if i == len(format) {
			a.Fail("the date format%s ends with %%: write %%%% for the sign itself", a.said(1))
			return Value{}
		}
		code, ok := dateCodes[format[i]]
		if !ok {
			r := []rune(format[i:])[0]
			a.Fail("a date format has no part %%%c: the parts are %%Y %%y %%m %%n %%b %%d %%e %%a %%W %%H %%h %%M %%S %%3", r)
			return Value{}
		}
		b.WriteString(code(t, a.e.env))
	}
	return a.made(b.String())
}
