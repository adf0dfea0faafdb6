// Package kafka answers one question: how do several machines share the log? It is
// the distributed twin of package stream, on Apache Kafka (3.x and 4.x) through
// segmentio/kafka-go, which nothing else of the program imports.
//
// The number of a topic's partitions is fixed when it is made; a record goes to the partition given by the
// murmur2 hash of its key, as with Java's partitioner, or of its Together. Changing either takes a new
// namespace, filled from the start. Records carry the broker's time of the append, never a mail's own
// date.
//
// Kafka deletes readily: topics by hand, records by age, and it makes an empty topic where
// a client asks for one that is gone. So a topic is made only when the caller says that
// there is none yet, its settings are checked and mended at every Open, and its beginning,
// its end and the positions of its readers are watched: where one has fallen back, that is
// [stream.ErrLost].
//
// No transactions and no idempotent producer are used: what is promised is at least
// once. Brokers forget the positions of a group that has been away for long (seven
// days unless offsets.retention.minutes says otherwise; Check tells); such a group
// starts again at the beginning, which costs time and changes nothing.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	kafka "github.com/segmentio/kafka-go"

	"github.com/relais-archive/relais/internal/stream"
)

// Options say where the brokers are and how topics are made.
type Options struct {
	Brokers   []string // host:port; one that answers is enough
	Link      Link
	Namespace string // prefixes topics and groups; "relais" when empty
	// Partitions is how many a topic gets when it is made, 8 when 0. A topic that
	// exists with another number is an error, unless this is 0.
	Partitions int
	Replicas   int // of a topic when it is made; the broker's default when 0

	// Create makes the topics that are not there. It is for an archive that is being
	// made, and for one whose loss has been seen and is being repaired; otherwise a
	// topic that is not there is ErrLost.
	Create bool
	// Held is how many records each topic has taken in its life, at least, as far as the
	// caller remembers: a topic that ends before that has been recreated, and is ErrLost.
	// Nil asks for no such check.
	Held map[string]int64
	// AcceptLoss goes on with what is left of a topic whose records were deleted in
	// part, once its operator knows. A loss is then told to Notice.
	AcceptLoss bool
	// Notice, when set, is told in a sentence what was found wrong with a topic and
	// mended, or accepted. Callers log it as a warning.
	Notice func(text string)
}

const (
	defaultPartitions = 8
	// requestTime bounds one question to a broker.
	requestTime = 9 * time.Second
	// metadataAge is how old the library's knowledge of leaders may become.
	metadataAge = 2 * time.Second
	// writeAttempts is how often the library sends a batch before Append fails: with
	// its pauses of up to a second, a change of leaders goes unnoticed.
	writeAttempts = 5
	// writePause is how long a batch to a partition waits for more: Append gives all it
	// has at once, so that more would only come from others.
	writePause = time.Millisecond
	// maxBatch is the largest request to a partition: one record at its limits, with
	// room for headers. maxMessage is what topics accept, above the broker's 1 MB.
	maxBatch   = stream.MaxKey + stream.MaxValue + 16<<10
	maxMessage = 2 << 20
)

// Log is a log on Kafka. It is safe for concurrent use.
type Log struct {
	opt        Options
	client     *kafka.Client
	transport  *kafka.Transport
	dialer     *kafka.Dialer
	writer     *kafka.Writer
	partitions map[string]int // by topic; set by Open
	silence    time.Duration  // firstSilence, less in tests

	life context.Context // ends with Close
	end  context.CancelFunc

	mu    sync.Mutex
	seen  map[string]stream.Position // by topic: where it was seen to end, at least
	acked map[string]stream.Position // by topic: after what this log has appended itself
	gone  map[string]error           // by topic: that appended records are gone
}

var _ stream.Log = (*Log)(nil)

// Open connects to the brokers, makes the topics where Options say so, and checks
// and mends their settings. Errors are ErrUnavailable, with ErrDenied where it is the
// account, its rights or TLS, ErrLost, and plain ones for options that make no sense.
func Open(ctx context.Context, opt Options) (*Log, error) {
	if opt.Namespace == "" {
		opt.Namespace = "relais"
	}
	if len(opt.Brokers) == 0 {
		return nil, errors.New("open kafka: no broker is named")
	}
	transport, dialer, err := opt.connect()
	if err != nil {
		return nil, fmt.Errorf("open kafka: %w", err)
	}
	l := &Log{
		opt: opt, transport: transport, dialer: dialer, silence: firstSilence, partitions: map[string]int{},
		seen: map[string]stream.Position{}, acked: map[string]stream.Position{}, gone: map[string]error{},
	}
	l.client = &kafka.Client{Addr: kafka.TCP(opt.Brokers...), Timeout: requestTime, Transport: l.transport}
	l.writer = &kafka.Writer{
		Addr: l.client.Addr, Transport: l.transport, Balancer: partitioner{kafka.Murmur2Balancer{Consistent: true}},
		RequiredAcks: kafka.RequireAll, MaxAttempts: writeAttempts, BatchSize: 1000, BatchBytes: maxBatch,
		BatchTimeout: writePause, Completion: l.acknowledge,
	}
	l.life, l.end = context.WithCancel(context.WithoutCancel(ctx))
	if err := l.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open kafka: %w", err), l.Close())
	}
	return l, nil
}

// name gives a topic or group its name on the broker.
func (l *Log) name(s string) string { return l.opt.Namespace + "." + s }

// Append writes records and waits for all replicas in sync: see [stream.Appender]. It is
// ErrLost when the topic is not there any more, or ends before what was appended
// earlier.
func (l *Log) Append(ctx context.Context, topic string, records []stream.Record) error {
	if err := stream.CheckAppend(topic, records); err != nil {
		return err
	}
	messages := make([]kafka.Message, len(records))
	for i, r := range records {
		messages[i] = kafka.Message{Topic: l.name(topic), Key: []byte(r.Key), Value: r.Value, WriterData: r.Together}
		if len(r.Value) == 0 {
			messages[i].Value = nil // what the broker takes for a tombstone
		}
	}
	err := flatten(l.writer.WriteMessages(ctx, messages...))
	var large kafka.MessageTooLargeError
	switch {
	case errors.As(err, &large), errors.Is(err, kafka.MessageSizeTooLarge):
		return fmt.Errorf("append to %s: %w: %w", topic, stream.ErrTooLarge, err)
	case err != nil:
		return l.because(ctx, "append to "+topic, topic, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gone[topic]
}

// partitioner hashes what stands together like a key.
type partitioner struct{ kafka.Murmur2Balancer }

// Balance chooses one of the partitions for a message.
func (p partitioner) Balance(m kafka.Message, partitions ...int) int {
	if together, ok := m.WriterData.(string); ok && together != "" {
		m.Key = []byte(together)
	}
	return p.Murmur2Balancer.Balance(m, partitions...)
}

// flatten lets errors.Is see the errors of single records.
func flatten(err error) error {
	var each kafka.WriteErrors
	if !errors.As(err, &each) {
		return err
	}
	for _, e := range each {
		if e != nil {
			return fmt.Errorf("%d of %d records: %w", each.Count(), len(each), e)
		}
	}
	return err
}

// Compact does nothing: the broker compacts.
func (l *Log) Compact(ctx context.Context, topic string) error {
	if err := stream.CheckTopic(topic); err != nil {
		return err
	}
	return l.fail(ctx, "compact", context.Cause(l.life))
}

// Close ends the runs and the connections.
func (l *Log) Close() error {
	l.end()
	err := l.writer.Close()
	l.transport.CloseIdleConnections()
	return err
}

// Partitions gives how many partitions each topic has.
func (l *Log) Partitions() map[string]int { return maps.Clone(l.partitions) }

// fail gives an error of a broker its place among those of package stream.
func (l *Log) fail(ctx context.Context, op string, err error) error {
	if errors.Is(err, stream.ErrLost) {
		return err
	}
	if denied(err) {
		err = fmt.Errorf("%w: %w", stream.ErrDenied, err)
	}
	return stream.Fault(ctx, op, err, l.life.Err() != nil)
}

func (l *Log) notice(format string, args ...any) {
	if l.opt.Notice != nil {
		l.opt.Notice(fmt.Sprintf(format, args...))
	}
}
