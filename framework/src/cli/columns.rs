//! Text in columns, without lines round it: each column as wide as its widest cell, the last one as long as it is.

use anstyle::Style;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::paint::paint;

/// One cell: text in one or more styles.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    spans: Vec<(String, Style)>,
    right: bool,
}

impl Cell {
    /// Flush left, in no colour.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { spans: vec![(text.into(), Style::new())], right: false }
    }

    /// All of it in this style.
    pub(super) fn style(mut self, style: Style) -> Self {
        self.spans.iter_mut().for_each(|span| span.1 = style);
        self
    }

    /// With more text behind it.
    pub(super) fn then(mut self, text: impl Into<String>, style: Style) -> Self {
        self.spans.push((text.into(), style));
        self
    }

    /// Flush right.
    pub(super) fn right(self) -> Self {
        Self { right: true, ..self }
    }

    fn width(&self) -> usize {
        self.spans.iter().map(|(text, _)| text.width()).sum()
    }

    fn painted(&self) -> String {
        let filled = self.spans.iter().filter(|(text, _)| !text.is_empty());
        filled.map(|(text, style)| paint(*style, text)).collect()
    }
}

/// The rows, a line each, with so many spaces before each line and between columns.
pub(super) fn columns(rows: &[Vec<Cell>], indent: usize, gap: usize) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for (column, cell) in rows.iter().flat_map(|row| row.iter().enumerate()) {
        if widths.len() <= column {
            widths.resize(column + 1, 0);
        }
        widths[column] = widths[column].max(cell.width());
    }
    let mut out = String::new();
    for row in rows {
        let filled = row.iter().rposition(|cell| cell.width() > 0).map_or(0, |last| last + 1);
        out.push_str(&" ".repeat(if filled == 0 { 0 } else { indent }));
        for (column, cell) in row.iter().take(filled).enumerate() {
            let space = " ".repeat(widths[column] - cell.width());
            let text = cell.painted();
            match (cell.right, column + 1 == filled) {
                (true, _) => out.extend([space, text]),
                (false, true) => out.push_str(&text),
                (false, false) => out.extend([text, space]),
            }
            if column + 1 < filled {
                out.push_str(&" ".repeat(gap));
            }
        }
        out.push('\n');
    }
    out
}

/// The first `width` columns of a text, with a sign that there is more.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    for letter in text.chars() {
        if out.width() + letter.width().unwrap_or(0) + 1 > width {
            break;
        }
        out.push(letter);
    }
    format!("{}…", out.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_lines_end_where_their_text_ends() {
        let rows = [
            vec![Cell::new("#").right(), Cell::new("step"), Cell::new("how long")],
            vec![Cell::new("10").right(), Cell::new("größe 数"), Cell::new("")],
            vec![],
            vec![Cell::new("9").right(), Cell::new("b"), Cell::new("instant")],
        ];
        let drawn = columns(&rows, 2, 1);
        assert_eq!(drawn, "   # step     how long\n  10 größe 数\n\n   9 b        instant\n");
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abcde…");
        assert_eq!(cut("数数数数", 6), "数数…");
    }
}
