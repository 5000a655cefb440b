-- +goose Up

-- Random keys, by what they are for.
create table secrets (
	name    text    not null primary key,
	secret  blob    not null,
	made_at integer not null
) strict, without rowid;

-- What people agreed to and what came of it, one entry after another; none is
-- ever changed. deed is agreed, confirmed, unsubscribed, mailed or erased. No
-- address is here: person is a keyed hash of it under leads.salt, so that an
-- entry says whose it is for as long as the person is known, and nothing after.
-- link is a keyed hash over the entry and the link before it. One zero byte is
-- what is not known yet: an entry is not sealed, a lead has no salt. Times are Unix milliseconds.
create table evidence (
	n            integer not null primary key,
	at           integer not null,
	deed         text    not null,
	lead         text    not null,
	form         text    not null,
	post         text    not null,
	placement    text    not null,
	revision     text    not null,
	consent_text text    not null,
	submission   text    not null,
	message      text    not null,
	kind         text    not null,
	person       blob    not null,
	link         blob    not null
) strict, without rowid;
create index evidence_of_lead on evidence (lead);

-- Where the evidence ends: one row, so that an entry that is gone from its end
-- is missed, too.
create table chain (
	id   integer not null primary key,
	n    integer not null,
	link blob    not null
) strict, without rowid;

alter table leads add column salt      blob    not null default x'00';
alter table leads add column erased_at integer not null default 0; -- 0: never

create index submissions_of_lead on submissions (lead);

-- What is known of the time before. It is sealed with the first entry after it.
insert into evidence select row_number() over (order by at, deed, lead, submission), at, deed, lead, form, post, placement, revision, consent_text, submission, '', '', x'00', x'00'
	from (select received_at as at, 'agreed' as deed, lead, form, post, placement, revision, consent_text, id as submission
			from submissions where consent = 1 and lead is not null
		union all select confirmed_at, 'confirmed', id, '', '', '', '', '', '' from leads where confirmed_at > 0
		union all select unsubscribed_at, 'unsubscribed', id, '', '', '', '', '', '' from leads where unsubscribed_at > 0) as past;
