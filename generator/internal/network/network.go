package network

import (
	"errors"
	"net/netip"
	"syscall"
)

// ErrPrivate is wrapped when a connection was not made because of where it leads.
var ErrPrivate = errors.New("the address is this machine's or lies in a private network")

// Public tells an address that anybody could reach: one that is handed out to
// networks of the internet. What stands for another address counts as that one
// where everybody agrees how (IPv4 in IPv6, RFC 4291; NAT64, RFC 6052), and is not
// public where a gateway decides (6to4, Teredo).
//
// See IANA's IPv4 and IPv6 Special-Purpose Address Registries.
func Public(ip netip.Addr) bool {
	ip = ip.Unmap()
	if ip.Zone() != "" {
		return false
	}
	if nat64().Contains(ip) {
		bytes := ip.As16()
		return Public(netip.AddrFrom4([4]byte(bytes[12:])))
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.Is6() && !handedOut().Contains(ip) {
		return false
	}
	for _, p := range special() {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

// nat64 is where translators of IPv6-only networks keep the addresses of IPv4.
func nat64() netip.Prefix { return netip.MustParsePrefix("64:ff9b::/96") }

// handedOut is all of IPv6 that is given to networks so far.
func handedOut() netip.Prefix { return netip.MustParsePrefix("2000::/3") }

// special are the networks that look like any other and are not.
func special() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),       // this network
		netip.MustParsePrefix("100.64.0.0/10"),   // between providers and their customers
		netip.MustParsePrefix("192.0.0.0/24"),    // protocols
		netip.MustParsePrefix("192.0.2.0/24"),    // examples
		netip.MustParsePrefix("192.88.99.0/24"),  // 6to4 relays
		netip.MustParsePrefix("198.18.0.0/15"),   // measuring
		netip.MustParsePrefix("198.51.100.0/24"), // examples
		netip.MustParsePrefix("203.0.113.0/24"),  // examples
		netip.MustParsePrefix("240.0.0.0/4"),     // nobody's
		netip.MustParsePrefix("2001::/23"),       // protocols, Teredo among them
		netip.MustParsePrefix("2001:db8::/32"),   // examples
		netip.MustParsePrefix("2002::/16"),       // 6to4
		netip.MustParsePrefix("3fff::/20"),       // examples
	}
}

// OnlyPublic is for net.Dialer.Control: it lets connections be made to public
// addresses alone. It sees what is really dialled, after every lookup and for
// every address that a name has.
func OnlyPublic(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !Public(at.Addr()) {
		return ErrPrivate
	}
	return nil
}
