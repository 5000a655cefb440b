-- +goose Up

-- No store in PostgreSQL is older than this step, so nothing has to be carried over.

alter table visits add column read_at bigint not null default 0;
alter table visits add column origin  text collate "C" not null default '';

alter table submissions add column first_post text collate "C" not null default '';
alter table submissions add column assists    text collate "C" not null default '[]';
alter table submissions add column source     text collate "C" not null default '';
alter table submissions add column campaign   text collate "C" not null default '';
alter table submissions add column origin     text collate "C" not null default '{}';

alter table leads add column credit text collate "C" not null default '{}';

create table breakdowns (
	dimension text collate "C" not null,
	post      text collate "C" not null,
	day       text collate "C" not null,
	key       text collate "C" not null,
	step      text collate "C" not null,
	n         bigint           not null,
	visitors  bigint           not null,
	amount    double precision not null,
	primary key (dimension, post, day, key, step)
) with (fillfactor = 50);
