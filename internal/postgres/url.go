package postgres

import (
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/relais-archive/relais/internal/relais"
)

const opURL = "read database URL"

// passwordFrom says where a password may come from: a URL stands in the list of
// processes, in shell histories and in logs.
const passwordFrom = "the password is taken from PGPASSWORD, from the file named by PGPASSFILE (or ~/.pgpass), " +
	"or replaced by a client certificate (sslcert, sslkey)"

// Check tells whether a URL names a database as [Open] expects it, without connecting. The
// error is of relais.KindInvalid.
func Check(database string) error {
	_, err := parse(database)
	return err
}

// parse reads postgres://user@host:port/database?sslmode=…, with the parameters of
// libpq (PostgreSQL's manual, section 34.1.2). A password in it is refused. Off this
// machine the server's certificate and name are verified unless sslmode is given.
func parse(database string) (*pgx.ConnConfig, error) {
	u, err := url.Parse(database)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		// Not quoted: whoever wrote it wrongly may have put a password in it.
		return nil, relais.WithHint(relais.Errorf(relais.KindInvalid, opURL, "it is no URL of PostgreSQL"),
			"write it as postgres://user@host:5432/database")
	}
	query := u.Query()
	if _, ok := u.User.Password(); ok || query.Has("password") || query.Has("sslpassword") {
		return nil, relais.WithHint(relais.Errorf(relais.KindInvalid, opURL, "it holds a password"), "leave it out: "+passwordFrom)
	}
	config, err := pgx.ParseConfig(u.String())
	if err == nil && !query.Has("sslmode") && !local(config) {
		query.Set("sslmode", "verify-full")
		u.RawQuery = query.Encode()
		config, err = pgx.ParseConfig(u.String())
	}
	if err != nil {
		return nil, relais.E(relais.KindInvalid, opURL, err)
	}
	return config, nil
}

// local tells whether every host that may be tried is on this machine.
func local(config *pgx.ConnConfig) bool {
	if !loopback(config.Host) {
		return false
	}
	for _, f := range config.Fallbacks {
		if !loopback(f.Host) {
			return false
		}
	}
	return true
}

// loopback knows sockets of the file system by their slash, as libpq does.
func loopback(host string) bool {
	if host == "localhost" || strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// How soon a silent peer is given up. The program must notice before the server does: by
// the time the server releases the locks it held, its work must have ended.
const (
	connectTimeout  = 10 * time.Second
	clientIdle      = 10 * time.Second // and three probes, 5 s apart
	serverKeepalive = "20"             // seconds, and three probes, 10 s apart
)

// session sets what every connection of ours relies on, whatever the defaults of
// the server, the database or the role are.
func session(config *pgx.ConnConfig, schema string, idle time.Duration) {
	config.ConnectTimeout = connectTimeout
	config.DialFunc = (&net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: clientIdle, Interval: 5 * time.Second, Count: 3},
	}).DialContext
	for name, value := range map[string]string{
		"application_name":              "relais/" + schema, // names the archive in pg_stat_activity
		"search_path":                   pgx.Identifier{schema}.Sanitize(),
		"synchronous_commit":            "on", // acknowledged is durable
		"default_transaction_isolation": "read committed",
		"tcp_keepalives_idle":           serverKeepalive,
		"tcp_keepalives_interval":       "10",
		"tcp_keepalives_count":          "3",
		// A process that stalls in mid-transaction holds up all others.
		"idle_in_transaction_session_timeout": strconv.FormatInt(idle.Milliseconds(), 10),
	} {
		config.RuntimeParams[name] = value
	}
}
