package ui

// Timeline is how many documents there are over time: months, or years where there
// are too many months. It is drawn as bars, and told as a sentence and a table.
type Timeline struct {
	Bars []Bar // ascending, without gaps
	Peak int   // the highest count
}

// Bar is one month (2021-03) or year (2021).
type Bar struct {
	Period string
	Count  int
	Link   string
	X, Y   int // in the drawing
	Width  int
	Height int
}

// The drawing is in units of its own; the style sheet gives it a size.
const (
	step   = 10 // from bar to bar
	gap    = 2
	height = 60
)

// NewTimeline lays out bars.
func NewTimeline(bars []Bar) Timeline {
	t := Timeline{Bars: bars}
	for _, b := range bars {
		t.Peak = max(t.Peak, b.Count)
	}
	for i := range bars {
		b := &bars[i]
		b.X, b.Width = i*step+gap/2, step-gap
		if b.Count > 0 {
			b.Height = max(height*b.Count/t.Peak, 2) // what is there shows
		}
		b.Y = height - b.Height
	}
	return t
}

// Width of the drawing.
func (t Timeline) Width() int { return len(t.Bars) * step }

// Height of the drawing.
func (t Timeline) Height() int { return height }

// First is the first period.
func (t Timeline) First() Bar { return t.Bars[0] }

// Last is the last period.
func (t Timeline) Last() Bar { return t.Bars[len(t.Bars)-1] }

// Top is the period with the most documents, the first of several.
func (t Timeline) Top() Bar {
	for _, b := range t.Bars {
		if b.Count == t.Peak {
			return b
		}
	}
	return Bar{}
}
