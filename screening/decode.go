package screening

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// maxInput bounds a file: the largest pack file is under a tenth of it.
const maxInput = 1 << 20

// decode reads YAML or JSON into a struct and refuses fields it does not know.
// Both go through encoding/json, so one set of field tags serves both.
func decode(data []byte, into any) error {
	if len(data) > maxInput {
		return fmt.Errorf("the file is larger than %d bytes", maxInput)
	}
	if !json.Valid(data) {
		if err := bound(data); err != nil {
			return err
		}
		var tree any
		if err := yaml.Unmarshal(data, &tree); err != nil {
			return errors.New(yaml.FormatError(err, false, false))
		}
		var err error
		if data, err = json.Marshal(tree); err != nil {
			return fmt.Errorf("the YAML holds something that is neither text, number, list nor map: %w", err)
		}
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// Limits that no honest file comes near. The YAML reader copies what an alias
// points to, so aliases inside anchors multiply, and its time grows with the
// square of the depth: 10 levels of 10 aliases, or 20,000 open brackets, would
// stop the program.
const (
	maxDepth   = 50
	maxAliases = 20
)

// bound looks at the tokens of a YAML file before the reader does.
func bound(data []byte) error {
	flow, inline, aliases, line := 0, 0, 0, 0
	for _, t := range lexer.Tokenize(string(data)) {
		if t.Position.Line != line {
			line, inline = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType: // "- - -" nests within a line
			inline++
		case token.AliasType:
			aliases++
		case token.AnchorType:
			inline++
			if aliases > 0 {
				return fmt.Errorf("line %d: define all anchors (&) before the first alias (*)", line)
			}
		}
		if flow > maxDepth || inline > maxDepth {
			return fmt.Errorf("line %d is nested more than %d deep", line, maxDepth)
		}
		if aliases > maxAliases {
			return fmt.Errorf("line %d: more than %d aliases (*)", line, maxAliases)
		}
	}
	return nil
}
