package export

import (
	"archive/zip"
	"io"
)

// Media is a file that goes into a zip.
type Media struct {
	Name string
	Open func(w io.Writer) error // writes its content
}

// Files gives media one after another.
type Files func(each func(Media) error) error

// CSVZip writes a zip with a CSV file for each table and, below media/, the files.
func (l *Layout) CSVZip(w io.Writer, o Options, src Source, files Files) error {
	z := zip.NewWriter(w)
	used := map[string]bool{}
	for _, t := range l.Tables {
		if t.Gone && !o.Gone {
			continue
		}
		part, err := z.Create(SafeName(used, l.FileName(t)))
		if err != nil {
			return err
		}
		if _, err := l.CSV(part, t, o, src); err != nil {
			return err
		}
	}
	if err := addMedia(z, files); err != nil {
		return err
	}
	return z.Close()
}

// Zip writes media alone.
func Zip(w io.Writer, files Files) error {
	z := zip.NewWriter(w)
	if err := addMedia(z, files); err != nil {
		return err
	}
	return z.Close()
}

func addMedia(z *zip.Writer, files Files) error {
	if files == nil {
		return nil
	}
	used := map[string]bool{}
	return files(func(m Media) error {
		// Pictures and sound are small already: they are stored as they are.
		part, err := z.CreateHeader(&zip.FileHeader{Name: "media/" + SafeName(used, m.Name), Method: zip.Store})
		if err != nil {
			return err
		}
		return m.Open(part)
	})
}
