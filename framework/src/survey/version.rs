//! What a manifest says that the server is too old for. Its planner writes it all the same; the plan is not run.

use crate::kind::{Object, Refusal};
use crate::schema::Schema;

/// The versions of PostgreSQL by their number: 140023 is 14.23.
const MAJOR: u32 = 10_000;

/// A refusal for each.
pub(super) fn too_new(wanted: &Schema, version: u32) -> Vec<Refusal> {
    let (major, minor) = (version / MAJOR, version % MAJOR);
    let needs = wanted.objects.values().flat_map(Object::needs);
    let refusals = needs.filter(|need| major < need.since).map(|need| Refusal {
        code: "FH225",
        object: need.object,
        what: format!(
            "`{}` came with PostgreSQL {}, and this server is {major}.{minor}",
            need.what, need.since
        ),
        help: format!("write it without, or upgrade the server: {}", need.instead),
    });
    refusals.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    #[test]
    fn each_is_refused_by_the_versions_that_lack_it_and_by_no_other() {
        let parsed = Manifest::parse(
            "m.toml",
            r#"
manifest = 1
[service]
name = "people"
version = "1.0.0"
[sequences]
counted = "start 5"
fleeting = { def = "start 5", unlogged = true }
[tables.people]
unlogged = true
[tables.people.columns]
id = "int primary key"
number = "serial"
email = "text unique nulls not distinct"
nick = "text"
short = "text generated always as (lower(nick)) virtual"
head = "int references people (id) on delete set null (head)"
[tables.people.indexes]
people_nick_idx = "unique (nick) nulls not distinct"
"#,
        );
        let schema = parsed.unwrap().manifest.schema;
        let refused = |version| -> Vec<String> {
            too_new(&schema, version).into_iter().map(|refusal| refusal.object.to_string()).collect()
        };
        let (fifteen, eighteen) = (
            [
                "foreign key people.people_head_fkey",
                "index people_nick_idx on people",
                "key people.people_email_key",
                "sequence fleeting",
            ],
            "column people.short",
        );
        let mut on_14 = refused(140_023);
        on_14.sort();
        assert_eq!(on_14, [&[eighteen][..], &fifteen].concat());
        assert_eq!(refused(150_000), [eighteen]);
        assert_eq!(refused(170_010), [eighteen]);
        assert_eq!(refused(180_000), [""; 0]);
        let what = &too_new(&schema, 170_010)[0].what;
        assert_eq!(what, "`virtual` came with PostgreSQL 18, and this server is 17.10");
    }
}
