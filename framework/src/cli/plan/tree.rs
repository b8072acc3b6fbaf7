//! The upper half of a plan's screen: what changes, as a tree of tables and what is in them. Pure.

use super::moved;
use std::collections::{BTreeMap, BTreeSet};

use anstyle::Style;

use crate::address::{Address, Tag};
use crate::cli::code;
use crate::cli::columns::{Cell, columns, cut};
use crate::cli::figures;
use crate::cli::object::{definition, is_declared, owner};
use crate::cli::outlook::Outlook;
use crate::cli::paint::{FAINT, STRONG, paint};
use crate::cli::refusal::is_about_the_whole;
use crate::cli::rows;
use crate::cli::sign::Sign;
use crate::kind::{Object, Refusal};
use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::step::{Phase, Step};

/// Lines that a screen holds; beyond them only what needs somebody is shown.
const LINES_MAX: usize = 40;

/// Columns of a definition that are shown.
const DETAIL_MAX: usize = 72;

/// Objects that are left alone and named; of more there is a count.
const LEFT_ALONE_MAX: usize = 5;

const LEFT_ALONE: &str = "not in the manifest; left in place";

/// One line of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) sign: Sign,
    /// 0 for tables, 1 for what is in them.
    pub(super) depth: usize,
    pub(super) name: String,
    pub(super) detail: String,
    /// The code to look up, where there is one.
    pub(super) code: &'static str,
}

/// What happens to one table, type or extension.
#[derive(Default)]
struct Group<'a> {
    steps: Vec<&'a Step>,
    refusals: Vec<&'a Refusal>,
    left_alone: Vec<&'a Address>,
}

/// The tree of a plan.
pub(super) fn lines(outlook: &Outlook<'_>) -> Vec<Line> {
    let Plan { steps, refusals, left_alone, degraded: _ } = &outlook.plan;
    let mut groups: BTreeMap<Address, Group<'_>> = BTreeMap::new();
    for step in steps {
        groups.entry(owner(&step.object)).or_default().steps.push(step);
    }
    for refusal in refusals.iter().filter(|refusal| !is_about_the_whole(refusal)) {
        groups.entry(owner(&refusal.object)).or_default().refusals.push(refusal);
    }
    for address in left_alone {
        groups.entry(owner(address)).or_default().left_alone.push(address);
    }
    groups.into_iter().flat_map(|(address, group)| grouped(outlook, &address, &group)).collect()
}

fn grouped(outlook: &Outlook<'_>, address: &Address, group: &Group<'_>) -> Vec<Line> {
    let made = group.steps.iter().any(|step| step.object == *address);
    let is_new = made && !outlook.live.objects.contains_key(address);
    let line = |sign, detail| Line { sign, depth: 0, name: name(address), detail, code: "" };
    let mut lines = Vec::new();
    if is_new {
        let parts =
            [Some(definition(&outlook.manifest.schema, address)), rows::seeded(&outlook.seeds, address)];
        let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        lines.push(line(Sign::Add, parts.join(", ")));
    } else if !group.steps.is_empty() || group.refusals.iter().any(|refusal| refusal.object != *address) {
        let own =
            group.steps.iter().filter(|step| step.object == *address).find_map(|step| moved::line(step));
        lines.push(match own {
            Some((sign, None, detail)) => line(sign, detail),
            _ => line(if group.steps.is_empty() { Sign::Needs } else { Sign::Change }, size(&group.steps)),
        });
        lines.extend(changes(outlook, address, &group.steps));
    }
    let inside = usize::from(!lines.is_empty());
    lines.extend(group.refusals.iter().map(|refusal| Line {
        sign: Sign::Needs,
        depth: inside,
        name: if inside == 1 { part_name(&refusal.object) } else { name(&refusal.object) },
        detail: refusal.what.clone(),
        code: refusal.code,
    }));
    lines.extend(group.left_alone.iter().map(|left| Line {
        sign: Sign::Left,
        depth: 0,
        name: if left.tag == Tag::Column { left.path() } else { left.to_string() },
        detail: left_alone(outlook.manifest, left),
        code: code::LEFT_ALONE,
    }));
    lines
}

/// Why it stays.
fn left_alone(manifest: &Manifest, left: &Address) -> String {
    match manifest.drops.released.iter().find(|release| release.is(left)) {
        Some(release) => format!("released to {}, which has not taken it over yet", release.to),
        None => LEFT_ALONE.to_owned(),
    }
}

/// `orders`, `enum order_status`: tables need no word.
fn name(address: &Address) -> String {
    if address.tag == Tag::Table { address.path() } else { address.to_string() }
}

fn part_name(address: &Address) -> String {
    match address.tag {
        Tag::Comment => format!("comment on {}", address.name),
        Tag::Seed => "rows".to_owned(),
        _ => address.name.to_string(),
    }
}

/// How big a table is, where a step said so.
fn size(steps: &[&Step]) -> String {
    let rows = steps.iter().map(|step| step.rows_estimate).max().unwrap_or(0);
    let bytes = steps.iter().map(|step| step.bytes).max().unwrap_or(0);
    if bytes == 0 {
        return String::new();
    }
    format!("about {} rows, {}", figures::count(rows), figures::bytes(bytes))
}

/// A line for each object that steps touch, however many steps it takes.
fn changes(outlook: &Outlook<'_>, address: &Address, steps: &[&Step]) -> Vec<Line> {
    let moved = steps.iter().filter_map(|step| {
        let (sign, value, detail) = moved::line(step)?;
        let name = value.clone().unwrap_or_else(|| part_name(&step.object));
        let of_own = step.object == *address && value.is_none();
        (!of_own).then_some(Line { sign, depth: 1, name, detail, code: "" })
    });
    let mut lines: Vec<Line> = moved.collect();
    if let Some(Object::Enum(live)) = outlook.live.objects.get(address) {
        lines.extend(values(outlook, address, &live.labels));
        return lines;
    }
    let steps = steps.iter().filter(|step| moved::line(step).is_none());
    let about = steps.flat_map(|step| step.objects().map(move |object| (object, step)));
    let mut seen = BTreeSet::new();
    let declared = about.filter(|(object, _)| is_declared(outlook.manifest, object));
    let first = declared.filter(|(object, _)| seen.insert(*object));
    let line = |(object, step): (&Address, &&Step)| {
        let stands = outlook.live.holds(object);
        let detail = match step.phase {
            Phase::Validate if stands => "proven against the rows that are there".to_owned(),
            Phase::Index if stands => "half built; built again in place".to_owned(),
            Phase::Seed => rows::of_seed(&outlook.seeds, &step.object).unwrap_or_default(),
            _ => definition(&outlook.manifest.schema, object),
        };
        let sign = if stands || rows::corrects(&outlook.seeds, object) { Sign::Change } else { Sign::Add };
        Line { sign, depth: 1, name: part_name(object), detail, code: "" }
    };
    lines.extend(first.map(line));
    lines
}

/// The values that an enum gets.
fn values(outlook: &Outlook<'_>, address: &Address, live: &[String]) -> Vec<Line> {
    let Some(Object::Enum(wanted)) = outlook.manifest.schema.objects.get(address) else { return Vec::new() };
    let mut before = None;
    let mut lines = Vec::new();
    for label in &wanted.labels {
        if !live.contains(label) {
            let detail = before.map_or("first".to_owned(), |before| format!("after '{before}'"));
            lines.push(Line { sign: Sign::Add, depth: 1, name: format!("'{label}'"), detail, code: "" });
        }
        before = Some(label);
    }
    lines
}

/// The lines as text. Without `all` a long tree ends in a count, and definitions are cut; what needs somebody is always there.
pub(super) fn drawn(lines: &[Line], all: bool) -> String {
    let is_left = |line: &&Line| line.sign == Sign::Left;
    let left = lines.iter().filter(is_left).count();
    let mut shown = Vec::new();
    let mut hidden = 0;
    for line in lines {
        let is_noise = !all && is_left(&line) && left > LEFT_ALONE_MAX;
        if all || line.sign == Sign::Needs || (shown.len() < LINES_MAX && !is_noise) {
            shown.push(row(line, all));
        } else {
            hidden += usize::from(!is_noise);
        }
    }
    let mut out = columns(&shown, 2, 2);
    if hidden > 0 {
        out.push_str(&format!("  … and {} more; -v shows all\n", figures::count(hidden as u64)));
    }
    if !all && left > LEFT_ALONE_MAX {
        let left = figures::plural(left, "object");
        out.push_str(&format!(
            "  {}\n",
            paint(FAINT, format!("· {left} {LEFT_ALONE}; -v lists them   {}", code::LEFT_ALONE))
        ));
    }
    out
}

fn row(line: &Line, all: bool) -> Vec<Cell> {
    let Line { sign, depth, name, detail, code } = line;
    let style = match (sign, depth) {
        (Sign::Left, _) => FAINT,
        (_, 0) => STRONG,
        _ => Style::new(),
    };
    let attention = *sign == Sign::Needs;
    let detail = if all { detail.clone() } else { cut(detail, DETAIL_MAX) };
    let named =
        Cell::new("    ".repeat(*depth)).then(sign.text(), sign.style()).then(format!(" {name}"), style);
    let detail = Cell::new(detail).style(if attention { Style::new() } else { FAINT });
    vec![named, detail, Cell::new(*code).style(FAINT)]
}
