package xlsform

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sort"
	"unicode/utf16"
)

// An .xls file of Excel 97 to 2003 (BIFF8, MS-XLS) is a stream of records:
// first those of the workbook (sheets, strings, formats), then those of each
// sheet. A record that is too long goes on in CONTINUE records.

const (
	recFormula    = 0x0006
	recEOF        = 0x000a
	recDateMode   = 0x0022
	recFilePass   = 0x002f
	recContinue   = 0x003c
	recBoundSheet = 0x0085
	recMulRK      = 0x00bd
	recXF         = 0x00e0
	recSST        = 0x00fc
	recLabelSST   = 0x00fd
	recNumber     = 0x0203
	recLabel      = 0x0204
	recBoolErr    = 0x0205
	recString     = 0x0207
	recRK         = 0x027e
	recFormat     = 0x041e
	recBOF        = 0x0809
)

var errOldXLS = errors.New("this .xls file is of a kind older than Excel 97; save it as .xlsx")
var errEncrypted = errors.New("the file is protected with a password; save it without one")

type xlsFile struct {
	data    []byte
	budget  *budget
	sheets  []xlsSheet
	strings []string
	formats map[int]dateKind
	xfs     []int // number format by cell style
	is1904  bool
}

type xlsSheet struct {
	name  string
	start int
}

func readXLS(data []byte) (*Workbook, error) {
	stream, err := cfbStream(data, "Workbook", "Book")
	if err != nil {
		if _, locked := cfbStream(data, "EncryptedPackage"); locked == nil {
			return nil, errEncrypted // an .xlsx with a password is such a container too
		}
		return nil, err
	}
	x := &xlsFile{data: stream, budget: newBudget(), formats: map[int]dateKind{}}
	if err := x.globals(); err != nil {
		return nil, err
	}
	if len(x.sheets) == 0 {
		return nil, errCFB
	}
	wb := &Workbook{Format: "xls"}
	for _, s := range x.sheets {
		if len(x.sheets) > 1 && !isFormSheet(s.name) {
			wb.Sheets = append(wb.Sheets, &Sheet{Name: s.name})
			continue
		}
		sheet, err := x.sheet(s)
		if err != nil {
			return nil, fmt.Errorf("sheet %s: %w", s.name, err)
		}
		wb.Sheets = append(wb.Sheets, sheet)
	}
	return wb, nil
}

// record reads the record at pos; next is where the one after it begins, or -1
// at the end.
func (x *xlsFile) record(pos int) (kind int, body []byte, next int) {
	if pos < 0 || pos+4 > len(x.data) {
		return 0, nil, -1
	}
	kind = int(binary.LittleEndian.Uint16(x.data[pos:]))
	n := int(binary.LittleEndian.Uint16(x.data[pos+2:]))
	if pos+4+n > len(x.data) {
		return 0, nil, -1
	}
	return kind, x.data[pos+4 : pos+4+n], pos + 4 + n
}

func (x *xlsFile) globals() error {
	kind, body, next := x.record(0)
	if kind != recBOF || len(body) < 2 || binary.LittleEndian.Uint16(body) != 0x0600 {
		return errOldXLS
	}
	for next >= 0 {
		pos := next
		kind, body, next = x.record(pos)
		if next < 0 {
			return errCFB
		}
		switch kind {
		case recEOF:
			return nil
		case recFilePass:
			return errEncrypted
		case recDateMode:
			x.is1904 = len(body) >= 2 && body[0] == 1
		case recBoundSheet:
			x.boundSheet(body)
		case recFormat:
			if len(body) >= 5 {
				r := &xlsText{x: x, body: body[2:]}
				x.formats[int(binary.LittleEndian.Uint16(body))] = formatKind(r.text(int(r.u16())))
			}
		case recXF:
			if len(body) >= 4 {
				x.xfs = append(x.xfs, int(binary.LittleEndian.Uint16(body[2:])))
			}
		case recSST:
			if err := x.sst(body, next); err != nil {
				return err
			}
		}
	}
	return errCFB
}

func (x *xlsFile) boundSheet(body []byte) {
	if len(body) < 8 || body[5] != 0 { // 0: a worksheet, not a chart or macro
		return
	}
	r := &xlsText{x: x, body: body[7:], next: -1}
	x.sheets = append(x.sheets, xlsSheet{r.text(int(body[6])), int(binary.LittleEndian.Uint32(body))})
}

// sst reads the table of shared strings.
func (x *xlsFile) sst(body []byte, next int) error {
	r := &xlsText{x: x, body: body, next: next}
	r.u32()
	count := r.u32()
	for i := uint32(0); i < count && !r.bad; i++ {
		s := r.rich()
		if len(s) > MaxTextBytes {
			return errTooLong
		}
		if err := x.budget.take(1); err != nil {
			return err
		}
		x.strings = append(x.strings, cellText(s))
	}
	if r.bad && uint32(len(x.strings)) < count {
		return errCFB
	}
	return nil
}

// xlsText reads strings from a record and its CONTINUE records.
type xlsText struct {
	x    *xlsFile
	body []byte
	next int // record after this one; 0 or less: no more
	bad  bool
}

// more goes on in the CONTINUE record, if the present one is used up.
func (r *xlsText) more() bool {
	for len(r.body) == 0 && !r.bad {
		if r.next <= 0 {
			r.bad = true
			break
		}
		kind, body, next := r.x.record(r.next)
		if kind != recContinue || next < 0 {
			r.bad = true
			break
		}
		r.body, r.next = body, next
	}
	return !r.bad
}

func (r *xlsText) u8() byte {
	if !r.more() {
		return 0
	}
	b := r.body[0]
	r.body = r.body[1:]
	return b
}

func (r *xlsText) u16() uint16 { lo := r.u8(); return uint16(lo) | uint16(r.u8())<<8 }
func (r *xlsText) u32() uint32 { lo := r.u16(); return uint32(lo) | uint32(r.u16())<<16 }

func (r *xlsText) skip(n int) {
	for n > 0 && r.more() {
		k := min(n, len(r.body))
		r.body = r.body[k:]
		n -= k
	}
}

// text reads a string of n characters: a flag byte, then the characters.
func (r *xlsText) text(n int) string { return r.chars(n, r.u8()&1 != 0) }

// rich reads a string that may have formatting runs and phonetic data after it.
func (r *xlsText) rich() string {
	n := int(r.u16())
	flags := r.u8()
	runs, phonetic := 0, 0
	if flags&8 != 0 {
		runs = int(r.u16())
	}
	if flags&4 != 0 {
		phonetic = int(r.u32())
	}
	s := r.chars(n, flags&1 != 0)
	r.skip(4*runs + max(phonetic, 0))
	return s
}

// chars reads n characters, of two bytes or of one. In a CONTINUE record a new
// flag byte says which.
func (r *xlsText) chars(n int, wide bool) string {
	units := make([]uint16, 0, min(n, 1<<16))
	for len(units) < n {
		if len(r.body) == 0 {
			if !r.more() {
				break
			}
			wide = r.u8()&1 != 0
			continue
		}
		if wide {
			units = append(units, r.u16())
		} else {
			units = append(units, uint16(r.u8()))
		}
	}
	return string(utf16.Decode(units))
}

// sheet reads the cells of a sheet.
func (x *xlsFile) sheet(s xlsSheet) (*Sheet, error) {
	rows := map[int]map[int]string{}
	put := func(body []byte, value string) error {
		if len(body) < 4 || value == "" {
			return nil
		}
		row, col := int(binary.LittleEndian.Uint16(body)), int(binary.LittleEndian.Uint16(body[2:]))
		if col > 255 {
			return errCFB
		}
		if rows[row] == nil {
			rows[row] = map[int]string{}
		}
		if _, twice := rows[row][col]; !twice {
			if err := x.budget.take(1); err != nil {
				return err
			}
		}
		rows[row][col] = value
		return nil
	}
	kind, body, next := x.record(s.start)
	if kind != recBOF {
		return nil, errCFB
	}
	depth := 1 // charts inside a sheet have records of their own
	var formula []byte
	for depth > 0 && next >= 0 {
		kind, body, next = x.record(next)
		var err error
		switch {
		case kind == recBOF:
			depth++
		case kind == recEOF:
			depth--
		case depth > 1:
		case kind == recMulRK && len(body) >= 6:
			for i := 4; i+8 <= len(body); i += 6 {
				cell := append(append([]byte{}, body[:2]...), byte(0), byte(0))
				binary.LittleEndian.PutUint16(cell[2:], binary.LittleEndian.Uint16(body[2:])+uint16((i-4)/6))
				if err = put(cell, x.number(rk(binary.LittleEndian.Uint32(body[i+2:])), int(binary.LittleEndian.Uint16(body[i:])))); err != nil {
					break
				}
			}
		case kind == recFormula && len(body) >= 14:
			if binary.LittleEndian.Uint16(body[12:]) == 0xffff && body[6] == 0 {
				formula = body // its text is in the STRING record that follows
			} else {
				err = put(body, x.formulaValue(body))
			}
		case kind == recString && formula != nil:
			r := &xlsText{x: x, body: body, next: next}
			err = put(formula, cellText(r.text(int(r.u16()))))
			formula = nil
		default:
			err = put(body, x.value(kind, body, next))
		}
		if err != nil {
			return nil, err
		}
	}
	return x.gather(s.name, rows)
}

// value reads the records that hold one cell.
func (x *xlsFile) value(kind int, body []byte, next int) string {
	if len(body) < 8 {
		return ""
	}
	xf := int(binary.LittleEndian.Uint16(body[4:]))
	switch {
	case kind == recLabelSST && len(body) >= 10:
		if i := binary.LittleEndian.Uint32(body[6:]); int64(i) < int64(len(x.strings)) {
			return x.strings[i]
		}
	case kind == recLabel:
		r := &xlsText{x: x, body: body[6:], next: next}
		return cellText(r.text(int(r.u16())))
	case kind == recNumber && len(body) >= 14:
		return x.number(math.Float64frombits(binary.LittleEndian.Uint64(body[6:])), xf)
	case kind == recRK && len(body) >= 10:
		return x.number(rk(binary.LittleEndian.Uint32(body[6:])), xf)
	case kind == recBoolErr:
		return boolOrError(body[6], body[7])
	}
	return ""
}

func (x *xlsFile) formulaValue(body []byte) string {
	if binary.LittleEndian.Uint16(body[12:]) != 0xffff {
		return x.number(math.Float64frombits(binary.LittleEndian.Uint64(body[6:])), int(binary.LittleEndian.Uint16(body[4:])))
	}
	switch body[6] {
	case 1:
		return boolOrError(body[8], 0)
	case 2:
		return boolOrError(body[8], 1)
	}
	return ""
}

var xlsErrors = map[byte]string{0x00: "#NULL!", 0x07: "#DIV/0!", 0x0f: "#VALUE!", 0x17: "#REF!", 0x1d: "#NAME?", 0x24: "#NUM!", 0x2a: "#N/A"}

func boolOrError(value, isError byte) string {
	switch {
	case isError != 0:
		return xlsErrors[value]
	case value != 0:
		return "TRUE"
	}
	return "FALSE"
}

// rk unpacks a number of 30 bits: an integer or the high half of a float, which
// may be in hundredths.
func rk(v uint32) float64 {
	var f float64
	if v&2 != 0 {
		f = float64(int32(v) >> 2)
	} else {
		f = math.Float64frombits(uint64(v&^3) << 32)
	}
	if v&1 != 0 {
		f /= 100
	}
	return f
}

func (x *xlsFile) number(f float64, xf int) string {
	if xf < len(x.xfs) {
		format := x.xfs[xf]
		kind, ok := x.formats[format]
		if !ok {
			kind = builtinDates[format]
		}
		if kind != notDate {
			if text, ok := dateText(f, isDate, x.is1904); ok {
				return text
			}
		}
	}
	return floatText(f)
}

// gather puts the cells in order.
func (x *xlsFile) gather(name string, rows map[int]map[int]string) (*Sheet, error) {
	numbers := make([]int, 0, len(rows))
	for n := range rows {
		numbers = append(numbers, n)
	}
	sort.Ints(numbers)
	g := newGrid(name, x.budget)
	for _, n := range numbers {
		var cells []string
		for col, v := range rows[n] {
			for len(cells) <= col {
				cells = append(cells, "")
			}
			cells[col] = v
		}
		if err := g.row(n+1, cells); err != nil {
			return nil, err
		}
	}
	return g.sheet, nil
}
