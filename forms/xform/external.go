package xform

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"

	"aman/forms/xpath"
)

// CSVList reads a table as the list that forms draw from: root/item with one element a
// column, which is what jr://file-csv/… means. Rows of any width are taken. Names of
// columns that XML cannot have get “_” in the place of what it cannot.
func CSVList(r io.Reader) (*xpath.Node, error) {
	in := csv.NewReader(r)
	in.FieldsPerRecord, in.LazyQuotes, in.ReuseRecord = -1, true, true
	head, err := in.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the list is empty: its first row must name its columns")
	}
	if err != nil {
		return nil, fmt.Errorf("the list is no CSV table: %w", err)
	}
	names := make([]string, len(head))
	for i, h := range head {
		names[i] = elementName(h)
	}
	root := xpath.NewElement("root", "")
	for cells := 0; ; {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return xpath.NewDocument().Append(root), nil
		}
		if err != nil {
			return nil, fmt.Errorf("the list is no CSV table: %w", err)
		}
		if cells += len(row); cells > 5_000_000 {
			return nil, errors.New("the list has more than 5,000,000 cells")
		}
		item := xpath.NewElement("item", "")
		for i, cell := range row {
			if i < len(names) && names[i] != "" {
				item.Append(xpath.NewElement(names[i], cell))
			}
		}
		root.Append(item)
	}
}

func elementName(head string) string {
	out := []rune{}
	for i, r := range head {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0x80 && r != 0xfeff
		digit := r >= '0' && r <= '9' || r == '-' || r == '.'
		switch {
		case r == 0xfeff: // the mark with which spreadsheet programs begin a file
		case letter || digit && i > 0:
			out = append(out, r)
		default:
			out = append(out, '_')
		}
	}
	return string(out)
}
