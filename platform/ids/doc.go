// Package ids makes the two kinds of name that a record carries.
//
//   - An id ([New], [Parse], [Time]) is a UUID version 7, for machines. Ids made by one process sort in
//     the order in which they were made, so an index on them grows at its end.
//   - A case code ([NewCode], [ParseCode]) is for people: short, safe to read over a telephone, checked
//     for slips of the tongue and the keyboard, for example 7KQ4-XM2P-V.
//
// # What each of them gives away
//
// An id holds the millisecond at which it was made. Ids are therefore for inside: a list, a release or a
// message that must not tell when a person came must not carry them. A code holds nothing but chance: no
// date, place, nationality, sex, counter or office can be read from it, and two codes given one after the
// other have nothing in common. A code is still not a secret. Knowing one must never open a case.
//
// # The code
//
// Eight symbols of Douglas Crockford's base 32 (https://www.crockford.com/base32.html: digits and capital
// letters without I, L, O, U) and a ninth that checks them, written 4-4-1. Reading is tolerant: either
// case, O for 0, I or L for 1, any spacing and dashes, and the digits of Urdu, Persian, Arabic and Bengali
// keyboards.
//
// Crockford's own check symbol counts modulo 37 and so needs the signs * ~ $ =, which nobody can say on a
// telephone. Here the symbols are numbers of the field GF(32) and the nine of them, weighted by
// successive powers of a generator, add up to zero: a Reed-Solomon code with one check symbol (I. S. Reed
// and G. Solomon, Polynomial codes over certain finite fields, J. SIAM 8, 1960). That catches every wrong
// symbol, every swap of two symbols wherever they stand, and every doubled symbol heard as another double
// (the error classes of J. Verhoeff, Error detecting decimal codes, 1969). Of random rubbish of the right
// length it lets one in 32 through.
//
// # How many
//
// Codes that could spell a word are not given out (see [NewCode]); about 4.8e11 remain. A store keeps the
// column unique and asks again when a code is taken ([NewCodeUnless] does the asking). Nodes that work
// apart cannot ask each other: with n cases in all, about n*n/1e12 pairs will meet when they join, that
// is 0.01 among a hundred thousand and 1 among a million. The store that joins them must be ready to
// give the later case a new code.
package ids
