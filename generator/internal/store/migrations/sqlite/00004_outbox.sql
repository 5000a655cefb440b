-- +goose Up

-- What is to be sent, written by the transaction that gave the reason for it.
-- Times are Unix milliseconds. A message is waiting, sent, dropped (there was no
-- reason any more) or dead (given up); who sends it holds it until leased_until.
create table outbox (
	id           text    not null primary key,
	kind         text    not null,
	recipient    text    not null,
	lead         text    not null,
	submission   text    not null,
	form         text    not null,
	subject      text    not null,
	created_at   integer not null,
	due_at       integer not null,
	attempts     integer not null,
	leased_until integer not null,
	state        text    not null,
	said         text    not null,
	settled_at   integer not null
) strict;
create index outbox_due on outbox (due_at) where state = 'waiting';
create index outbox_of_lead on outbox (lead, kind, created_at);
create index outbox_of_kind on outbox (kind, created_at);

-- What a link in a mail permits. The link holds a random token, this its SHA-256.
create table tokens (
	hash       blob    not null primary key,
	purpose    text    not null,
	lead       text    not null,
	form       text    not null,
	made_at    integer not null,
	expires_at integer not null
) strict, without rowid;
create index tokens_of_lead on tokens (lead);

-- 0: never.
alter table leads add column confirmed_at    integer not null default 0;
alter table leads add column unsubscribed_at integer not null default 0;
