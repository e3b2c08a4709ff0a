package web

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	qrcode "github.com/boombuler/barcode/qr"

	"aman/forms"
	"aman/forms/openrosa"
	"aman/platform/access"
	"aman/platform/signin"
	"aman/platform/store"
)

// devicePage is what a new phone is given, once.
type devicePage struct {
	Label, Who, Office, Project string
	QR                          template.HTML
	// Server, and Login and Password for a phone that cannot scan or keep the address.
	Server, Plain, Login, Password string
}

// newDevice makes a device token and shows it as a QR code for ODK Collect, once.
func (s *Server) newDevice(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "admin.device.new")
	user, office, _ := strings.Cut(r.PostFormValue("who"), "/")
	body := &devicePage{Label: strings.TrimSpace(r.PostFormValue("label")), Who: p.Who(user), Office: p.OfficeName(office)}
	var id, token string
	var project forms.Project
	err := s.Node.Store.Write(r.Context(), func(tx *store.Tx) (err error) {
		if project, err = s.projectOf(tx, p.Sub, r.PostFormValue("project")); err != nil {
			return err
		}
		if err := tx.Row("SELECT login FROM users WHERE id = ?", user).Scan(&body.Login); err != nil {
			return errors.Join(access.ErrUser, err)
		}
		if id, token, err = s.Node.SignIn.NewDevice(tx, user, office, body.Label); err != nil {
			return err
		}
		return s.note(tx, p.Sub, "device.create", id)
	})
	if errors.Is(err, signin.ErrLabel) || errors.Is(err, signin.ErrOffice) || errors.Is(err, access.ErrUser) {
		s.fail(w, r, http.StatusUnprocessableEntity, "admin.device.fault")
		return
	}
	if err != nil {
		s.problem(w, r, err)
		return
	}
	body.Project = project.Name
	base := s.origin(r)
	body.Server, body.Plain, body.Password = base+"/v1/key/"+token+"/projects/"+strconv.FormatInt(project.ID, 10), base, s.Node.SignIn.DevicePassword(id)
	code, err := openrosa.Settings{Server: body.Server, Name: project.Name, Color: projectColor(project.ID)}.Code()
	if err == nil {
		body.QR, err = drawQR(code)
	}
	if err != nil {
		s.problem(w, r, err)
		return
	}
	p.Body = body
	s.render(w, r, http.StatusOK, "device", p)
}

// projectOf is the project that a form names, the first one when it names none.
func (s *Server) projectOf(tx *store.Tx, sub access.Subject, id string) (forms.Project, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		n = forms.DefaultProject
	}
	return s.Node.Forms.Project(tx, sub, n)
}

// origin is the outside address of this server.
func (s *Server) origin(r *http.Request) string {
	if s.Node.Config.Origin != "" {
		return s.Node.Config.Origin
	}
	return "http://" + r.Host
}

// projectColors tell one project from another on a phone that has several; each stands out
// from white, and the first is ours.
var projectColors = []string{"#1f5f5b", "#7a3e8e", "#a4501f", "#23629c", "#8b2f4c", "#4d6b1e"}

func projectColor(project int64) string { return projectColors[int(project-1)%len(projectColors)] }

// drawQR draws a text as a QR code: one path of squares, sharp on paper, a few kilobytes, with
// the white margin that readers need.
func drawQR(text string) (template.HTML, error) {
	const margin = 4
	code, err := qrcode.Encode(text, qrcode.M, qrcode.Auto)
	if err != nil {
		return "", fmt.Errorf("drawing the code of a phone: %w", err)
	}
	n := code.Bounds().Dx()
	var path strings.Builder
	for y := range n {
		for x := range n {
			if c, _, _, _ := code.At(x, y).RGBA(); c == 0 {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+margin, y+margin)
			}
		}
	}
	return template.HTML(fmt.Sprintf(`<svg class="qrcode" viewBox="0 0 %[1]d %[1]d" role="img" aria-hidden="true" focusable="false"><rect width="100%%" height="100%%" fill="#fff"></rect><path d="%[2]s"></path></svg>`, n+2*margin, path.String())), nil
}
