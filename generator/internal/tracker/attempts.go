package tracker

import (
	"net/netip"
	"sync"
	"time"
)

// How often a wrong password may be tried. Each network has a few tries, and gets
// another every minute: some 1,450 a day. All networks together get one every six
// seconds: some 14,400 a day, however many addresses somebody has.
const (
	triesPerNetwork = 5
	triesTogether   = 50
	everyNetwork    = time.Minute
	everyTogether   = 6 * time.Second
	mostNetworks    = 4096
)

// attempts counts tries at the password by network, as buckets that fill again
// with time. It is bounded: where more networks are at it than it can tell apart,
// the rest have only what all of them have together.
type attempts struct {
	mu       sync.Mutex
	networks map[netip.Prefix]bucket
	together bucket
}

// bucket is how many tries were left at a moment. The zero value is a full one.
type bucket struct {
	used float64
	at   time.Time
}

// refilled is the bucket as it is now, with one try back for each interval.
func (b bucket) refilled(now time.Time, every time.Duration) bucket {
	if past := now.Sub(b.at); past > 0 {
		return bucket{max(b.used-past.Seconds()/every.Seconds(), 0), now}
	}
	return b // a clock that was put back gives nothing
}

// wait is how long until a try is there; 0 when one is.
func (b bucket) wait(tries float64, every time.Duration) time.Duration {
	return max(time.Duration((b.used+1-tries)*float64(every)), 0)
}

// take uses one try of a network, or says how long to wait for one. Known
// browsers have been let in before: nobody can use up their tries from elsewhere.
func (a *attempts) take(from netip.Addr, known bool, now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	network := networkOf(from)
	mine := a.networks[network].refilled(now, everyNetwork)
	all := a.together.refilled(now, everyTogether)
	wait := mine.wait(triesPerNetwork, everyNetwork)
	if !known {
		wait = max(wait, all.wait(triesTogether, everyTogether))
	}
	if wait > 0 {
		return wait
	}
	mine.used++
	all.used++
	a.together = all
	a.keep(network, mine, now)
	return 0
}

// succeeded gives a network all its tries back, and to all the one it used.
func (a *attempts) succeeded(from netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.networks, networkOf(from))
	a.together.used = max(a.together.used-1, 0)
}

func (a *attempts) keep(network netip.Prefix, b bucket, now time.Time) {
	if a.networks == nil {
		a.networks = map[netip.Prefix]bucket{}
	}
	if _, there := a.networks[network]; !there && len(a.networks) >= mostNetworks {
		for n, old := range a.networks {
			if old.refilled(now, everyNetwork).used == 0 {
				delete(a.networks, n)
			}
		}
		if len(a.networks) >= mostNetworks {
			return
		}
	}
	a.networks[network] = b
}

// networkOf is the addresses that somebody who has one can be expected to have.
func networkOf(a netip.Addr) netip.Prefix {
	bits := 24
	if a.Is6() {
		bits = 48
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no address: all of those are one network
	}
	return p
}
