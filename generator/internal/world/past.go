package world

import (
	"context"
	"slices"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/store"
)

// Past is a store that can be told at once what happened.
type Past interface {
	Replay(ctx context.Context, happened []store.Happened) error
}

// together is about how many things are told to a store at once.
const together = 50_000

// Tell tells a store all that happens in the world.
func (w World) Tell(ctx context.Context, to Past) error {
	var happened []store.Happened
	for d := range w.All() {
		happened = append(happened, w.happened(d)...)
		if len(happened) < together {
			continue
		}
		if err := to.Replay(ctx, happened); err != nil {
			return err
		}
		happened = happened[:0]
	}
	return to.Replay(ctx, happened)
}

// happened is a day as a store takes it. What a reader does stays together: of
// two readers it does not matter who was first.
func (w World) happened(d Day) []store.Happened {
	var out []store.Happened
	for i := range d.Readers {
		r := &d.Readers[i]
		visitor := r.Visitor()
		view := func(path, revision string, isPost bool, reading Reading) {
			if r.Blocks {
				return
			}
			e := &store.Event{At: reading.At, Post: path, Step: funnel.PageView, Visitor: visitor, Revision: revision, IsPost: isPost, Origin: r.Origin}
			for range reading.Views {
				out = append(out, store.Happened{Event: e})
			}
		}
		if r.Home {
			view(w.Home, "", false, Reading{At: r.At, Views: 1})
		}
		for _, x := range r.Reads {
			view(x.Post.Path, x.Post.Revision, true, x)
			if x.Sees && !r.Blocks {
				out = append(out, store.Happened{Event: formEvent(x, visitor, funnel.FormView)})
			}
			if x.Begins && !r.Blocks {
				out = append(out, store.Happened{Event: formEvent(x, visitor, funnel.FormStart)})
			}
			if x.Sends != nil {
				out = append(out, store.Happened{Card: card(x, visitor)})
			}
		}
	}
	for _, c := range d.Confirmations {
		out = append(out, store.Happened{Confirmation: &store.Confirmation{Email: c.Person.Email, Form: c.Form, At: c.At}})
	}
	for _, s := range d.Steps {
		e := store.Entry{At: s.At, Stage: s.Stage}
		if s.Value > 0 {
			e.Value = &s.Value
		}
		out = append(out, store.Happened{Sale: &store.Sale{Email: s.Person.Email, Stages: slices.Clone(w.Stages), Entry: e}})
	}
	return out
}

func formEvent(x Reading, visitor []byte, step funnel.Step) *store.Event {
	return &store.Event{At: x.At, Post: x.Post.Path, Form: x.Post.Form, Placement: "end", Step: step, Visitor: visitor, Revision: x.Post.Revision, IsPost: true}
}

func card(x Reading, visitor []byte) *store.Submission {
	return &store.Submission{
		At: x.At, Post: x.Post.Path, Form: x.Post.Form, Placement: "end", Revision: x.Post.Revision, Email: x.Sends.Email, Visitor: visitor,
		Fields: []form.Answer{{Name: "email", Value: x.Sends.Email}, {Name: "first_name", Value: x.Sends.First}, {Name: "last_name", Value: x.Sends.Last}},
	}
}
