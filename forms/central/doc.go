// Package central speaks the REST interface of ODK Central, as far as scripts use it: what
// pyODK and ruODK ask for, and what Excel and Power BI ask of OData. A team's scripts work
// unchanged once they have this node's address and a program password.
//
//	h := &central.Handler{Store: …, Forms: …, Entities: …, SignIn: …, …}
//	h.Register(mux) // everything under /v1/ that no other package answers
//
// # Coming in
//
// A script signs in with its user's login as "email" and a program password, which the user
// makes on her account page (package signin says why not her own password). POST /v1/sessions
// gives a token for a day; Basic authentication works over https.
//
// # What a script may see
//
// Every call asks package access as the user of the script; there is no right of a script that
// its user has not. Intake interviews are in no table. Questions and properties of class
// identity and health are left out of tables, unless the program password was made to show
// them and its user may unseal. Documents themselves (.xml, attachments) are given by the same
// rule: only whom the names may be shown.
//
// # Where it differs from Central
//
// Users, phones and forms are known by UUIDs here; scripts get small numbers for them, which
// never change (table numbers). The token of an app user is shown once, when it is made. An
// app user fills every form that its office may fill; assignments change the offices of a form.
// Project-wide roles, public links, Enketo and config endpoints are not offered: 501.1.
//
// Errors are Central's: {"code": 404.1, "message": …, "details": …}. Central's API reference is
// at https://docs.getodk.org/central-api/.
package central
