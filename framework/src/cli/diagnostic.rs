//! Problems of a manifest on paper: drawn with their source for people, in rustc's shape, and as JSON for machines, in
//! terraform's.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::Serialize;

use crate::manifest::{self, Positions, Problem, Severity, Sources};
use crate::step;

/// The files of a manifest with their problems.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// The files.
    pub sources: &'a Sources,
    /// What is wrong with it, by place.
    pub problems: &'a [Problem],
}

impl Report<'_> {
    /// The problems drawn with their source, an empty line between them. `colour` adds terminal escapes.
    #[must_use]
    pub fn human(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let drawn: Vec<String> = self.problems.iter().map(|problem| self.drawn(problem, &renderer)).collect();
        drawn.join("\n\n")
    }

    fn drawn(&self, problem: &Problem, renderer: &Renderer) -> String {
        let level = match problem.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        // The places in the file of the problem first, then those in other files, each drawn with its own source.
        let at = self.sources.at(problem.span.start);
        let primary = AnnotationKind::Primary.span(clipped(at, &problem.span)).label(problem.label.as_str());
        let mut places = vec![(at, vec![primary])];
        for (span, label) in &problem.context {
            let at = self.sources.at(span.start);
            let context = AnnotationKind::Context.span(clipped(at, span)).label(label.as_str());
            match places.iter_mut().find(|(file, _)| file.start == at.start) {
                Some((_, annotations)) => annotations.push(context),
                None => places.push((at, vec![context])),
            }
        }
        let snippets = places
            .into_iter()
            .map(|(file, annotations)| Snippet::source(file.text).path(file.path).annotations(annotations));
        let help = problem.help.iter().map(|help| Level::HELP.message(help.as_str()));
        let title = level.primary_title(problem.title.as_str()).id(problem.code);
        renderer.render(&[title.elements(snippets).elements(help)])
    }

    /// The problems as commands to GitHub's runner, a line each.
    #[must_use]
    pub fn github(&self) -> String {
        let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
        let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
        let line = |problem: &Problem, found: Diagnostic| {
            let Place { file, start, end } = &found.range;
            let help = problem.help.iter().map(|help| format!("help: {help}"));
            let said: Vec<String> =
                [problem.label.clone()].into_iter().filter(|label| !label.is_empty()).chain(help).collect();
            let said = if said.is_empty() { found.summary.clone() } else { said.join("\n") };
            let title = format!("{}: {}", found.code, found.summary);
            format!(
                "::{} file={},line={},endLine={},col={},endColumn={},title={}::{}\n",
                found.severity,
                property(file),
                start.line,
                end.line,
                start.column,
                end.column,
                property(&title),
                data(&said)
            )
        };
        self.problems.iter().zip(self.json()).map(|(problem, found)| line(problem, found)).collect()
    }

    /// The problems as values for JSON.
    #[must_use]
    pub fn json(&self) -> Vec<Diagnostic> {
        let positions = self.sources.positions();
        self.problems.iter().map(|problem| self.diagnostic(problem, &positions)).collect()
    }

    fn diagnostic(&self, problem: &Problem, positions: &Positions<'_>) -> Diagnostic {
        let range = self.range(&problem.span, positions);
        let file = self.sources.at(problem.span.start);
        let span = clipped(file, &problem.span);
        let line_start = file.text[..span.start].rfind('\n').map_or(0, |end| end + 1);
        let line_end = file.text[span.start..].find('\n').map_or(file.text.len(), |end| span.start + end);
        let code = file.text[line_start..line_end].trim_end_matches('\r').to_owned();
        let detail = [problem.label.clone()].into_iter().chain(problem.help.iter().cloned());
        let related = problem
            .context
            .iter()
            .map(|(span, label)| Related { message: label.clone(), range: self.range(span, positions) });
        Diagnostic {
            severity: match problem.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            code: problem.code,
            summary: problem.title.clone(),
            detail: detail.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n"),
            snippet: Source {
                start_line: range.start.line,
                highlight_start_offset: span.start - line_start,
                highlight_end_offset: (span.end - line_start).min(code.len()),
                code,
            },
            range,
            related: related.collect(),
        }
    }

    fn range(&self, span: &Range<usize>, positions: &Positions<'_>) -> Place {
        let file = self.sources.at(span.start);
        let mark = |byte: usize| {
            let step::Place { line, column, .. } = positions.place(file.start + byte);
            Mark { line, column, byte }
        };
        let span = clipped(file, span);
        Place { file: file.path.to_owned(), start: mark(span.start), end: mark(span.end) }
    }
}

/// A span within its file, whatever it was.
fn clipped(file: manifest::Source<'_>, span: &Range<usize>) -> Range<usize> {
    let inside = |offset: usize| {
        let mut offset = offset.saturating_sub(file.start).min(file.text.len());
        while !file.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    };
    let start = inside(span.start);
    start..inside(span.end).max(start)
}

/// One problem in terraform's shape.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnostic {
    /// `error` or `warning`.
    pub severity: &'static str,
    /// The code to look up.
    pub code: &'static str,
    /// The sentence.
    pub summary: String,
    /// What stands beside the place, and what to do, a line each.
    pub detail: String,
    /// Where it is.
    pub range: Place,
    /// The line that it is in.
    pub snippet: Source,
    /// Other places that explain it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
}

/// A stretch of a file.
#[derive(Clone, Debug, Serialize)]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// Its first character.
    pub start: Mark,
    /// The character behind its last one.
    pub end: Mark,
}

/// A character of a file.
#[derive(Clone, Debug, Serialize)]
pub struct Mark {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Byte of the file, from 0.
    pub byte: usize,
}

/// The line that a problem is in.
#[derive(Clone, Debug, Serialize)]
pub struct Source {
    /// The line.
    pub code: String,
    /// Its number, from 1.
    pub start_line: usize,
    /// The first byte of the line that is meant, from 0.
    pub highlight_start_offset: usize,
    /// The byte behind the last one that is meant.
    pub highlight_end_offset: usize,
}

/// A place that explains a problem.
#[derive(Clone, Debug, Serialize)]
pub struct Related {
    /// What there is to see.
    pub message: String,
    /// Where.
    pub range: Place,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::reversed_empty_ranges, reason = "the point of the test")]
    fn a_span_that_is_not_in_the_text_is_drawn_where_it_can_be() {
        for span in [0..0, 7..99, 3..1, 99..99, 1..2] {
            let problems = [Problem::error("FH100", span.clone(), "x").label("y").context(span, "z")];
            let sources = Sources::one("f", "aü\r\nb");
            let report = Report { sources: &sources, problems: &problems };
            assert!(report.human(false).starts_with("error[FH100]: x\n --> f:"), "{}", report.human(false));
            assert_eq!(report.json().len(), 1);
        }
    }
}
