package release

import (
	"maps"
	"slices"
	"strings"

	"aman/platform/i18n"
	"aman/platform/store"
	"aman/registry"
	"aman/release/product"
)

// only says in each language to which records an ask is cut down, such as "Only: Sex: Female." It stands in what is published:
// a reader who does not know whom a file leaves out reads it wrongly. Nil for all.
func (s *Service) only(tx *store.Tx, register string, a Ask) (product.Text, error) {
	schema := s.registry.Catalog.Registers[register]
	parts := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(a.Where)) {
		codes := slices.Sorted(slices.Values(a.Where[name]))
		if len(codes) == 0 {
			continue
		}
		if name == "office" {
			var names []string
			for _, id := range codes {
				var n string
				if err := tx.Row("SELECT name FROM offices WHERE id = ?", id).Scan(&n); err != nil {
					return nil, err
				}
				names = append(names, n)
			}
			for _, lang := range i18n.Languages {
				parts[lang] = append(parts[lang], strings.Join(names, ", "))
			}
			continue
		}
		p, ok := schema.Property(name)
		if !ok {
			return nil, &Fault{"where", name}
		}
		for _, lang := range i18n.Languages {
			parts[lang] = append(parts[lang], p.Label.In(lang)+": "+labels(s.registry.Catalog.Lists[p.List], codes, lang))
		}
	}
	if len(parts) == 0 {
		return nil, nil
	}
	out := product.Text{}
	for lang, list := range parts {
		out[lang] = onlyWord[lang] + " " + strings.Join(list, "; ") + "."
	}
	return out, nil
}

var onlyWord = map[string]string{"en": "Only:", "ur": "صرف:", "id": "Hanya:"}

func labels(l *registry.List, codes []string, lang string) string {
	var out []string
	for _, c := range codes {
		out = append(out, l.Label(c, lang))
	}
	return strings.Join(out, ", ")
}

// joined puts one text behind another, in each language.
func joined(a, b product.Text) product.Text {
	if b == nil {
		return a
	}
	out := product.Text{}
	for lang := range b {
		out[lang] = strings.TrimSpace(a[lang] + " " + b[lang])
	}
	return out
}
