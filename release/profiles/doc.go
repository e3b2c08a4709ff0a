// Package profiles says how the registers of a programme become the columns of a public file: which property fills which
// column, and which of its codes becomes which value. The profiles are data, one YAML file each.
//
//	all, err := profiles.Load()
//	p := all["ctdc"]
//	row := p.Row(columns, func(property string) string { … })   // raw values of one record -> cells of the file
//
// A column is filled in one of these ways:
//
//	same: true                   the code as it is (unknown becomes missing)
//	map: {female: Woman, …}      a value for each code; a code that is not there becomes missing
//	any: [DebtBondage, …]        a mark: 1 when the property holds one of the codes, else 0
//	all: [ForcedLabour, …]       a mark: 1 when it holds each of them
//	part: year | month           of a date
//	bands: [1, 2, 6, 11]         of a number: 1, 2-5, 6-10, 11+
//
// and may say more: iso2 writes a country by two letters; key marks what an attacker may know of somebody; needs names
// marks without which this column says nothing (a kind of labour needs forced labour): where such a mark is not 1 the
// column is not 1 either, and where it is missing or withheld the column is missing, so that it never tells what was withheld.
//
// A column without from is one that the programme does not collect: it is in the public schema and stays empty.
//
// The package knows nothing of stores or people; package release reads the rows.
package profiles
