package relais

import "time"

// TokenRecord is what is kept of a bearer token: never the token itself.
type TokenRecord struct {
	Hash    Digest    `json:"hash"` // SHA-256 of the token's plain text
	Name    string    `json:"name"` // what its maker called it
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
}

// TokenView is a token as lists show it.
type TokenView struct {
	ID      string    `json:"id"` // names it in `relais token revoke`; no secret
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	Live    bool      `json:"live"` // neither expired nor revoked
}
