//! In which order seeds are written: parents before children, and what refers to each other in a circle together.

use std::collections::BTreeSet;

use super::Seed;
use crate::kind::Object;
use crate::name::QName;
use crate::schema::Schema;

/// The positions of the seeds in groups, in order. A group of several is a circle of references; so is a single one that refers to
/// itself. Seeds that could come in any order come by the name of their table.
#[must_use]
pub fn groups(seeds: &[&Seed], schema: &Schema) -> Vec<Vec<usize>> {
    let reaches = reachable(seeds, schema);
    let mut left: Vec<usize> = (0..seeds.len()).collect();
    left.sort_by(|one, other| seeds[*one].table.cmp(&seeds[*other].table));
    let mut groups = Vec::new();
    while let Some(first) = left.iter().copied().find(|seed| is_next(*seed, &left, &reaches)) {
        let together = |other: &usize| *other == first || (reaches[first][*other] && reaches[*other][first]);
        let (group, rest): (Vec<usize>, Vec<usize>) = left.iter().partition(|other| together(other));
        left = rest;
        groups.push(group);
    }
    groups
}

/// Whether all that it leans on has been dealt with, but for its own circle.
fn is_next(seed: usize, left: &[usize], reaches: &[Vec<bool>]) -> bool {
    left.iter().all(|other| !reaches[seed][*other] || reaches[*other][seed])
}

/// For each seed, which others its rows lean on, directly or by others.
fn reachable(seeds: &[&Seed], schema: &Schema) -> Vec<Vec<bool>> {
    let mut reaches: Vec<Vec<bool>> = seeds
        .iter()
        .map(|seed| {
            let parents = parents(seed, schema);
            seeds.iter().map(|other| parents.contains(&other.table)).collect()
        })
        .collect();
    for over in 0..seeds.len() {
        let further = reaches[over].clone();
        for row in reaches.iter_mut().filter(|row| row[over]) {
            row.iter_mut().zip(&further).for_each(|(reached, more)| *reached |= more);
        }
    }
    reaches
}

/// The tables that the rows of a seed refer to.
#[must_use]
pub fn parents<'a>(seed: &'a Seed, schema: &'a Schema) -> BTreeSet<&'a QName> {
    let keys = schema.objects.values().filter_map(|object| match object {
        Object::ForeignKey(key) if key.table == seed.table => Some(&key.parent),
        _ => None,
    });
    let lookups = seed.columns.iter().filter_map(|column| column.lookup.as_ref());
    keys.chain(lookups.map(|lookup| &lookup.table)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Name;
    use crate::seed::{Column, Lookup, Mode};
    use crate::sql::TypeName;

    fn table(name: &str) -> QName {
        QName { schema: Name::new("public").unwrap(), name: Name::new(name).unwrap() }
    }

    fn seed(name: &str, parents: &[&str]) -> Seed {
        let id = Name::new("id").unwrap();
        let text = TypeName::parse("text").unwrap();
        let columns = parents.iter().map(|parent| Column {
            name: id.clone(),
            type_name: text.clone(),
            lookup: Some(Lookup {
                table: table(parent),
                by: id.clone(),
                by_type: text.clone(),
                value: id.clone(),
            }),
            numbered: None,
        });
        Seed {
            table: table(name),
            key: 0,
            mode: Mode::Insert,
            restore: false,
            profiles: BTreeSet::new(),
            columns: columns.collect(),
            computed: Vec::new(),
            rows: Vec::new(),
        }
    }

    fn ordered(seeds: &[(&str, &[&str])]) -> String {
        let seeds: Vec<Seed> = seeds.iter().map(|(name, parents)| seed(name, parents)).collect();
        let seeds: Vec<&Seed> = seeds.iter().collect();
        let groups = groups(&seeds, &Schema::default());
        let named = |group: &Vec<usize>| {
            group.iter().map(|seed| seeds[*seed].table.name.as_str()).collect::<Vec<_>>().join("+")
        };
        groups.iter().map(named).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn parents_come_first_and_circles_together() {
        assert_eq!(ordered(&[("a", &["b"]), ("b", &["c"]), ("c", &[])]), "c b a");
        assert_eq!(ordered(&[("z", &[]), ("a", &["elsewhere"])]), "a z");
        assert_eq!(ordered(&[("a", &["a"]), ("b", &["a"])]), "a b");
        assert_eq!(
            ordered(&[("a", &["b", "z"]), ("b", &["c"]), ("c", &["a"]), ("d", &["c"]), ("z", &[])]),
            "z a+b+c d"
        );
        assert_eq!(ordered(&[]), "");
    }
}
