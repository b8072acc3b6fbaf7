//! The table of the three ways, and its laws over every history that a row can have.

use super::*;
use proptest::prelude::*;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// A row in a database of text, with a trigger that may make something else of what is written.
#[derive(Clone, Debug)]
struct Table {
    row: Option<BTreeMap<Name, Option<String>>>,
    past: Option<Past>,
    trigger: fn(&str) -> String,
}

impl Table {
    fn empty(trigger: fn(&str) -> String) -> Self {
        Self { row: None, past: None, trigger }
    }

    fn present(&self, wants: &Wants<'_>) -> Option<Present> {
        let same = |name: &Name, text: &Option<String>| match wants.get(name) {
            Some(Want::Value(want)) => *want == text.as_deref(),
            Some(Want::Secret(want)) => text.as_deref() == Some(want),
            _ => false,
        };
        let found = |(name, text): (&Name, &Option<String>)| {
            (name.clone(), Found { text: text.clone(), same: same(name, text) })
        };
        Some(self.row.as_ref()?.iter().map(found).collect())
    }

    fn verdict(&self, rules: Rules, wants: &Wants<'_>) -> Verdict {
        verdict(rules, wants, self.past.as_ref(), self.present(wants).as_ref())
    }

    /// Carries out what is to be done, as an engine does.
    fn seed(&mut self, rules: Rules, wants: &Wants<'_>) -> Verdict {
        let verdict = self.verdict(rules, wants);
        let written = |want: &Want<'_>| match want {
            Want::Value(text) => text.map(self.trigger),
            Want::Secret(text) => Some((self.trigger)(text)),
            Want::Unknown => unreachable!("what is not known is not written"),
        };
        match &verdict.action {
            Action::Insert => {
                let all = COLUMNS.map(|column| (name(column), None)).into_iter();
                let listed = wants.iter().map(|(name, want)| ((*name).clone(), written(want)));
                self.row = Some(all.chain(listed).collect());
            }
            Action::Update(names) => {
                for name in names {
                    let text = written(&wants[name]);
                    self.row.as_mut().unwrap().insert(name.clone(), text);
                }
            }
            Action::Nothing | Action::Wait => return verdict,
            Action::Remember | Action::Bury => {}
        }
        let after = self.present(wants);
        self.past = Some(remembered(&verdict.action, wants, self.past.as_ref(), after.as_ref(), &mut || {
            "salt".to_owned()
        }));
        verdict
    }
}

const COLUMNS: [&str; 3] = ["a", "b", "c"];
const UPSERT: Rules = Rules { mode: Mode::Upsert, restore: false };

fn wants<'a>(names: &'a [Name], values: &'a [(usize, Option<String>)]) -> Wants<'a> {
    values.iter().map(|(column, value)| (&names[*column], Want::Value(value.as_deref()))).collect()
}

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

#[test]
fn c8_1_a_field_that_nobody_touched_is_corrected_and_one_that_somebody_did_is_kept() {
    let names = COLUMNS.map(name);
    let mut table = Table::empty(str::to_owned);
    let first = [(0, text("name")), (1, text("10"))];
    assert_eq!(table.seed(UPSERT, &wants(&names, &first)).action, Action::Insert);
    table.row.as_mut().unwrap().insert(name("b"), text("12"));
    let second = [(0, text("better name")), (1, text("11"))];
    let verdict = table.seed(UPSERT, &wants(&names, &second));
    assert_eq!(verdict.action, Action::Update([name("a")].into()));
    assert_eq!(verdict.kept, [name("b")]);
    // Once somebody puts back what was seeded, the field is ours again.
    table.row.as_mut().unwrap().insert(name("b"), text("10"));
    assert_eq!(table.verdict(UPSERT, &wants(&names, &second)).action, Action::Update([name("b")].into()));
}

#[test]
fn a_row_that_was_there_is_adopted_and_never_taken_away() {
    let names = COLUMNS.map(name);
    let mut table = Table::empty(str::to_owned);
    table.row = Some([(name("a"), text("old")), (name("b"), text("theirs"))].into());
    let values = [(0, text("new"))];
    assert_eq!(table.seed(UPSERT, &wants(&names, &values)).action, Action::Update([name("a")].into()));
    assert_eq!(table.row.as_ref().unwrap()[&name("b")], text("theirs"));
    let past = table.past.as_ref().unwrap();
    assert_eq!(removal(past, table.present(&Wants::new()).as_ref()), Removal::Foreign);
}

#[test]
fn c8_3_a_row_that_somebody_deleted_stays_deleted_unless_it_is_to_be_restored() {
    let names = COLUMNS.map(name);
    let values = [(0, text("x"))];
    let mut table = Table::empty(str::to_owned);
    table.seed(UPSERT, &wants(&names, &values));
    table.row = None;
    let verdict = table.seed(UPSERT, &wants(&names, &values));
    assert_eq!((verdict.action, verdict.deleted), (Action::Bury, true));
    let again = table.verdict(UPSERT, &wants(&names, &values));
    assert_eq!((again.action, again.deleted), (Action::Nothing, true));
    let restored = table.seed(Rules { restore: true, ..UPSERT }, &wants(&names, &values));
    assert_eq!(restored.action, Action::Insert);
    assert_eq!(table.verdict(UPSERT, &wants(&names, &values)).action, Action::Nothing);
}

#[test]
fn c8_13_what_a_trigger_changes_is_written_once() {
    let names = COLUMNS.map(name);
    let values = [(0, text("Shout"))];
    let mut table = Table::empty(|text| text.to_uppercase());
    table.seed(UPSERT, &wants(&names, &values));
    let again = table.seed(UPSERT, &wants(&names, &values));
    assert_eq!((again.action, again.altered), (Action::Nothing, vec![name("a")]));
    let other = [(0, text("Whisper"))];
    assert_eq!(table.seed(UPSERT, &wants(&names, &other)).action, Action::Update([name("a")].into()));
}

#[test]
fn a_row_that_cannot_be_seen_is_written_once() {
    let names = COLUMNS.map(name);
    let values = [(0, text("x"))];
    let wants = wants(&names, &values);
    let past = remembered(&Action::Insert, &wants, None, None, &mut String::new);
    assert_eq!(past.state, State::Hidden);
    assert_eq!(verdict(UPSERT, &wants, Some(&past), None).action, Action::Nothing);
}

#[test]
fn a_row_waits_for_what_nobody_knows_yet_and_one_that_is_there_does_not() {
    let a = name("a");
    let wants: Wants<'_> = [(&a, Want::Unknown)].into();
    assert_eq!(verdict(UPSERT, &wants, None, None).action, Action::Wait);
    let present: Present = [(a.clone(), Found { text: text("x"), same: false })].into();
    assert_eq!(verdict(UPSERT, &wants, None, Some(&present)).action, Action::Remember);
}

#[test]
fn c8_4_what_is_no_longer_listed_goes_only_if_it_is_as_we_left_it() {
    let names = COLUMNS.map(name);
    let values = [(0, text("x")), (1, text("y"))];
    let mut table = Table::empty(str::to_owned);
    table.seed(UPSERT, &wants(&names, &values));
    let judge = |table: &Table| removal(table.past.as_ref().unwrap(), table.present(&Wants::new()).as_ref());
    assert_eq!(judge(&table), Removal::Candidate);
    table.row.as_mut().unwrap().insert(name("c"), text("not ours to look at"));
    assert_eq!(judge(&table), Removal::Candidate);
    table.row.as_mut().unwrap().insert(name("b"), text("z"));
    assert_eq!(judge(&table), Removal::Changed(vec![name("b")]));
    table.row = None;
    assert_eq!(judge(&table), Removal::Gone);
}

/// What may happen to a row.
#[derive(Clone, Debug)]
enum Event {
    Seed(Vec<(usize, Option<String>)>),
    Edit(usize, Option<String>),
    Delete,
    Make,
}

fn event() -> impl Strategy<Value = Event> {
    let value = || prop::option::of("[xyZ]".prop_map(String::from));
    prop_oneof![
        4 => prop::collection::btree_map(0..3_usize, value(), 0..4)
            .prop_map(|fields| Event::Seed(fields.into_iter().collect())),
        3 => (0..3_usize, value()).prop_map(|(column, value)| Event::Edit(column, value)),
        1 => Just(Event::Delete),
        1 => Just(Event::Make),
    ]
}

fn rules() -> impl Strategy<Value = Rules> {
    let mode = prop::sample::select(vec![Mode::Insert, Mode::Upsert, Mode::Sync]);
    (mode, any::<bool>()).prop_map(|(mode, restore)| Rules { mode, restore })
}

proptest! {
    #[test]
    fn every_history_keeps_the_laws(rules in rules(), trigger in any::<bool>(), events in prop::collection::vec(event(), 1..12)) {
        let names = COLUMNS.map(name);
        let mut table = Table::empty(if trigger { |text| text.to_uppercase() } else { str::to_owned });
        // The fields that hold somebody's own value, and whether somebody took the row away.
        let (mut theirs, mut buried): (BTreeSet<Name>, bool) = (BTreeSet::new(), false);
        for event in events {
            match event {
                Event::Edit(column, value) => if let Some(row) = &mut table.row {
                    let was = row.insert(names[column].clone(), value.clone());
                    if was != Some(value) { theirs.insert(names[column].clone()); }
                },
                Event::Delete => {
                    buried |= table.row.is_some() && table.past.is_some();
                    table.row = None;
                    theirs.clear();
                }
                Event::Make => if table.row.is_none() {
                    table.row = Some(names.iter().map(|name| (name.clone(), text("own"))).collect());
                    theirs = names.iter().cloned().collect();
                    buried = false;
                },
                Event::Seed(values) => {
                    let wants = wants(&names, &values);
                    let before = table.row.clone();
                    let past = table.past.clone();
                    let verdict = table.seed(rules, &wants);
                    // Only what is listed is written.
                    for name in &names {
                        if let (false, Some(before), Some(after)) = (wants.contains_key(name), &before, &table.row) {
                            prop_assert_eq!(&before[name], &after[name]);
                        }
                    }
                    // Rows that are there are not touched by a seed that only adds.
                    if before.is_some() && rules.mode == Mode::Insert {
                        prop_assert_eq!(&before, &table.row);
                    }
                    // What somebody took away stays away.
                    if buried && before.is_none() && !rules.restore {
                        prop_assert_eq!(&table.row, &None);
                    }
                    // What somebody wrote into a field that we had seeded stays.
                    if let (Some(before), Some(past), Some(after)) = (&before, &past, &table.row) {
                        for name in theirs.iter().filter(|name| past.fields.contains_key(name)) {
                            let as_left = past.fields[name].stored.is(before[name].as_deref());
                            prop_assert!(as_left || before[name] == after[name], "{name} was overwritten");
                        }
                    }
                    // A second time there is nothing to do, and what is reported stays reported.
                    let again = table.seed(rules, &wants);
                    prop_assert_eq!(&again.action, &Action::Nothing);
                    prop_assert!(verdict.kept.iter().all(|name| again.kept.contains(name)));
                    if matches!(verdict.action, Action::Insert | Action::Update(_)) {
                        theirs.retain(|name| again.kept.contains(name));
                    }
                    buried &= table.row.is_none();
                }
            }
        }
    }
}
