package relais

import "time"

// TokenRecord is what is kept of a bearer token: never the token itself.
type TokenRecord struct {
	Hash    Digest    `json:"hash"` // SHA-256 of the token's plain text
	Name    string    `json:"name"` // what its maker called it
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
}
