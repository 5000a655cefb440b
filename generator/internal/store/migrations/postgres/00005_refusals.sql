-- +goose Up

create table refusals (
	recipient  text collate "C" not null primary key,
	refused_at bigint           not null,
	said       text collate "C" not null
);
create index outbox_to on outbox (recipient, due_at) where state = 'waiting';
