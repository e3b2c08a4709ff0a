package xlsform

import (
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf16"
)

// A compound file (MS-CFB) is the container of an .xls file: a file system of
// sectors with an allocation table. Only what is needed to read one stream of
// the root folder is done here.

var errCFB = errors.New("the file is damaged: it is not a complete .xls file")

const (
	cfbMaxReg  = 0xfffffffa
	cfbDirSize = 128
)

type cfbFile struct {
	data     []byte
	sector   int
	mini     int
	cutoff   uint32
	fat      []uint32
	miniFAT  []uint32
	miniData []byte
}

// cfbStream gives the first stream that has one of the names.
func cfbStream(data []byte, names ...string) ([]byte, error) {
	if len(data) < 512 {
		return nil, errCFB
	}
	le := binary.LittleEndian
	shift, miniShift := le.Uint16(data[30:]), le.Uint16(data[32:])
	if shift != 9 && shift != 12 || miniShift != 6 {
		return nil, errCFB
	}
	c := &cfbFile{data: data, sector: 1 << shift, mini: 1 << miniShift, cutoff: le.Uint32(data[56:])}
	if err := c.readFAT(); err != nil {
		return nil, err
	}
	dir, err := c.chain(le.Uint32(data[48:]), -1)
	if err != nil {
		return nil, err
	}
	if len(dir) < cfbDirSize {
		return nil, errCFB
	}
	if c.miniData, err = c.chain(le.Uint32(dir[116:]), int(le.Uint32(dir[120:]))); err != nil {
		return nil, err
	}
	table, err := c.chain(le.Uint32(data[60:]), -1)
	if err != nil {
		return nil, err
	}
	c.miniFAT = words32(table)
	for _, name := range names {
		for i := 0; i+cfbDirSize <= len(dir); i += cfbDirSize {
			entry := dir[i : i+cfbDirSize]
			if entry[66] == 2 && strings.EqualFold(cfbName(entry), name) {
				return c.stream(le.Uint32(entry[116:]), le.Uint32(entry[120:]))
			}
		}
	}
	return nil, errNotForm
}

func cfbName(entry []byte) string {
	n := int(binary.LittleEndian.Uint16(entry[64:]))
	if n < 2 || n > 64 {
		return ""
	}
	units := make([]uint16, n/2-1)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(entry[2*i:])
	}
	return string(utf16.Decode(units))
}

func words32(b []byte) []uint32 {
	out := make([]uint32, len(b)/4)
	for i := range out {
		out[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return out
}

// at gives a sector; nil if the file is too short for it.
func (c *cfbFile) at(n uint32) []byte {
	start := (int64(n) + 1) * int64(c.sector)
	end := start + int64(c.sector)
	if n > cfbMaxReg || start >= int64(len(c.data)) {
		return nil
	}
	return c.data[start:min(end, int64(len(c.data)))]
}

// readFAT reads the allocation table, whose sectors are listed in the header
// and in a chain of further sectors.
func (c *cfbFile) readFAT() error {
	list := words32(c.data[76:512])
	next := binary.LittleEndian.Uint32(c.data[68:])
	most := len(c.data)/c.sector + 1
	for steps := 0; next < cfbMaxReg; steps++ {
		s := c.at(next)
		if len(s) < c.sector || steps > most {
			return errCFB
		}
		w := words32(s)
		list = append(list, w[:len(w)-1]...)
		next = w[len(w)-1]
	}
	per := c.sector / 4 // entries in a sector
	for _, n := range list {
		if n > cfbMaxReg {
			continue
		}
		s := c.at(n)
		if len(s) < c.sector || len(c.fat)/per > most {
			return errCFB
		}
		c.fat = append(c.fat, words32(s)...)
	}
	return nil
}

// chain reads the sectors that follow each other from start; size -1 reads to the end.
func (c *cfbFile) chain(start uint32, size int) ([]byte, error) {
	var out []byte
	for n := start; n < cfbMaxReg && (size < 0 || len(out) < size); {
		s := c.at(n)
		if s == nil || int(n) >= len(c.fat) || len(out) > len(c.data) {
			return nil, errCFB
		}
		out = append(out, s...)
		n = c.fat[n]
	}
	if size >= 0 && len(out) > size {
		out = out[:size]
	}
	return out, nil
}

func (c *cfbFile) stream(start, size uint32) ([]byte, error) {
	if int64(size) > int64(len(c.data)) {
		return nil, errCFB
	}
	if size >= c.cutoff {
		return c.chain(start, int(size))
	}
	var out []byte
	for n := start; n < cfbMaxReg && len(out) < int(size); {
		from := int64(n) * int64(c.mini)
		if int(n) >= len(c.miniFAT) || from+int64(c.mini) > int64(len(c.miniData)) || len(out) > len(c.data) {
			return nil, errCFB
		}
		out = append(out, c.miniData[from:from+int64(c.mini)]...)
		n = c.miniFAT[n]
	}
	return out[:min(len(out), int(size))], nil
}
