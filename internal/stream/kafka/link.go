package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/relais-archive/relais/internal/stream"
	kafka "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// Link says how to reach the brokers safely; its zero value is in clear and without
// an account. Files are read by Open.
type Link struct {
	TLS  bool   // implied by the files
	CA   string // file of the authorities to trust, PEM; the system's when empty
	Cert string // file of the client's certificate, PEM
	Key  string // file of its key, PEM

	// User, when not empty, logs in with Password by Mechanism: "plain",
	// "scram-sha-256" or "scram-sha-512", which an empty one stands for. Off loopback
	// this wants TLS, whatever the mechanism: SCRAM in clear hides the password from
	// listeners, and protects nothing that follows.
	User, Password, Mechanism string
}

// ParseURL reads kafka://host:port,host:port and the options tls, ca, cert, key, sasl,
// user, partitions, replicas and accept-loss (see [Options]), as in
//
//	kafka://a.example:9093,b.example:9093?ca=/etc/relais/ca.pem&user=relais&replicas=3
//
// A password, an option it does not know and a broker without a port are errors: a
// URL ends up in logs and in ps, and what was not understood was meant.
func ParseURL(link string) (Options, error) {
	rest, ok := strings.CutPrefix(link, "kafka://")
	hosts, query, _ := strings.Cut(rest, "?") // url.Parse takes no list of hosts
	if !ok || strings.Contains(hosts, "@") {
		// The text is not repeated: it may hold a password.
		return Options{}, errors.New("read kafka URL: want kafka://host:port,host:port, with no account before the hosts (?user=NAME)")
	}
	var opt Options
	for _, host := range strings.Split(strings.TrimSuffix(hosts, "/"), ",") {
		if name, port, err := net.SplitHostPort(host); err != nil || name == "" || port == "" {
			return Options{}, fmt.Errorf("read kafka URL: broker %q is not host:port", host)
		}
		opt.Brokers = append(opt.Brokers, host)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return Options{}, errors.New("read kafka URL: its options are not name=value&name=value")
	}
	for name, list := range values {
		if err := opt.set(name, list[len(list)-1]); err != nil {
			return Options{}, fmt.Errorf("read kafka URL: option %s: %w", name, err)
		}
	}
	return opt, nil
}

// set gives one option of a URL its value.
func (o *Options) set(name, value string) (err error) {
	texts := map[string]*string{"ca": &o.Link.CA, "cert": &o.Link.Cert, "key": &o.Link.Key, "user": &o.Link.User, "sasl": &o.Link.Mechanism}
	numbers := map[string]*int{"partitions": &o.Partitions, "replicas": &o.Replicas}
	flags := map[string]*bool{"tls": &o.Link.TLS, "accept-loss": &o.AcceptLoss}
	if p, ok := texts[name]; ok {
		*p = value
	} else if p, ok := flags[name]; ok {
		*p, err = strconv.ParseBool(value)
	} else if p, ok := numbers[name]; ok {
		if *p, err = strconv.Atoi(value); err == nil && *p < 1 {
			err = errors.New("want 1 or more")
		}
	} else {
		err = errors.New("there is no such option")
	}
	return err
}

// connect makes the two ways that the library has to a broker: one for requests, and
// one for readers.
func (o Options) connect() (*kafka.Transport, *kafka.Dialer, error) {
	secure, err := o.Link.tls()
	if err != nil {
		return nil, nil, err
	}
	login, err := o.Link.login()
	if err != nil {
		return nil, nil, err
	}
	dial := (&net.Dialer{Timeout: requestTime}).DialContext
	if login != nil && secure == nil {
		dial = onLoopback(dial)
		if i := slices.IndexFunc(o.Brokers, func(b string) bool { return !loopback(b) }); i >= 0 {
			return nil, nil, fmt.Errorf("a password wants TLS: %s is another machine", o.Brokers[i])
		}
	}
	names := make([]string, 0, 3)
	for _, topic := range stream.Topics() {
		names = append(names, o.Namespace+"."+topic)
	}
	return &kafka.Transport{
			TLS: secure, SASL: login, Dial: dial, DialTimeout: requestTime, ClientID: o.Namespace,
			MetadataTopics: names, MetadataTTL: metadataAge,
		}, &kafka.Dialer{
			TLS: secure, SASLMechanism: login, DialFunc: dial, Timeout: requestTime, ClientID: o.Namespace,
		}, nil
}

// tls gives the configuration of TLS, or nil for none.
func (l Link) tls() (*tls.Config, error) {
	if !l.TLS && l.CA == "" && l.Cert == "" && l.Key == "" {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if l.CA != "" {
		pem, err := os.ReadFile(l.CA)
		if err != nil {
			return nil, fmt.Errorf("read authorities: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read authorities: %s holds no certificate in PEM", l.CA)
		}
	}
	if l.Cert != "" || l.Key != "" {
		pair, err := tls.LoadX509KeyPair(l.Cert, l.Key)
		if err != nil {
			return nil, fmt.Errorf("read client certificate: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// login gives the way to log in, or nil for none.
func (l Link) login() (sasl.Mechanism, error) {
	if l.User == "" {
		if l.Password != "" || l.Mechanism != "" {
			return nil, errors.New("a password or a SASL mechanism wants a user")
		}
		return nil, nil
	}
	switch l.Mechanism {
	case "plain":
		return plain.Mechanism{Username: l.User, Password: l.Password}, nil
	case "scram-sha-256":
		return scram.Mechanism(scram.SHA256, l.User, l.Password)
	case "scram-sha-512", "":
		return scram.Mechanism(scram.SHA512, l.User, l.Password)
	}
	return nil, fmt.Errorf("SASL mechanism %q is neither plain, scram-sha-256 nor scram-sha-512", l.Mechanism)
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// onLoopback dials this machine only: a broker that was asked here may name others,
// and they would get the password in clear.
func onLoopback(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if !loopback(address) {
			return nil, fmt.Errorf("a password wants TLS: broker %s is another machine", address)
		}
		return dial(ctx, network, address)
	}
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// reach talks to the brokers until one answers. The library's client keeps to itself
// why none does: without this, a wrong password looks like a broker that is down.
func (l *Log) reach(ctx context.Context) error {
	var faults []error
	for _, broker := range l.opt.Brokers {
		err := l.greet(ctx, broker)
		if err == nil {
			return nil
		}
		faults = append(faults, fmt.Errorf("broker %s: %w", broker, err))
	}
	return l.fail(ctx, "reach a broker", errors.Join(faults...))
}

func (l *Log) greet(ctx context.Context, broker string) error {
	conn, err := l.dialer.DialContext(ctx, "tcp", broker)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // nothing was left to send
	if err := conn.SetDeadline(time.Now().Add(requestTime)); err != nil {
		return err
	}
	_, err = conn.Brokers() // TLS tells only now that it wanted a certificate
	return err
}

// denied tells whether an error is one that only the operator of the brokers, or of
// this program's account, can mend.
func denied(err error) bool {
	var cert *tls.CertificateVerificationError
	var plain tls.RecordHeaderError // the broker speaks no TLS there
	var alert *net.OpError          // how crypto/tls gives what the other side found wrong
	if errors.As(err, &cert) || errors.As(err, &plain) || errors.As(err, &alert) && alert.Op == "remote error" {
		return true
	}
	for _, e := range []kafka.Error{
		kafka.SASLAuthenticationFailed, kafka.UnsupportedSASLMechanism, kafka.TopicAuthorizationFailed,
		kafka.GroupAuthorizationFailed, kafka.ClusterAuthorizationFailed, kafka.PolicyViolation,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
