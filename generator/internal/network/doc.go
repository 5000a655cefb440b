// Package network tells addresses that anybody could reach from those that only
// this machine and its neighbours can.
//
// In goes the address that is about to be dialled, after its name was looked up;
// out comes whether to. So a name that leads into a private network, however it is
// spelled and whenever that changes, opens no connection there.
//
// It deliberately looks at no name, and makes no connection of its own.
package network
