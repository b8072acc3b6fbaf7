//! The same law in files of SQLite: a version, the next one, and back, and there again. The judges are SQLite's pragmas, the rows themselves,
//! and its own checks of integrity and of references.

use crate::Fallible;
use crate::change::next;
use crate::file::{File, for_file, written};
use crate::generate::Maker;
use crate::law::{Told, at, same};
use crate::model::Slice;
use crate::rows::{FIRST, LAST, unwritten};
use freehold::Manifest;
use freehold::bringup::Outcome;
use std::io::{Write as _, stderr};

fn manifest(slice: &Slice) -> Fallible<Manifest> {
    let parsed = Manifest::parse("m.toml", &slice.text());
    parsed.map(|parsed| parsed.manifest).map_err(|problems| format!("{problems}\n{}", slice.text()))
}

pub(crate) async fn holds(seed: u64, shown: bool) -> Fallible<Told> {
    let mut maker = Maker::new(seed);
    let drawn = maker.slice();
    let (first, second) = (for_file(&drawn), for_file(&next(&mut maker, &drawn)));
    if shown {
        let _ = writeln!(stderr(), "{}\n{}", first.text(), second.text());
    }
    let (one, two) = (manifest(&first)?, manifest(&second)?);
    let file = File::new();
    at("the first", file.applies(&one).await)?;
    at("the first", file.verifies(&one).await)?;
    at("rows", file.execute(&written(&first, false)).await)?;
    let (before, rows) = (file.shape().await?, file.read(&first, FIRST).await?);

    at("the second", file.applies(&two).await)?;
    at("the second", file.verifies(&two).await)?;
    let forth = file.shape().await?;
    let fresh = File::new();
    at("the second, fresh", fresh.applies(&two).await)?;
    at("fresh", same("a fresh file and this", &fresh.shape().await?, &forth))?;

    let writes = seed % 2 == 1;
    if writes {
        at("rows in between", file.execute(&written(&second, true)).await)?;
    }
    let (kept, refused) = back(&file, &second, writes).await?;
    at("back", file.verifies(&one).await)?;
    at("back", same("the earlier schema and this", &before, &file.shape().await?))?;
    at("back", same("the earlier rows and these", &rows, &file.read(&first, FIRST).await?))?;

    at("forth again", file.applies(&two).await)?;
    at("forth again", file.verifies(&two).await)?;
    at("forth again", same("the later schema and this", &forth, &file.shape().await?))?;
    at("forth again", same("the later rows and these", &kept, &file.read(&second, LAST).await?))?;
    let steps = file.lines("select count(*) from freehold_step").await?;
    Ok(Told { steps: steps.parse().unwrap_or_default(), refused })
}

/// The way back; the rows of the later version as they were before it, and whether rows had to go first. A refusal leaves everything as it is.
async fn back(file: &File, second: &Slice, writes: bool) -> Fallible<(String, bool)> {
    let kept = file.read(second, LAST).await?;
    let way = at("back", file.earlier("1.0.0").await)?;
    let standing = file.lines("select name, sql from sqlite_schema order by name").await?;
    match at("back", file.start(&way).await)? {
        Outcome::Applied(applied) if applied.waiting.is_empty() && applied.drift.is_empty() => {
            Ok((kept, false))
        }
        Outcome::Unchanged => Ok((kept, false)),
        Outcome::Refused(refusals)
            if writes && refusals.iter().all(|refusal| refusal.what.contains("row")) =>
        {
            let now = file.lines("select name, sql from sqlite_schema order by name").await?;
            at("refused", same("before and after a refusal", &standing, &now))?;
            at("rows", file.execute(&format!("pragma foreign_keys = off;\n{}", unwritten(second))).await)?;
            let kept = file.read(second, LAST).await?;
            at("back without the rows in between", file.applies(&way).await)?;
            Ok((kept, true))
        }
        other => Err(format!("back: it ends otherwise: {other:#?}")),
    }
}
