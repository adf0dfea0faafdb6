package ingest

import (
	"context"
	"sync"
)

const (
	readers   = 3 // that prepare at once
	readAhead = 8 // prepared and not yet handed out
)

// ahead prepares inputs several at once and hands the results on one by one, in the order
// of the inputs. It returns when all is done or use has failed; prepared results that are
// not used are discarded.
func ahead[In, Out any](ctx context.Context, inputs []In, prepare func(context.Context, In) Out,
	discard func(Out), use func(Out) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var owned sync.WaitGroup
	order := make(chan chan Out, readAhead) // one result each, in order
	free := make(chan struct{}, readers)
	owned.Go(func() {
		defer close(order)
		for _, in := range inputs {
			result := make(chan Out, 1)
			select {
			case order <- result:
			case <-ctx.Done():
				return
			}
			free <- struct{}{}
			owned.Go(func() {
				result <- prepare(ctx, in)
				<-free
			})
		}
	})
	err := error(nil)
	for result := range order {
		out := <-result
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			discard(out)
			continue
		}
		if err = use(out); err != nil {
			cancel()
		}
	}
	cancel()
	owned.Wait()
	return err
}
