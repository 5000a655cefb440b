-- +goose Up

alter table leads add column stage text collate "C" not null default '';
update leads set stage = coalesce((select stage from sales where lead = leads.id and stage <> '' order by n desc limit 1), '');

create index leads_by_age on leads (created_at, id);
create index leads_by_stage on leads (stage, created_at, id);
create index leads_by_post on leads (post, created_at, id);

drop index submissions_counted;
create index submissions_counted on submissions (day, post, lead, source, campaign, form, placement, revision, first_post) where status = 'accepted';
