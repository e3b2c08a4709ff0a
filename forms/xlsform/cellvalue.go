package xlsform

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// How a spreadsheet's numbers are shown. Whole numbers have no decimals; dates
// are 2024-05-31 00:00:00, times 13:45:00.

// numberText gives the text of a number cell as it stands in the file.
func numberText(s string) string {
	if !strings.ContainsAny(s, ".eE") {
		if n, ok := new(big.Int).SetString(s, 10); ok && len(s) < 400 {
			return n.String()
		}
		return s
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	return floatText(f)
}

// floatText gives the shortest decimal that stands for f.
func floatText(f float64) string {
	switch {
	case math.IsInf(f, 0) || math.IsNaN(f):
		return strconv.FormatFloat(f, 'g', -1, 64)
	case f == math.Trunc(f):
		if f == 0 {
			return "0"
		}
		return new(big.Float).SetFloat64(f).Text('f', 0)
	}
	if exp := math.Floor(math.Log10(math.Abs(f))); exp < -4 {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// dateKind says how a number format shows a number.
type dateKind uint8

const (
	notDate dateKind = iota
	isDate
	isDuration
)

// builtinDates are the date formats that a file need not spell out.
var builtinDates = map[int]dateKind{
	14: isDate, 15: isDate, 16: isDate, 17: isDate, 18: isDate, 19: isDate, 20: isDate, 21: isDate, 22: isDate,
	45: isDate, 46: isDuration, 47: isDate,
}

var (
	formatLiteral  = regexp.MustCompile(`".*?"|\[[^\]]*\]`)
	formatDuration = regexp.MustCompile(`(?i)\[(hh?|mm?|ss?)\]`)
	formatDate     = regexp.MustCompile(`(?:^|[^_\\])[dmhysDMHYS]`)
)

// formatKind reads a number format such as "dd/mm/yyyy".
func formatKind(format string) dateKind {
	format, _, _ = strings.Cut(format, ";")
	if formatDuration.MatchString(format) {
		return isDuration
	}
	if formatDate.MatchString(formatLiteral.ReplaceAllString(format, "")) {
		return isDate
	}
	return notDate
}

// dateText shows a serial day number as date, time or duration; ok is false if
// it is none.
func dateText(serial float64, kind dateKind, from1904 bool) (text string, ok bool) {
	if kind == isDuration && math.Abs(serial) < 1e9 {
		return durationText(serial), true
	}
	if math.IsNaN(serial) || math.Abs(serial) > 3_000_000 {
		return "", false
	}
	day := math.Floor(serial)
	ms := math.RoundToEven((serial - day) * 86_400_000)
	if serial >= 0 && serial < 1 && ms < 86_400_000 {
		return clockText(int(ms)), true
	}
	epoch := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if from1904 {
		epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	} else if serial > 0 && serial < 60 {
		day++ // Excel believes that 1900 was a leap year
	}
	t := epoch.AddDate(0, 0, int(day)).Add(time.Duration(ms) * time.Millisecond)
	if t.Year() < 1 || t.Year() > 9999 {
		return "", false
	}
	clock := clockText((t.Hour()*3600+t.Minute()*60+t.Second())*1000 + t.Nanosecond()/1_000_000)
	return t.Format("2006-01-02 ") + clock, true
}

func clockText(ms int) string {
	s := fmt.Sprintf("%02d:%02d:%02d", ms/3_600_000, ms/60_000%60, ms/1000%60)
	if ms %= 1000; ms > 0 {
		s += fmt.Sprintf(".%06d", ms*1000)
	}
	return s
}

func durationText(days float64) string {
	ms := int64(math.Round(days * 86_400_000))
	day := ms / 86_400_000
	if ms < 0 && ms%86_400_000 != 0 {
		day--
	}
	ms -= day * 86_400_000
	clock := fmt.Sprintf("%d:%02d:%02d", ms/3_600_000, ms/60_000%60, ms/1000%60)
	if frac := ms % 1000; frac > 0 {
		clock += fmt.Sprintf(".%06d", frac*1000)
	}
	switch day {
	case 0:
		return clock
	case 1, -1:
		return fmt.Sprintf("%d day, %s", day, clock)
	}
	return fmt.Sprintf("%d days, %s", day, clock)
}

// cellText tidies the text of a cell: no white space around it, and no
// non-breaking spaces, which nobody sees and which break names.
func cellText(s string) string {
	s = strip(s)
	if strings.Contains(s, "\u00a0") {
		s = strings.ReplaceAll(s, "\u00a0", " ")
	}
	return s
}
