package answer

import (
	"cmp"
	"container/heap"
	"slices"
)

// mostReadings is how many readings of one question are counted.
const mostReadings = 200

// readings gives the likeliest readings of a question, that of the least cost first: each
// takes one option of each unit. A reading without anything left is none.
func readings(list []unit) []chosen {
	for i := range list {
		slices.SortStableFunc(list[i].options, func(a, b option) int { return cmp.Compare(a.cost, b.cost) })
		if len(list[i].options) == 0 {
			return nil
		}
	}
	queue := &byCost{{at: make([]int, len(list))}}
	(*queue)[0].cost = costOf(list, (*queue)[0].at)
	var found []chosen
	for queue.Len() > 0 && len(found) < mostReadings {
		next := heap.Pop(queue).(chosen)
		if next.text = textOf(list, next.at); next.text != "" {
			found = append(found, next)
		}
		for i := next.from; i < len(list); i++ {
			if next.at[i]+1 == len(list[i].options) {
				continue
			}
			other := chosen{at: slices.Clone(next.at), from: i}
			other.at[i]++
			other.cost = costOf(list, other.at)
			heap.Push(queue, other)
		}
	}
	return found
}

// chosen is one reading: which option of each unit it takes. Those after it that differ
// from a position on only are made from it, so that each comes once.
type chosen struct {
	at    []int
	from  int
	cost  int
	text  string // in the query language
	count int
}

func costOf(list []unit, at []int) int {
	cost := 0
	for i, n := range at {
		cost += list[i].options[n].cost
	}
	return cost
}

func textOf(list []unit, at []int) string {
	texts := make([]string, len(at))
	for i, n := range at {
		texts[i] = list[i].options[n].text
	}
	return sideBySide(texts)
}

// within tells a reading that only leaves more out than another: whoever wants it goes on
// from the other.
func (c chosen) within(list []unit, other chosen) bool {
	for i := range list {
		mine, theirs := list[i].options[c.at[i]], list[i].options[other.at[i]]
		if mine.text != "" && mine.text != theirs.text {
			return false
		}
	}
	return true
}

// adds tells a reading that changes all that another does, and more.
func (c chosen) adds(list []unit, other chosen) bool {
	for i := range list {
		if theirs := list[i].options[other.at[i]]; theirs.code != "" && c.at[i] != other.at[i] {
			return false
		}
	}
	return true
}

// leavesOut tells a reading without some unit.
func (c chosen) leavesOut(list []unit) bool {
	for i, n := range c.at {
		if list[i].options[n].text == "" {
			return true
		}
	}
	return false
}

// byCost is a heap of readings.
type byCost []chosen

// Len, Less, Swap, Push and Pop are for package heap.
func (q byCost) Len() int           { return len(q) }
func (q byCost) Less(i, j int) bool { return q[i].cost < q[j].cost }
func (q byCost) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *byCost) Push(v any)        { *q = append(*q, v.(chosen)) }

// Pop takes the last off.
func (q *byCost) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
