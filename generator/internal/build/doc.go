// Package build is the order of the stages, and nothing else.
//
// A Builder holds what may be remembered between two builds of one site: the
// reader's stats, the memo, and what is known of the output folder. Build runs
// Read, Load, Parse, Assemble, Plan, Render and Sync over it and returns a
// Result; Check stops short of writing; Pages stops at the manifest. Forgetting
// a Builder changes how long the next build takes and no byte of its result.
//
// Deliberately absent: any decision about what an edit may have changed.
package build
