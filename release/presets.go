package release

import (
	"context"

	"aman/platform/access"
	"aman/platform/store"
	"aman/release/synth"
)

// Presets predicts how far off the counts of a release with noise would be under each of several epsilons: the mean |error| of a
// count of ten or more, by length. No record is read: the prediction is from the synthetic rows of the last release of the
// same file, or from invented ones. It takes about as long as as many plans.
func (s *Service) Presets(ctx context.Context, sub access.Subject, ask Ask, epsilons []float64) (out [][]float64, err error) {
	ask.Path = PathDP
	if ask.Epsilon == 0 {
		ask.Epsilon = 1 // any will do: each is replaced below
	}
	register, _, err := s.checked(ask)
	if err != nil {
		return nil, err
	}
	r := &Request{Org: sub.Org, Owner: sub.User, State: Draft, Population: register + "/" + sub.Org, Ask: ask}
	if err := s.allowed(sub, move("plan"), r); err != nil {
		return nil, err
	}
	var l *layout
	var standIn *synth.Table
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		if l, err = s.lay(tx, sub, ask); err != nil {
			return err
		}
		standIn, _, err = s.standIn(tx, r, l)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, epsilon := range epsilons {
		ask.Epsilon = epsilon
		p := Plan{}
		if err := predict(ctx, &p, ask, l.domain(), standIn); err != nil {
			return nil, err
		}
		out = append(out, p.Predicted)
	}
	return out, nil
}
