-- +goose Up

create table secrets (
	name    text collate "C" not null primary key,
	secret  bytea            not null,
	made_at bigint           not null
);

create table evidence (
	n            bigint           not null primary key,
	at           bigint           not null,
	deed         text collate "C" not null,
	lead         text collate "C" not null,
	form         text collate "C" not null,
	post         text collate "C" not null,
	placement    text collate "C" not null,
	revision     text collate "C" not null,
	consent_text text collate "C" not null,
	submission   text collate "C" not null,
	message      text collate "C" not null,
	kind         text collate "C" not null,
	person       bytea            not null,
	link         bytea            not null
);
create index evidence_of_lead on evidence (lead);

create table chain (
	id   bigint not null primary key,
	n    bigint not null,
	link bytea  not null
);

alter table leads add column salt      bytea  not null default '\x00';
alter table leads add column erased_at bigint not null default 0;

create index submissions_of_lead on submissions (lead);

insert into evidence select row_number() over (order by at, deed, lead, submission), at, deed, lead, form, post, placement, revision, consent_text, submission, '', '', '\x00'::bytea, '\x00'::bytea
	from (select received_at as at, 'agreed' as deed, lead, form, post, placement, revision, consent_text, id as submission
			from submissions where consent = 1 and lead is not null
		union all select confirmed_at, 'confirmed', id, '', '', '', '', '', '' from leads where confirmed_at > 0
		union all select unsubscribed_at, 'unsubscribed', id, '', '', '', '', '', '' from leads where unsubscribed_at > 0) as past;
