//! What is seen of a bring-up while it goes on: lines for people, on a terminal with one that moves; lines for a log; events for
//! programs.

use std::time::{Duration, Instant};

use unicode_width::UnicodeWidthStr as _;

use super::event;
use crate::bringup::{Event, Outcome};
use crate::cli::args::Format;
use crate::cli::columns::cut;
use crate::cli::figures::{self, plural};
use crate::cli::paint::{ADD, FAINT, STRONG, paint};
use crate::cli::plan::parts::{Part, are_together, parts};
use crate::cli::rows::{kept_lines, waiting_lines};
use crate::cli::shell::Shell;
use crate::execute;
use crate::execute::working::Working;
use crate::ledger::advisory::Holder;
use crate::ledger::record::Done;
use crate::manifest::Manifest;
use crate::step::Step;
use crate::survey::offenders::Samples;

/// How often somebody who waits hears of it.
const AGAIN: Duration = Duration::from_secs(10);

/// The widest title of a part; longer ones are cut.
const TITLE_MAX: usize = 76;

/// The frames of what moves.
const FRAMES: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// The progress of one service.
pub(in crate::cli) struct Progress<'a> {
    shell: &'a Shell,
    manifest: &'a Manifest,
    began: Instant,
    /// When the last thing happened that was told.
    told: Instant,
    run: Option<Run>,
    /// Whether a line is on the terminal that the next one replaces.
    moving: bool,
}

/// A plan that is being carried out. Steps run in its order, but that seeds come last in a file; those that turn out to be needless, or
/// that have to wait, are left out.
struct Run {
    steps: Vec<Step>,
    parts: Vec<Part>,
    /// The part of each step.
    part_of: Vec<usize>,
    /// Of each part, the steps left and the time taken.
    left: Vec<(usize, Duration)>,
    /// Of each step, whether it has ended.
    ended: Vec<bool>,
    /// The step that runs now; beyond the last one when there is none.
    next: usize,
    since: Instant,
    /// How far the next step is, when it takes long.
    working: Option<Working>,
    /// The widest title, as far as titles are shown.
    width: usize,
}

impl Run {
    fn new(steps: &[Step], each: bool) -> Self {
        let parts = parts(steps, each);
        let mut part_of = vec![0; steps.len()];
        for (number, part) in parts.iter().enumerate() {
            part.steps.iter().for_each(|step| part_of[*step] = number);
        }
        let left = parts.iter().map(|part| (part.steps.len(), Duration::ZERO)).collect();
        let width = parts.iter().map(|part| part.title.width()).max().unwrap_or(0).min(TITLE_MAX);
        Self {
            steps: steps.to_vec(),
            parts,
            part_of,
            left,
            ended: vec![false; steps.len()],
            next: 0,
            since: Instant::now(),
            working: None,
            width,
        }
    }

    /// What parts are called: as soon as one has several steps, they are no steps.
    fn unit(&self) -> &'static str {
        if self.parts.len() == self.steps.len() { "step" } else { "part" }
    }

    /// What runs now: a part, or what runs together although each step of it is shown by itself.
    fn current(&self) -> Option<String> {
        let rest = self.steps.get(self.next..).filter(|rest| !rest.is_empty())?;
        let number = self.part_of[self.next];
        let part = &self.parts[number];
        let together = 1 + rest.windows(2).take_while(|pair| are_together(&pair[0], &pair[1])).count();
        Some(match part.steps.len() {
            1 if together > 1 => format!("{:>2} {} in one transaction", number + 1, plural(together, "step")),
            _ => format!("{:>2} {}", number + 1, part.title),
        })
    }

    /// How far the next step is, and whom it waits for.
    fn far(&self) -> Option<String> {
        let working = self.working.as_ref()?;
        let share = working.share().map(|share| format!(", {share}")).unwrap_or_default();
        let waits = working.waiting_for.iter().map(|other| format!("; waits for {other}"));
        Some(format!("{}{share}{}", working.phase, waits.collect::<String>()))
    }

    /// Where a step stands in the plan, from 0: of several that are the same, the first one that has not ended.
    fn position(&self, step: &Step) -> Option<usize> {
        let is_it = |at: &usize| self.steps[*at].object == step.object && self.steps[*at].run == step.run;
        let same = || (0..self.steps.len()).filter(is_it);
        same().find(|at| !self.ended[*at]).or_else(|| same().next())
    }

    /// Notes the end of a step. Gives the time since the one before it, in which what it waited for is included, and the part that
    /// ended with it. Of a transaction the server tells the end of all steps at once.
    fn end(&mut self, position: usize) -> (Duration, Option<usize>) {
        let took = self.since.elapsed();
        self.since = Instant::now();
        self.working = None;
        self.ended[position] = true;
        let is_left = |at: &usize| !self.ended[*at];
        let (len, behind) = (self.steps.len(), (position + 1..self.steps.len()).find(is_left));
        self.next = behind.or_else(|| (0..len).find(is_left)).unwrap_or(len);
        let part = self.part_of[position];
        let (left, time) = &mut self.left[part];
        *left = left.saturating_sub(1);
        *time += took;
        (took, (*left == 0).then_some(part))
    }
}

impl<'a> Progress<'a> {
    pub(in crate::cli) fn new(shell: &'a Shell, manifest: &'a Manifest) -> Self {
        let now = Instant::now();
        Self { shell, manifest, began: now, told: now - AGAIN, run: None, moving: false }
    }

    /// Steps in place, once there is a plan.
    pub(in crate::cli) fn steps_done(&self) -> Option<usize> {
        self.run.as_ref().map(|run| run.ended.iter().filter(|ended| **ended).count())
    }

    /// Steps of the plan.
    pub(in crate::cli) fn steps_planned(&self) -> usize {
        self.run.as_ref().map_or(0, |run| run.steps.len())
    }

    /// The number of a step in the plan, from 1.
    pub(in crate::cli) fn number_of(&self, step: &Step) -> Option<usize> {
        Some(self.run.as_ref()?.position(step)? + 1)
    }

    /// `8 steps`, `116 steps in 7 parts`
    fn size(&self) -> String {
        let steps = plural(self.steps_planned(), "step");
        match &self.run {
            Some(run) if run.unit() == "part" => format!("{steps} in {}", plural(run.parts.len(), "part")),
            _ => steps,
        }
    }

    /// Tells what happened.
    pub(in crate::cli) fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::WaitingForLock(holder) => self.waiting(holder.as_ref()),
            Event::Locked(_) | Event::Ready => {}
            Event::Planned { from, plan } => {
                self.run = Some(Run::new(&plan.steps, self.shell.common.verbose > 0));
                self.planned(*from);
            }
            Event::Progress(execute::Progress::Finished(done)) => self.finished(done.step, Some(done)),
            Event::Progress(execute::Progress::Skipped(step)) => {
                self.finished(step, None);
            }
            Event::Progress(execute::Progress::Working { step, working }) => self.working(step, working),
            Event::Progress(execute::Progress::Retrying { step, sqlstate, delay }) => {
                self.retrying(step, sqlstate, *delay);
            }
        }
    }

    /// Something moves, so that nobody thinks that it hangs.
    pub(in crate::cli) fn tick(&mut self) {
        let Some(run) = &self.run else { return };
        let Some(current) = run.current() else { return };
        let (running, far) = (run.since.elapsed(), run.far());
        if self.shell.is_live() {
            let frame = FRAMES[(running.as_millis() / 100) as usize % FRAMES.len()];
            let time = paint(FAINT, figures::took(running));
            let far = far.map(|far| paint(FAINT, format!("   {far}"))).unwrap_or_default();
            self.shell.tell(&format!("\r\x1b[2K  {frame} {}   {time}{far}", cut(&current, TITLE_MAX)));
            self.moving = true;
        } else if running > AGAIN && self.told.elapsed() > AGAIN {
            self.told = Instant::now();
            let current = current.trim_start();
            let far = far.map(|far| format!(": {far}")).unwrap_or_default();
            self.line(&format!("freehold: {current} … {} so far{far}\n", figures::took(running)));
        }
    }

    /// Takes the moving line away.
    pub(in crate::cli) fn clear(&mut self) {
        if std::mem::take(&mut self.moving) {
            self.shell.tell("\r\x1b[2K");
        }
    }

    /// Ends the list of what was done.
    pub(in crate::cli) fn end(&mut self) {
        self.clear();
        if self.run.is_some() && self.shell.is_live() {
            self.shell.tell("\n");
        }
    }

    /// A line for people; programs have events.
    fn line(&mut self, text: &str) {
        self.clear();
        self.shell.tell(text);
    }

    /// An event for programs.
    fn emit(&self, event: &event::Event<'_>) {
        // An answer that cannot be written is told at the end, by the answer that cannot be written then.
        let _ = self.shell.answer(|format| match format {
            Format::Json => event::line(&self.manifest.service.name, event),
            _ => String::new(),
        });
    }

    fn waiting(&mut self, holder: Option<&Holder>) {
        if self.told.elapsed() < AGAIN {
            return;
        }
        self.told = Instant::now();
        self.emit(&event::Event::Waiting { pid: holder.map(|holder| holder.pid) });
        let who = holder.map_or("another process".to_owned(), |holder| {
            let name = holder.application.as_deref().map(|name| format!(" «{name}»")).unwrap_or_default();
            format!("pid {}{name}", holder.pid)
        });
        let service = &self.manifest.service.name;
        self.line(&format!("freehold: {service} is being brought up by {who}; waiting for it\n"));
    }

    fn planned(&mut self, from: Option<&str>) {
        let service = &self.manifest.service;
        let to = service.version.to_string();
        let steps = self.steps_planned();
        self.emit(&event::Event::Planned { from, to: &to, steps });
        let versions = match from {
            Some(from) if from != to => format!("{} {from} → {to}", service.name),
            _ => format!("{} {to}", service.name),
        };
        let line = match self.shell.is_live() {
            true => format!("{}\n\n", paint(STRONG, versions)),
            false => format!("freehold: {versions}, {}\n", self.size()),
        };
        self.line(&line);
        self.started();
    }

    /// The next step begins when the one before it has ended.
    fn started(&self) {
        let Some(run) = &self.run else { return };
        if let Some(step) = run.steps.get(run.next) {
            self.emit(&event::Event::StepStarted { step: event::step(run.next, step) });
        }
    }

    fn finished(&mut self, step: &Step, done: Option<&Done<'_>>) {
        let Some(run) = &mut self.run else { return };
        let Some(position) = run.position(step) else { return };
        let (took, ended) = run.end(position);
        let (parts, unit, width) = (run.parts.len(), run.unit(), run.width);
        let line = ended.map(|part| {
            let time = figures::took(run.left[part].1);
            (part, run.parts[part].title.clone(), if done.is_some() { time } else { "was there".to_owned() })
        });
        self.emit(&event::Event::StepFinished {
            step: event::step(position, step),
            skipped: done.is_none(),
            duration_ms: figures::ms(took),
            lock_wait_ms: done.map_or(0.0, |done| figures::ms(done.lock_wait)),
        });
        if let Some((part, title, time)) = line {
            let number = part + 1;
            let text = if self.shell.is_live() {
                let title = cut(&title, width);
                let room = " ".repeat(width.saturating_sub(title.width()));
                let (sign, time) = (paint(ADD, "✓"), paint(FAINT, format!("{time:>10}")));
                format!("  {sign} {number:>2} {title}{room} {time}\n")
            } else {
                format!("freehold: {unit} {number}/{parts} {title} … ok ({time})\n")
            };
            self.line(&text);
        }
        self.started();
    }

    fn working(&mut self, step: &Step, working: &Working) {
        let Some(run) = &mut self.run else { return };
        let Some(position) = run.position(step) else { return };
        (run.working, run.next) = (Some(working.clone()), position);
        self.emit(&event::Event::StepWorking { step: event::step(position, step), working });
    }

    fn retrying(&mut self, step: &Step, sqlstate: &str, delay: Duration) {
        let Some(position) = self.run.as_ref().and_then(|run| run.position(step)) else { return };
        let delay_ms = figures::ms(delay);
        self.emit(&event::Event::Retry { step: event::step(position, step), sqlstate, delay_ms });
        if self.told.elapsed() < AGAIN {
            return;
        }
        self.told = Instant::now();
        let tables: Vec<String> = step.lock.tables.iter().map(ToString::to_string).collect();
        let (tables, delay) = (tables.join(" and "), figures::took(delay));
        self.line(&format!(
            "freehold: {} gives way to others on {tables} ({sqlstate}); again in {delay}\n",
            step.object
        ));
    }

    /// The answer.
    pub(in crate::cli) fn outcome(&self, outcome: &Outcome, samples: &Samples, format: Format) -> String {
        let service = &self.manifest.service;
        let took = self.began.elapsed();
        if format == Format::Json {
            return event::line(&service.name, &event::Event::Done(event::done(outcome, samples, took)));
        }
        let name = format!("{} {}", service.name, service.version);
        match outcome {
            Outcome::Unchanged => {
                format!("{name}: nothing had to change ({})\n", figures::took(took))
            }
            Outcome::Drifted(drift) => {
                let found = plural(drift.len(), "object");
                format!("{name}: in place, but {found} changed by hand\n{}", drift_lines(drift))
            }
            Outcome::Waiting(waiting) => {
                format!(
                    "{name}: nothing could be done yet ({})\n{}",
                    figures::took(took),
                    waiting_lines(waiting, samples)
                )
            }
            Outcome::Ahead(version) => format!(
                "{name}: ahead — the database is at {version} and has all that {} needs; nothing was changed\n",
                service.version
            ),
            Outcome::Applied(applied) => {
                let from = applied.from.as_deref().filter(|from| *from != service.version.to_string());
                let name = from
                    .map_or(name.clone(), |from| format!("{} {from} → {}", service.name, service.version));
                let mut out = format!(
                    "{name}: done, {}, {}, ledger #{}\n",
                    plural(applied.steps, "step"),
                    figures::took(took),
                    applied.history
                );
                out.push_str(&waiting_lines(&applied.waiting, samples));
                out.push_str(&drift_lines(&applied.drift));
                out.push_str(&kept_lines(self.manifest, &applied.notes));
                out
            }
            Outcome::Refused(_) => String::new(),
        }
    }
}

fn drift_lines(drift: &[crate::kind::Refusal]) -> String {
    drift.iter().map(|drift| format!("  ~ {}: {}   {}\n", drift.object, drift.what, drift.code)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{Address, Tag};
    use crate::name::{Name, QName};
    use crate::sql::sql;
    use crate::step::{Phase, Transaction, Undo};

    fn step(name: &'static str) -> Step {
        let name = Name::new(name).unwrap();
        let table = QName { schema: Name::new("public").unwrap(), name: name.clone() };
        let run = sql!("create table {} ()", table);
        let undo = Undo::Lost("a test");
        let step =
            Step::on_new_ground(Address::top(Tag::Table, &table), Phase::Table, run, sql!("true"), undo);
        Step { transaction: Transaction::Alone, ..step }
    }

    #[test]
    fn a_step_is_told_by_itself_whichever_ends_first() {
        let steps = ["a", "b", "c"].map(step);
        let mut run = Run::new(&steps, true);
        let [a, b, c] = &steps;
        assert!(run.current().is_some_and(|title| title.starts_with(" 1 ")));
        // One in the middle turns out to be needless.
        assert_eq!(run.position(b), Some(1));
        assert_eq!(run.end(1).1, Some(1));
        assert!(run.current().is_some_and(|title| title.starts_with(" 3 ")));
        // One before it ends after all.
        assert_eq!(run.end(run.position(a).unwrap()).1, Some(0));
        assert!(run.current().is_some_and(|title| title.starts_with(" 3 ")));
        assert_eq!(run.end(run.position(c).unwrap()).1, Some(2));
        assert_eq!(run.current(), None);
        assert_eq!(run.position(&step("d")), None);
    }

    #[test]
    fn of_two_steps_that_are_the_same_each_ends_once() {
        let steps = ["a", "b", "a"].map(step);
        let mut run = Run::new(&steps, true);
        for position in [0, 1, 2] {
            assert_eq!(run.position(&steps[position]), Some(position));
            assert_eq!(run.end(position).1, Some(position));
        }
    }
}
