// Package watch says when the site folder may have changed, and where.
//
// In go folders, out comes a channel that receives after changes have calmed
// down: editors save by renaming, tools write in bursts, folders appear with
// files already in them, and all of it becomes one wake-up. Where the system
// watches no more folders, or gives no watcher at all, the folders are scanned at
// intervals instead, and the receiver is told once, with what raises the limit.
// When the system has lost events, every folder is looked for again.
//
// It deliberately does not say what changed: events tell where to look again, and
// digests decide.
package watch
