//! What came of the pairs, as tables.

use crate::pair::End;
use crate::pairs::Found;
use std::collections::BTreeMap;

/// Cases that are named for a reason.
const NAMED_MAX: usize = 3;

#[derive(Default)]
struct Counts {
    pairs: usize,
    converged: usize,
    second: usize,
    reported: usize,
    failed: usize,
}

impl Counts {
    fn add(&mut self, end: &End) {
        match end {
            End::Converged { second } => {
                self.converged += 1;
                self.second += usize::from(*second);
            }
            End::Reported { .. } => self.reported += 1,
            End::Failed { .. } => self.failed += 1,
        }
    }

    fn row(&self, name: &str) -> String {
        let Self { pairs, converged, second, reported, failed } = self;
        format!("| {name} | {pairs} | {} | {converged} | {second} | {reported} | {failed} |\n", pairs * 2)
    }
}

/// The tables.
pub(crate) fn chart(found: &[Found]) -> String {
    let mut suites: BTreeMap<&str, Counts> = BTreeMap::new();
    let (mut all, mut plain) = (Counts::default(), Counts::default());
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (pair, ways) in found {
        let suite = suites.entry(&pair.suite).or_default();
        for counts in [suite, &mut all].into_iter().chain(pair.plain.then_some(&mut plain)) {
            counts.pairs += 1;
            ways.iter().for_each(|(_, end)| counts.add(end));
        }
        for (way, end) in ways {
            match end {
                End::Converged { .. } => {}
                End::Reported { kinds: of } => {
                    of.iter().for_each(|kind| *kinds.entry(kind).or_default() += 1);
                }
                End::Failed { why, .. } => {
                    let name = format!("{}/{} {}", pair.suite, pair.case, format!("{way:?}").to_lowercase());
                    reasons.entry(why).or_default().push(name);
                }
            }
        }
    }
    let mut out =
        String::from("| suite | pairs | ways | converged | second plan empty | reported | failed |\n");
    out.push_str("|---|---|---|---|---|---|---|\n");
    suites.iter().for_each(|(name, counts)| out.push_str(&counts.row(name)));
    out.push_str(&all.row("all"));
    out.push_str(&plain.row("those that need tables and what belongs to them alone"));
    out.push_str("\nReported, by kind:");
    let mut kinds: Vec<(&str, usize)> = kinds.into_iter().collect();
    kinds.sort_by_key(|(kind, count)| (std::cmp::Reverse(*count), *kind));
    let kinds: Vec<String> = kinds.into_iter().map(|(kind, count)| format!(" {count} {kind}")).collect();
    out.push_str(&kinds.join(","));
    out.push_str("\n\n| why it failed | ways | for example |\n|---|---|---|\n");
    let mut reasons: Vec<(&str, Vec<String>)> = reasons.into_iter().collect();
    reasons.sort_by_key(|(why, cases)| (std::cmp::Reverse(cases.len()), *why));
    for (why, cases) in reasons {
        let named = cases.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
        out.push_str(&format!("| {} | {} | {named} |\n", why.replace('|', "\\|"), cases.len()));
    }
    out
}
