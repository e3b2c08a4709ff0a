package vault

import (
	"errors"
	"io/fs"
)

// Kind sorts the faults of keys and backups by what the operator has to do.
type Kind int

// The kinds of fault.
const (
	Other           Kind = iota
	Missing              // no key ring in the folder
	Exists               // there is one already
	WrongPassphrase      // or none given where one is needed
	WrongRights          // others may read it, or we may not
	Damaged              // the ring file is not what was written
	Newer                // written by a newer Aman
	Expired              // the key was destroyed on purpose, its time was over
	Unknown              // the ring never had this key: another ring, or an old copy
	Altered              // a backup or sealed value was changed or cut short
	Disk                 // the file system refused
)

var texts = map[Kind]string{
	Missing:         "There is no key ring in the key folder. Check --keys, or put the folder back from its own backup. Without it nothing can be opened.",
	Exists:          "There is a key ring in this folder already. Nothing was changed.",
	WrongPassphrase: "The key ring does not open with this passphrase.",
	WrongRights:     "The key ring must be readable by the owner alone, and by the user that Aman runs as. Set the folder to 0700 and its files to 0600.",
	Damaged:         "The key ring is damaged. Put the key folder back from its own backup.",
	Newer:           "This was written by a newer Aman. Nothing was changed. Use the newer program.",
	Expired:         "The key for this was destroyed when its time was over. What it sealed cannot be read again, by anybody.",
	Unknown:         "The key ring does not hold the key for this. It belongs to another ring, or the ring is an old copy.",
	Altered:         "This was altered or cut short after it was written. Do not use it.",
	Disk:            "The key folder did not answer as it should. Check the disk and the rights of the folder.",
}

// Fault is a failure of the key ring, a backup or a sealed value, as a sentence for
// the operator. Err is the cause, for the log; it never holds key material.
type Fault struct {
	Kind Kind
	Text string
	Err  error
}

func (f *Fault) Error() string { return f.Text }
func (f *Fault) Unwrap() error { return f.Err }

func fault(k Kind, err error) *Fault { return &Fault{Kind: k, Text: texts[k], Err: err} }

// KindOf says what kind of fault err is; Other when it is none of the vault's.
func KindOf(err error) Kind {
	var f *Fault
	if errors.As(err, &f) {
		return f.Kind
	}
	return Other
}

// onDisk sorts what the file system said.
func onDisk(err error) *Fault {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault(Missing, err)
	case errors.Is(err, fs.ErrPermission):
		return fault(WrongRights, err)
	}
	return fault(Disk, err)
}

var (
	// ErrErased is what is left of a person, or of a submission, whose key was destroyed.
	ErrErased = errors.New("this was erased: its key was destroyed and nobody can read it again")
	// ErrHeld refuses an erasure because a court or an inquiry ordered the file kept.
	ErrHeld = errors.New("this file is held by an order and cannot be erased until the hold is lifted")
)
