package main

import (
	"context"
	"fmt"
	"time"

	"aman/forms"
	"aman/node"
	"aman/platform/access"
	"aman/platform/store"
)

// password of everybody in the invented world.
const password = "a long way from Quetta to Taftan"

// Sizes of the world. One case in four is active, and a caseworker has 25 active ones.
const (
	offices  = 40
	shelters = 20
	// large is the share of all cases that the largest office has.
	large       = 0.2
	perWorker   = 100 // cases, of which 25 are active
	groupSize   = 100 // people in one submission of the filling
	waitingMost = 400 // interviews in the queue of the large office
)

// targets are what the clients ask for.
type targets struct {
	Token         string   // of a device in the large office
	Office        string   // the large office
	Worker        string   // login of the caseworker
	Cases         []string // ids of the caseworker's 25 active cases
	Codes         []string // codes of cases in the large office
	Names         []string // names that some people have
	Shared        []string // ids of cases that the shelter sees
	People        int
	Seconds       float64 // to fill
	CPU           float64 // seconds
	Writes        int     // changes of register rows
	WorkerCases   int
	OfficeCases   int
	OfficeActive  int
	ShelterOpen   int // referrals that wait for the shelter
	OverdueOffice int
}

// world is who works there.
type world struct {
	targets
	orgs    []string // the home organisation, then the shelters
	offices []string
	workers [][]access.Subject // by office
	keeper  access.Subject     // of forms
	began   time.Time
}

func makeWorld(ctx context.Context, n *node.Node, people int) (*world, error) {
	w := &world{began: time.Now().UTC().AddDate(-2, 0, 0)}
	hash, err := n.SignIn.HashPassword(ctx, password)
	if err != nil {
		return nil, err
	}
	if err := n.Store.Write(ctx, func(tx *store.Tx) error { return w.make(tx, n, people, hash) }); err != nil {
		return nil, err
	}
	_, err = n.Forms.Publish(ctx, w.keeper, forms.Survey, surveyForm)
	return w, err
}

func (w *world) make(tx *store.Tx, n *node.Node, people int, hash string) error {
	w.orgs, w.offices, w.workers = nil, nil, nil
	for i := range 1 + shelters {
		id, err := access.CreateOrg(tx, access.NewOrg{Code: fmt.Sprintf("org-%d", i), Name: fmt.Sprintf("Invented organisation %d", i), Kind: "ngo"}, w.began)
		if err != nil {
			return err
		}
		w.orgs = append(w.orgs, id)
	}
	user := func(login, role, org, office string, signsIn bool) (access.Subject, error) {
		id, err := n.Policy.CreateUser(tx, access.NewUser{Login: login, Name: "Invented " + login, Org: org, Offices: []string{office}, Roles: []string{role}}, w.began)
		if err == nil && signsIn {
			err = n.SignIn.SetPassword(tx, id, hash, false)
		}
		if err != nil {
			return access.Subject{}, err
		}
		return access.SubjectOf(tx, id, w.began)
	}
	for i := range offices {
		office, err := access.CreateOffice(tx, access.NewOffice{Org: w.orgs[0], Code: fmt.Sprintf("office-%d", i), Name: fmt.Sprintf("Office %d", i)}, w.began)
		if err != nil {
			return err
		}
		w.offices = append(w.offices, office)
		var team []access.Subject
		for k := range max(1, share(people, i)/perWorker) {
			s, err := user(fmt.Sprintf("worker.%d.%d", i, k), "caseworker", w.orgs[0], office, false)
			if err != nil {
				return err
			}
			team = append(team, s)
		}
		w.workers = append(w.workers, team)
	}
	w.Office = w.offices[0]
	if _, err := user("supervisor", "supervisor", w.orgs[0], w.Office, true); err != nil {
		return err
	}
	for i, org := range w.orgs[1:] {
		office, err := access.CreateOffice(tx, access.NewOffice{Org: org, Code: fmt.Sprintf("shelter-%d", i), Name: fmt.Sprintf("Shelter %d", i)}, w.began)
		if err != nil {
			return err
		}
		if i == 0 {
			if _, err := user("shelter", "shelter_manager", org, office, true); err != nil {
				return err
			}
		}
	}
	var err error
	if w.keeper, err = user("keeper", "administrator", w.orgs[0], w.Office, false); err != nil {
		return err
	}
	enumerator, err := user("enumerator", "enumerator", w.orgs[0], w.Office, false)
	if err != nil {
		return err
	}
	_, w.Token, err = n.SignIn.NewDevice(tx, enumerator.User, w.Office, "telephone")
	return err
}

// share is how many of the people belong to an office.
func share(people, office int) int {
	first := int(large * float64(people))
	if office == 0 {
		return first
	}
	return (people - first) / (offices - 1)
}
