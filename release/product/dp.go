package product

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strconv"

	"aman/release/dp"
	"aman/release/synth"
)

// Names of the data files.
const (
	microdataFile  = "data/microdata.csv"
	aggregatesFile = "data/aggregates.csv"
	styleFile      = "style.css"
)

// DP is a differentially private release. It holds no table but the release's synthetic one.
type DP struct {
	Info
	Profile Profile
	// Release is of Profile.Domain(), or of a domain without some of its columns: those come out empty.
	Release        *synth.Release
	Epsilon, Delta float64
	Rho            dp.Rho
}

// Guarantee says in plain words what the release promises.
func (d DP) Guarantee(lang string) string {
	return say(lang, "guarantee.dp", "epsilon", strconv.FormatFloat(d.Epsilon, 'g', 3, 64), "delta", strconv.FormatFloat(d.Delta, 'g', 2, 64))
}

// Counts gives the counts that are published: supported, and not under the threshold.
func (d DP) Counts() []synth.Aggregate { return publishable(d.Release, d.Threshold) }

// Report gives the public report, of the published counts.
func (d DP) Report() *synth.Report {
	r := *d.Release
	r.Aggregates = d.Counts()
	return synth.NewReport(&synth.Manifest{Epsilon: d.Epsilon, Delta: d.Delta}, &r)
}

func (d DP) check() error {
	if d.Release == nil || d.Release.Rows == nil {
		return errors.New("product: there is no release to publish")
	}
	if err := d.Info.check(); err != nil {
		return err
	}
	for _, c := range d.Profile.Columns {
		if len(c.JoinOf) > 0 {
			return fmt.Errorf("product: the profile %s joins columns, which synthetic records do not have", d.Profile.Name)
		}
	}
	return d.Profile.Fits(d.Release.Rows.Attrs)
}

// Folder makes the files and signs them. site holds the files of a website, in showcase/.
func (d DP) Folder(key ed25519.PrivateKey, site ...File) (Folder, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	counts := d.Counts()
	length := d.Release.Options.Length
	header, tags := aggregateHeader(length)
	aggregates := func(tags []string) ([]byte, error) { return table(header, tags, noisyRows(counts, d.Release)) }
	micro := func(tags []string) ([]byte, error) {
		names, _ := d.Profile.names()
		return table(names, tags, d.Profile.synthetic(d.Release.Rows))
	}
	b := builder{info: d.Info, profile: d.Profile, filled: d.Profile.Of(d.Release.Rows.Attrs), length: length, guarantee: d.Guarantee, noisy: d.Report(),
		micro: micro, aggregates: aggregates, aggregateTags: tags, words: func(lang string) []string {
			return []string{say(lang, "method.dp"), d.Guarantee(lang), say(lang, "readme.synthetic")}
		}}
	o := d.Release.Options
	o.Progress = nil
	return b.folder(key, site, Manifest{Method: "differential privacy", Rows: d.Release.Rows.Rows, Counts: len(counts),
		DP: &DPManifest{d.Epsilon, d.Delta, d.Rho, o, d.Release.People, d.Release.PeopleSD, d.Release.Spent, d.Release.Tables}})
}

// builder makes what both kinds of release have.
type builder struct {
	info              Info
	profile, filled   Profile // filled: the columns that are not empty throughout
	length            int
	guarantee         func(lang string) string
	noisy             *synth.Report
	exact             *exactReport
	micro, aggregates func(tags []string) ([]byte, error)
	aggregateTags     []string
	words             func(lang string) []string
}

func (b builder) folder(key ed25519.PrivateKey, site []File, m Manifest) (Folder, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, errors.New("product: a release is signed with an Ed25519 key, and there is none")
	}
	data, err := b.data()
	if err != nil {
		return nil, err
	}
	descriptor, err := descriptor(b.info, b.profile, data, b.length)
	if err != nil {
		return nil, err
	}
	codebook, err := b.profile.codebook(b.info, b.filled)
	if err != nil {
		return nil, err
	}
	report, err := report(b.info, b.guarantee, b.noisy, b.exact)
	if err != nil {
		return nil, err
	}
	style, err := pageFiles.ReadFile("pages/style.css")
	if err != nil {
		return nil, err
	}
	files := append(data, descriptor, File{styleFile, style})
	files = append(append(append(files, codebook...), report...), site...)
	files = append(files, b.info.words(Fingerprint(key.Public().(ed25519.PublicKey)), b.words)...)
	m.ID, m.Version, m.Title, m.Publisher, m.MadeAt, m.Program = b.info.ID, b.info.Version, b.info.Title, b.info.Publisher, b.info.made(), b.info.Program
	m.Profile, m.From, m.To, m.Unit, m.Note, m.Threshold, m.Ledger = b.profile.Name, b.info.From, b.info.To, b.info.Unit, b.info.Note, b.info.Threshold, b.info.Ledger
	m.Guarantee = Text{}
	for _, lang := range Languages {
		m.Guarantee[lang] = b.guarantee(lang)
	}
	return sign(files, m, key)
}

// data makes the two data files, and again with HXL tags where asked for.
func (b builder) data() ([]File, error) {
	_, tags := b.profile.names()
	var files []File
	for _, f := range []struct {
		name string
		make func([]string) ([]byte, error)
		tags []string
		hxl  bool
	}{
		{microdataFile, b.micro, nil, false}, {aggregatesFile, b.aggregates, nil, false},
		{"hxl/microdata.csv", b.micro, tags, true}, {"hxl/aggregates.csv", b.aggregates, b.aggregateTags, true},
	} {
		if f.hxl && !b.info.HXL {
			continue
		}
		body, err := f.make(f.tags)
		if err != nil {
			return nil, err
		}
		files = append(files, File{f.name, body})
	}
	return files, nil
}
