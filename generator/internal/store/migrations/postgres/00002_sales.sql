-- +goose Up

create table sales (
	lead      text collate "C" not null,
	n         bigint           not null,
	at        bigint           not null,
	day       text collate "C" not null,
	stage     text collate "C" not null,
	value     double precision,
	note      text collate "C" not null,
	next_step text collate "C" not null,
	next_day  text collate "C" not null,
	counted   text collate "C" not null,
	worth     double precision not null,
	primary key (lead, n)
);

create table worth (
	day    text collate "C" not null,
	post   text collate "C" not null,
	amount double precision not null,
	primary key (day, post)
);
