package openrosa

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// Settings are what a phone is given to begin with: the enumerator scans a QR code and types
// nothing. Sources: "Importing settings with QR codes" and "Configuring Collect" of the ODK
// documentation.
type Settings struct {
	// Server is the address with the token in it, or without one when Username is set.
	Server string
	// Username and Password are for a phone that signs in by name.
	Username, Password string
	// Name, Icon (one letter or emoji) and Color (#rrggbb) tell the project from others on the
	// same phone. An empty icon is the first letter of the name.
	Name, Icon, Color string
}

type settings struct {
	General map[string]any `json:"general"`
	Admin   map[string]any `json:"admin"`
	Project map[string]any `json:"project"`
}

// Code is the text of the QR code: the settings as JSON, deflated (zlib), in base64. Beside the
// server it asks the phone to keep its forms the same as the server's, to send as soon as it
// can, and to delete what it has sent: a phone that is lost shall hold as little as can be.
func (s Settings) Code() (string, error) {
	general := map[string]any{"protocol": "odk_default", "server_url": s.Server, "form_update_mode": "match_exactly", "autosend": "wifi_and_cellular", "delete_send": true}
	if s.Username != "" {
		general["username"], general["password"] = s.Username, s.Password
	}
	project := map[string]any{}
	for key, value := range map[string]string{"name": s.Name, "icon": s.Icon, "color": s.Color} {
		if value != "" {
			project[key] = value
		}
	}
	text, err := json.Marshal(settings{general, map[string]any{}, project})
	if err != nil {
		return "", fmt.Errorf("writing the settings of a phone: %w", err)
	}
	var out bytes.Buffer
	z, err := zlib.NewWriterLevel(&out, zlib.BestCompression)
	if err != nil {
		return "", err
	}
	z.Write(text) // a bytes.Buffer does not fail
	z.Close()
	return base64.StdEncoding.EncodeToString(out.Bytes()), nil
}
