-- +goose Up

-- Addresses that no mail is sent to, since whoever they are asked to be forgotten:
-- each as a hash under a key of the store's own, so that it says nothing of them.
create table suppressed (
	hash   blob    not null primary key,
	reason text    not null,
	at     integer not null
) strict, without rowid;

create index submissions_trapped on submissions (received_at) where status = 'quarantined';
create index leads_erased on leads (id) where erased_at > 0;
