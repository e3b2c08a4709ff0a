package casework

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/goccy/go-yaml"

	_ "time/tzdata" // zones on machines that have none
)

// Practice is how a programme works: content of a pack (practice.yaml), not of the engine.
type Practice struct {
	// Zone is where people work; the dates they write are dates there.
	Zone *time.Location `yaml:"-"`
	// ZoneName is its name, Asia/Karachi.
	ZoneName string `yaml:"zone"`
	// Risks holds the contact norm of each code of the list risk_level.
	Risks map[string]Norm `yaml:"risks"`
	// DefaultRisk is that of a case opened without one.
	DefaultRisk string `yaml:"default_risk"`
	// ReviewDays is when the plan of a case is looked at again.
	ReviewDays int `yaml:"review_days"`
	// FollowUpMonths is when somebody looks after a closed case.
	FollowUpMonths int `yaml:"follow_up_months"`
	// AnswerHours is how long a receiver has, by urgency of the referral.
	AnswerHours map[string]int `yaml:"answer_hours"`
	// CaseloadMost is how many active cases one worker should have at most.
	CaseloadMost int `yaml:"caseload_most"`
}

// Norm is how soon a person is first contacted and how often afterwards.
type Norm struct {
	FirstDays int `yaml:"first_days"`
	EveryDays int `yaml:"every_days"`
}

// LoadPractice reads practice.yaml of the last pack that has one.
func LoadPractice(packs ...fs.FS) (Practice, error) {
	var p Practice
	found := false
	for _, pack := range packs {
		body, err := fs.ReadFile(pack, "practice.yaml")
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return p, err
		}
		if err := yaml.UnmarshalWithOptions(body, &p, yaml.Strict()); err != nil {
			return p, fmt.Errorf("practice.yaml: %w", err)
		}
		found = true
	}
	if !found {
		return p, errors.New("no pack has a practice.yaml: it names the time zone and the contact norms")
	}
	zone, err := time.LoadLocation(p.ZoneName)
	if err != nil {
		return p, fmt.Errorf("practice.yaml: zone: %w", err)
	}
	p.Zone = zone
	if p.Risks[p.DefaultRisk].EveryDays == 0 {
		return p, fmt.Errorf("practice.yaml: default_risk %q is none of risks", p.DefaultRisk)
	}
	return p, nil
}
