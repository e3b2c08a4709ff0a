package screening

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
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
