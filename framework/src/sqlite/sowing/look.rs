//! What sowing would do, for a plan: reads only.

use super::{Field, fields, past, read, remove, show};
use crate::address::{Address, Tag};
use crate::manifest::Manifest;
use crate::seed::Seed;
use crate::seed::order::groups;
use crate::seeding::past::Pasts;
use crate::seeding::{Outlook, Sowing};
use crate::session::SessionError;
use crate::session::sqlite::Session;
use crate::sqlite::live::Live;
use crate::sqlite::survey::Survey;

/// Looks at every seed.
pub(in super::super) async fn look(
    session: &mut Session,
    manifest: &Manifest,
    sowing: &Sowing,
    survey: &Survey,
) -> Result<Outlook, SessionError> {
    let mut outlook = Outlook::default();
    let fields = fields(sowing, &survey.mapped);
    let seeds: Vec<&Seed> = fields.iter().map(|field| field.seed).collect();
    let mut removals = Vec::new();
    let remembers = survey.live.named("freehold_seed").is_some();
    for position in groups(&seeds, &manifest.schema).into_iter().flatten() {
        let field = fields[position];
        outlook.rows += field.seed.rows.len();
        let unreadable = field.unreadable(sowing);
        if !unreadable.is_empty() {
            outlook.refusals.extend(unreadable);
            continue;
        }
        let words = |doings: &_| show::step(field, doings);
        if !stands(field, manifest, &survey.live) {
            outlook.all(field.seed, &words);
            continue;
        }
        let pasts = match remembers {
            true => past::read(session, &manifest.service.name, &field.plot.table).await?,
            false => Pasts::new(),
        };
        let seen = read::listed(session, field, sowing).await?;
        let unlisted = remove::judge(session, field, &seen, &pasts).await?;
        removals.extend(outlook.judge(field.seed, &seen, &pasts, unlisted, &words));
    }
    removals.reverse();
    outlook.steps.append(&mut removals);
    Ok(outlook)
}

/// Whether the table stands with all columns that the seed names, and so do the tables that it looks things up in.
fn stands(field: Field<'_>, manifest: &Manifest, live: &Live) -> bool {
    let has = |table: &str, names: &[&str]| {
        live.shape(table).is_some_and(|shape| names.iter().all(|name| shape.column(name).is_some()))
    };
    let names: Vec<&str> = field.plot.columns.iter().map(|held| held.name.as_str()).collect();
    let lookups = field.seed.columns.iter().zip(&field.plot.columns);
    let mut lookups =
        lookups.filter_map(|(column, held)| Some((column.lookup.as_ref()?, held.lookup.as_ref()?)));
    let is_own = |table| manifest.schema.objects.contains_key(&Address::top(Tag::Table, table));
    has(&field.plot.table, &names)
        && lookups.all(|(of, lookup)| {
            has(&lookup.table, &[lookup.by.as_str(), lookup.value.as_str()]) || !is_own(&of.table)
        })
}
