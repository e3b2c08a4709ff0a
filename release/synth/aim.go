package synth

import "aman/release/dp"

func (e *engine) adaptive(rho dp.Rho) (*model, error) { panic("soon") }
