// Package casework is what a caseworker does for a person: open a case from an
// interview, record consent, write down the journey, decide under a standard, plan,
// refer, follow up, close, and erase when the person asks.
//
// Every act is a submission (package forms) whose writes change registers (package
// registry); this package holds the rules of the acts and no storage of its own. Who
// may do what is asked of package access by the registers themselves.
//
// The rules, each with a test that fails without it:
//
//   - An interview becomes a case once; a second caseworker is told so.
//   - A consent is per purpose and receiver; nothing is shared without one, nor more
//     groups than it names, nor after its end. Withdrawal ends the shares that rest on
//     it, ends the open referrals, and tells the receiver.
//   - A decision keeps the finding it was made on. A decision that differs from the
//     standard's result needs reasons. A negative needs a second reviewer, who is
//     somebody else, and never ends help that is based on need.
//   - A receiver sees the need before it accepts and what the consent names afterwards.
//   - A referral ends with an outcome; the planned service takes it over.
//   - Return is not planned for a person who fears it.
//   - Erasure is verified by somebody outside the case team, destroys the person's key
//     and every look-up value, ends all shares; a court hold stops it and says so.
package casework
