//! Problems of a manifest on paper: drawn with their source for people, in rustc's shape, and as JSON for machines, in
//! terraform's.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::Serialize;

use crate::manifest::{Lines, Problem, Severity};

/// A file with its problems.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// The file, as it was named.
    pub file: &'a str,
    /// What it holds.
    pub text: &'a str,
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
        let primary = AnnotationKind::Primary.span(self.clipped(&problem.span)).label(problem.label.as_str());
        let context = problem
            .context
            .iter()
            .map(|(span, label)| AnnotationKind::Context.span(self.clipped(span)).label(label.as_str()));
        let source = Snippet::source(self.text).path(self.file).annotation(primary).annotations(context);
        let help = problem.help.iter().map(|help| Level::HELP.message(help.as_str()));
        let title = level.primary_title(problem.title.as_str()).id(problem.code);
        renderer.render(&[title.element(source).elements(help)])
    }

    /// A span that lies in the text, whatever it was.
    fn clipped(&self, span: &Range<usize>) -> Range<usize> {
        let inside = |mut offset: usize| {
            offset = offset.min(self.text.len());
            while !self.text.is_char_boundary(offset) {
                offset -= 1;
            }
            offset
        };
        let start = inside(span.start);
        start..inside(span.end).max(start)
    }

    /// The problems as values for JSON.
    #[must_use]
    pub fn json(&self) -> Vec<Diagnostic> {
        let lines = Lines::new(self.text);
        self.problems.iter().map(|problem| self.diagnostic(problem, &lines)).collect()
    }

    fn diagnostic(&self, problem: &Problem, lines: &Lines<'_>) -> Diagnostic {
        let range = self.range(&problem.span, lines);
        let span = self.clipped(&problem.span);
        let line_start = self.text[..span.start].rfind('\n').map_or(0, |end| end + 1);
        let line_end = self.text[span.start..].find('\n').map_or(self.text.len(), |end| span.start + end);
        let code = self.text[line_start..line_end].trim_end_matches('\r').to_owned();
        let detail = [problem.label.clone()].into_iter().chain(problem.help.iter().cloned());
        let related = problem
            .context
            .iter()
            .map(|(span, label)| Related { message: label.clone(), range: self.range(span, lines) });
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

    fn range(&self, span: &Range<usize>, lines: &Lines<'_>) -> Place {
        let mark = |offset: usize| {
            let (line, column) = lines.position(offset);
            Mark { line, column, byte: offset }
        };
        let span = self.clipped(span);
        Place { file: self.file.to_owned(), start: mark(span.start), end: mark(span.end) }
    }
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
            let report = Report { file: "f", text: "aü\r\nb", problems: &problems };
            assert!(report.human(false).starts_with("error[FH100]: x\n --> f:"), "{}", report.human(false));
            assert_eq!(report.json().len(), 1);
        }
    }
}
