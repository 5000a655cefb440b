-- +goose Up

-- Who said that nothing is to be sent there any more, in Unix milliseconds: a
-- receiver of webhooks that answered 410 Gone. Nothing is written into the outbox
-- for them.
create table refusals (
	recipient  text    not null primary key,
	refused_at integer not null,
	said       text    not null
) strict, without rowid;
create index outbox_to on outbox (recipient, due_at) where state = 'waiting';
