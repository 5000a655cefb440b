-- +goose Up

-- The stage of sales a lead is in; empty: in none yet. It is that of the last
-- entry that names one.
alter table leads add column stage text not null default '';
update leads set stage = coalesce((select stage from sales where lead = leads.id and stage <> '' order by n desc limit 1), '');

-- The newest first, everybody or those in a stage or of a post.
create index leads_by_age on leads (created_at, id);
create index leads_by_stage on leads (stage, created_at, id);
create index leads_by_post on leads (post, created_at, id);

-- For the leads of a period by whatever they are told apart by, without looking
-- at the cards themselves; in the order of the day, so that writing it stays cheap.
drop index submissions_counted;
create index submissions_counted on submissions (day, post, lead, source, campaign, form, placement, revision, first_post) where status = 'accepted';
