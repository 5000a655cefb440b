-- +goose Up

create table outbox (
	id           text collate "C" not null primary key,
	kind         text collate "C" not null,
	recipient    text collate "C" not null,
	lead         text collate "C" not null,
	submission   text collate "C" not null,
	form         text collate "C" not null,
	subject      text collate "C" not null,
	created_at   bigint           not null,
	due_at       bigint           not null,
	attempts     bigint           not null,
	leased_until bigint           not null,
	state        text collate "C" not null,
	said         text collate "C" not null,
	settled_at   bigint           not null
);
create index outbox_due on outbox (due_at) where state = 'waiting';
create index outbox_of_lead on outbox (lead, kind, created_at);
create index outbox_of_kind on outbox (kind, created_at);

create table tokens (
	hash       bytea            not null primary key,
	purpose    text collate "C" not null,
	lead       text collate "C" not null,
	form       text collate "C" not null,
	made_at    bigint           not null,
	expires_at bigint           not null
);
create index tokens_of_lead on tokens (lead);

alter table leads add column confirmed_at    bigint not null default 0;
alter table leads add column unsubscribed_at bigint not null default 0;
