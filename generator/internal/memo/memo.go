package memo

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
)

// Memo holds results between builds. The zero value is not ready; use New. It
// may be used from several goroutines.
type Memo struct {
	mu         sync.Mutex
	entries    map[name]entry
	generation int
	runs       map[string]int
	verify     bool
	mismatches []string
}

type name struct {
	stage  string
	recipe Digest
}

type entry struct {
	result any
	used   int // the generation that last asked for it
}

// New is an empty Memo.
func New() *Memo {
	return &Memo{entries: map[name]entry{}, runs: map[string]int{}}
}

// Do returns what compute returned for this stage and recipe before, or calls
// it now. The recipe must be the digest of everything compute can see, and the
// result must be a value nobody changes afterwards.
func Do[T any](m *Memo, stage string, recipe Digest, compute func() T) T {
	at := name{stage, recipe}
	m.mu.Lock()
	remembered, hit := m.entries[at]
	verify := m.verify
	if hit {
		remembered.used = m.generation
		m.entries[at] = remembered
	}
	m.mu.Unlock()
	if hit && !verify {
		return remembered.result.(T)
	}

	result := compute()

	m.mu.Lock()
	defer m.mu.Unlock()
	if hit {
		if Of(result) != Of(remembered.result) {
			m.mismatches = append(m.mismatches, fmt.Sprintf("%s %s", stage, recipe.Short()))
		}
		return result
	}
	m.runs[stage]++
	m.entries[at] = entry{result, m.generation}
	return result
}

// Held is Do for a result that is no plain value, such as one that points into
// itself. In verification it is computed again, and what follows from it is
// compared.
func Held[T any](m *Memo, stage string, recipe Digest, compute func() (T, error)) (T, error) {
	at := name{stage, recipe}
	m.mu.Lock()
	remembered, hit := m.entries[at]
	if hit = hit && !m.verify; hit {
		m.entries[at] = entry{remembered.result, m.generation}
	}
	m.mu.Unlock()
	if hit {
		return remembered.result.(T), nil
	}
	result, err := compute()
	if err != nil {
		return result, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries[at] = entry{result, m.generation}
	return result, nil
}

// Kept is one result of a stage, with its recipe.
type Kept[T any] struct {
	Recipe Digest
	Result T
}

// All are the results of a stage that a Sweep would keep now or kept last, by
// recipe. It panics where they are of another type.
func All[T any](m *Memo, stage string) []Kept[T] {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Kept[T]
	for at, e := range m.entries {
		if at.stage == stage {
			out = append(out, Kept[T]{at.recipe, e.result.(T)})
		}
	}
	slices.SortFunc(out, func(a, b Kept[T]) int { return slices.Compare(a.Recipe[:], b.Recipe[:]) })
	return out
}

// Fill gives a Memo results of a stage that All returned, perhaps in another
// process.
func Fill[T any](m *Memo, stage string, results []Kept[T]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range results {
		m.entries[name{stage, k.Recipe}] = entry{k.Result, m.generation - 1} // the next Sweep forgets what was not asked for
	}
}

// Runs is how often this stage was computed since the last Sweep.
func (m *Memo) Runs(stage string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.runs[stage]
}

// Sweep ends a generation: what was not asked for since the last Sweep is
// forgotten, and counting starts anew.
func (m *Memo) Sweep() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for at, e := range m.entries {
		if e.used < m.generation {
			delete(m.entries, at)
		}
	}
	m.generation++
	clear(m.runs)
}

// Fresh is a Memo that remembers nothing, and verifies where this one does.
func (m *Memo) Fresh() *Memo {
	m.mu.Lock()
	defer m.mu.Unlock()
	fresh := New()
	fresh.verify, fresh.mismatches = m.verify, m.mismatches
	return fresh
}

// Verifies tells whether a stage that remembers for itself is to compute
// everything again.
func (m *Memo) Verifies() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.verify
}

// Ran notes for a stage that remembers for itself that something was computed:
// for the first time, or once more, which same compares.
func (m *Memo) Ran(stage, what string, first bool, same func() bool) {
	mismatch := !first && !same()
	m.mu.Lock()
	defer m.mu.Unlock()
	if first {
		m.runs[stage]++
	}
	if mismatch {
		m.mismatches = append(m.mismatches, stage+" "+what)
	}
}

// Verify makes every later hit be computed again and compared.
func (m *Memo) Verify() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.verify = true
}

// Mismatches names the stages and recipes whose second result differed from the
// first, sorted. A healthy program never has one.
func (m *Memo) Mismatches() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := slices.Clone(m.mismatches)
	slices.SortFunc(out, cmp.Compare[string])
	return out
}
