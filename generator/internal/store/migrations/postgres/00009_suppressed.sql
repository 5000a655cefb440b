-- +goose Up

create table suppressed (
	hash   bytea            not null primary key,
	reason text collate "C" not null,
	at     bigint           not null
);

create index submissions_trapped on submissions (received_at) where status = 'quarantined';
create index leads_erased on leads (id) where erased_at > 0;
