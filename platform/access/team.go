package access

import (
	"database/sql"
	"errors"
	"math"
	"time"

	"aman/platform/store"
)

// Why somebody is in the team of a case. Callers may use other words; these are known here.
const (
	WhyOwner      = "owner"
	WhyTeam       = "team"
	WhyBreakGlass = "break_glass"
)

// BreakGlassMost is the longest that broken glass stays open.
const BreakGlassMost = 24 * time.Hour

// Faults of teams and shares.
var (
	ErrReason  = errors.New("a reason of at least 10 characters is needed")
	ErrLimit   = errors.New("the time limit must be more than nothing and at most 24 hours")
	ErrCase    = errors.New("a case and its person are needed")
	ErrConsent = errors.New("a share rests on a consent")
	ErrPeriod  = errors.New("it must end after it begins")
)

// Member is one reason for one user to be in the team of one case.
type Member struct {
	Case, Person, User string
	Why, Reason        string
	Since, Until       time.Time // until the zero time: no end
}

// SharedGroup opens one group of properties of one case to one organisation.
type SharedGroup struct {
	ID           string // empty: a new one is made
	Case, Person string
	Org          string
	Office       string // only for this office of Org; empty: the whole organisation
	Group        string
	Consent      string
	Referral     string // the referral it belongs to, if any
	Since, Until time.Time
}

// forever is the stored end of what has no end.
const forever = math.MaxInt64

func end(t time.Time) int64 {
	if t.IsZero() {
		return forever
	}
	return store.Micros(t)
}

// JoinTeam puts a user into the team of a case; again with the same Why replaces it.
// Whoever opens or takes over a case joins its team with WhyOwner.
func JoinTeam(tx *store.Tx, m Member) error {
	if m.Case == "" || m.Person == "" {
		return ErrCase
	}
	if m.Why == "" {
		return ErrReason
	}
	since, until := store.Micros(m.Since), end(m.Until)
	if until <= since {
		return ErrPeriod
	}
	if err := exists(tx, ErrUser, "SELECT 1 FROM users WHERE id = ?", m.User); err != nil {
		return err
	}
	_, err := tx.Exec(`INSERT INTO case_team (case_id, person_id, user_id, why, reason, since, until) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (case_id, user_id, why) DO UPDATE SET person_id = excluded.person_id, reason = excluded.reason, since = excluded.since, until = excluded.until`,
		m.Case, m.Person, m.User, m.Why, m.Reason, since, until)
	return err
}

// LeaveTeam ends every membership of the user in the team of the case, broken glass included,
// and says how many it ended.
func LeaveTeam(tx *store.Tx, caseID, user string, at time.Time) (int64, error) {
	now := store.Micros(at)
	return tx.Exec("UPDATE case_team SET until = ? WHERE case_id = ? AND user_id = ? AND until > ?", now, caseID, user, now)
}

// JoinByBreakGlass lets the subject into the team of a case for a limited time. The caller has
// asked Require(BreakGlass), keeps the reason, sealed, since it can name the person, writes the
// audit entry and tells the supervisor.
func JoinByBreakGlass(tx *store.Tx, s Subject, caseID, person, reason string, limit time.Duration) error {
	if len([]rune(reason)) < 10 {
		return ErrReason
	}
	if limit <= 0 || limit > BreakGlassMost {
		return ErrLimit
	}
	return JoinTeam(tx, Member{Case: caseID, Person: person, User: s.User, Why: WhyBreakGlass, Since: s.At, Until: s.At.Add(limit)})
}

// TeamOf lists who is in the team of a case at a moment, by when they joined.
func TeamOf(tx *store.Tx, caseID string, at time.Time) ([]Member, error) {
	now := store.Micros(at)
	return store.All(tx, func(r *sql.Rows) (Member, error) {
		m := Member{Case: caseID}
		var since, until int64
		err := r.Scan(&m.Person, &m.User, &m.Why, &m.Reason, &since, &until)
		m.Since, m.Until = store.Time(since), endTime(until)
		return m, err
	}, "SELECT person_id, user_id, why, reason, since, until FROM case_team WHERE case_id = ? AND since <= ? AND until > ? ORDER BY since, user_id, why",
		caseID, now, now)
}

func endTime(us int64) time.Time {
	if us == forever {
		return time.Time{}
	}
	return store.Time(us)
}

// MovePerson moves teams and shares of a case to another person, after records were merged.
func MovePerson(tx *store.Tx, caseID, person string) error {
	for _, table := range []string{"case_team", "shares"} {
		if _, err := tx.Exec("UPDATE "+table+" SET person_id = ? WHERE case_id = ?", person, caseID); err != nil {
			return err
		}
	}
	return nil
}

// GrantShare opens a share and gives its id.
func GrantShare(tx *store.Tx, sh SharedGroup) (string, error) {
	since, until := store.Micros(sh.Since), end(sh.Until)
	switch {
	case sh.Case == "" || sh.Person == "":
		return "", ErrCase
	case sh.Consent == "":
		return "", ErrConsent
	case sh.Group == "":
		return "", errors.New("a share names the group of properties it opens")
	case until <= since:
		return "", ErrPeriod
	}
	if err := exists(tx, ErrOrg, "SELECT 1 FROM orgs WHERE id = ?", sh.Org); err != nil {
		return "", err
	}
	if sh.Office != "" {
		if err := exists(tx, ErrOffice, "SELECT 1 FROM offices WHERE id = ? AND org = ?", sh.Office, sh.Org); err != nil {
			return "", err
		}
	}
	id := idOr(sh.ID)
	_, err := tx.Exec(`INSERT INTO shares (id, case_id, person_id, org, office, grp, consent_id, referral_id, since, until, ended_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)`,
		id, sh.Case, sh.Person, sh.Org, sh.Office, sh.Group, sh.Consent, sh.Referral, since, until)
	return id, err
}

// EndShares ends every share that rests on a consent, and gives the organisations that
// could see something until now: they are to be told.
func EndShares(tx *store.Tx, consent string, at time.Time) (orgs []string, err error) {
	return endShares(tx, "consent_id", consent, at)
}

// EndSharesOfReferral ends the shares that a referral opened: it was declined or is done.
func EndSharesOfReferral(tx *store.Tx, referral string, at time.Time) (orgs []string, err error) {
	return endShares(tx, "referral_id", referral, at)
}

// EndSharesOfPerson ends every share about a person: she is erased.
func EndSharesOfPerson(tx *store.Tx, person string, at time.Time) (orgs []string, err error) {
	return endShares(tx, "person_id", person, at)
}

func endShares(tx *store.Tx, column, id string, at time.Time) ([]string, error) {
	if id == "" {
		return nil, errors.New("which shares to end is not said")
	}
	now := store.Micros(at)
	orgs, err := tx.Strings("SELECT DISTINCT org FROM shares WHERE "+column+" = ? AND ended_at = 0 AND until > ? ORDER BY org", id, now)
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec("UPDATE shares SET ended_at = ? WHERE "+column+" = ? AND ended_at = 0", now, id)
	return orgs, err
}

// SharesOf lists the shares of a case that are active at a moment.
func SharesOf(tx *store.Tx, caseID string, at time.Time) ([]SharedGroup, error) {
	now := store.Micros(at)
	return store.All(tx, func(r *sql.Rows) (SharedGroup, error) {
		sh := SharedGroup{Case: caseID}
		var since, until int64
		err := r.Scan(&sh.ID, &sh.Person, &sh.Org, &sh.Office, &sh.Group, &sh.Consent, &sh.Referral, &since, &until)
		sh.Since, sh.Until = store.Time(since), endTime(until)
		return sh, err
	}, `SELECT id, person_id, org, office, grp, consent_id, referral_id, since, until FROM shares
		WHERE case_id = ? AND ended_at = 0 AND since <= ? AND until > ? ORDER BY org, grp, id`, caseID, now, now)
}
