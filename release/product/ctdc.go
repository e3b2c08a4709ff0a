package product

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed ctdc.yaml
var ctdcYAML []byte

// schema is a profile as ctdc.yaml writes it.
type schema struct {
	Missing    string                `yaml:"missing"`
	Columns    []schemaColumn        `yaml:"columns"`
	Impossible []map[string][]string `yaml:"impossible"`
}

type schemaColumn struct {
	Name  string   `yaml:"name"`
	Codes string   `yaml:"codes"` // the name of a list of codes, or year, country
	Group string   `yaml:"group"`
	Role  Role     `yaml:"role"`
	HXL   string   `yaml:"hxl"`
	Join  string   `yaml:"join"` // joins the columns that begin with this
	Of    []string `yaml:"of"`   // or these of them alone
	Label Text     `yaml:"label"`
	Note  Text     `yaml:"note"`
}

var ctdc = func() (f struct {
	Lists    map[string]yaml.MapSlice `yaml:"lists"`
	Groups   map[string]Text          `yaml:"groups"`
	Profiles map[string]schema        `yaml:"profiles"`
}) {
	if err := yaml.Unmarshal(ctdcYAML, &f); err != nil {
		panic(fmt.Sprintf("ctdc.yaml: %v", err))
	}
	return f
}()

// Names of the profiles of the Counter-Trafficking Data Collaborative.
const (
	NameGlobalSynthetic = "ctdc-global-synthetic"
	NameGlobalK         = "ctdc-global-k"
)

// GlobalSynthetic is CTDC's Global Synthetic Dataset: 27 columns, a mark is 1 or empty, a missing value is empty.
// Years go from..to; countries are ISO 3166-1 alpha-3.
func GlobalSynthetic(from, to int, countries []Code) Profile {
	return declared(NameGlobalSynthetic, from, to, countries)
}

// GlobalK is CTDC's k-anonymised Global Dataset: 63 columns, a mark is 1 or 0, a missing value is -99, and each
// …Concatenated column joins the names of the marks that are 1, in the order of the alphabet. Countries are ISO
// 3166-1 alpha-2.
func GlobalK(from, to int, countries []Code) Profile {
	return declared(NameGlobalK, from, to, countries)
}

func declared(name string, from, to int, countries []Code) Profile {
	s := ctdc.Profiles[name]
	p := Profile{Name: name, Impossible: s.Impossible, Missing: s.Missing}
	for _, sc := range s.Columns {
		c := Column{Name: sc.Name, Label: sc.Label, Note: sc.Note, Role: sc.Role, Group: ctdc.Groups[sc.Group], HXL: sc.HXL, JoinOf: sc.Of, JoinStrip: sc.Join}
		if sc.Join != "" && sc.Of == nil {
			for _, other := range s.Columns {
				if strings.HasPrefix(other.Name, sc.Join) && other.Join == "" {
					c.JoinOf = append(c.JoinOf, other.Name)
				}
			}
		}
		switch sc.Codes {
		case "year":
			for y := from; y <= to; y++ {
				c.Codes = append(c.Codes, Code{strconv.Itoa(y), Same(strconv.Itoa(y))})
			}
		case "country":
			c.Codes = countries
		case "":
		default:
			list, ok := ctdc.Lists[sc.Codes]
			if !ok {
				panic("ctdc.yaml: no list " + sc.Codes)
			}
			c.Codes = codesOf(list)
		}
		p.Columns = append(p.Columns, c)
	}
	return p
}

// codesOf reads a list of codes, in order. A label may be one text for all languages.
func codesOf(list yaml.MapSlice) []Code {
	var out []Code
	for _, item := range list {
		label := Text{}
		switch v := item.Value.(type) {
		case map[string]any:
			for lang, s := range v {
				label[lang] = fmt.Sprint(s)
			}
		case yaml.MapSlice:
			for _, x := range v {
				label[fmt.Sprint(x.Key)] = fmt.Sprint(x.Value)
			}
		default:
			label = Same(strings.TrimSpace(fmt.Sprint(v)))
		}
		out = append(out, Code{fmt.Sprint(item.Key), label})
	}
	return out
}
