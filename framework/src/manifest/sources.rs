//! The files that a manifest consists of, and the way from an offset to a place in one of them.
//!
//! All texts stand one after another in one text, so that a span is a plain range of bytes whichever file it is in: whoever reads a
//! section need not know how many files there are.

use crate::step::Place;

use super::bundle::Bundle;
use super::text::Lines;

/// The files of one manifest, the manifest itself first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// One after another, a line end between them.
    text: String,
    /// Where each starts, and what it is called.
    files: Vec<(usize, String)>,
    /// How many of them are parts of the manifest; the others are named by it.
    parts: usize,
}

/// One file of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source<'a> {
    /// What it is called.
    pub path: &'a str,
    /// What it holds.
    pub text: &'a str,
    /// The offset of its first byte among all of them.
    pub start: usize,
}

impl Sources {
    /// A manifest that is one file.
    #[must_use]
    pub fn one(path: &str, text: &str) -> Self {
        let mut sources = Self::default();
        sources.part(path, text);
        sources
    }

    /// Adds a file that is a part of the manifest, and says where it starts.
    pub(super) fn part(&mut self, path: &str, text: &str) -> usize {
        self.parts += 1;
        self.push(path, text)
    }

    /// Adds a file that the manifest names, and says where it starts.
    pub(super) fn push(&mut self, path: &str, text: &str) -> usize {
        if !self.files.is_empty() {
            self.text.push('\n'); // So that the end of one file is not the start of the next.
        }
        let start = self.text.len();
        self.text.push_str(text);
        self.files.push((start, path.to_owned()));
        start
    }

    /// All texts. Spans are ranges of bytes in it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The files, the manifest itself first.
    pub fn files(&self) -> impl Iterator<Item = Source<'_>> {
        (0..self.files.len()).map(|index| self.file(index))
    }

    /// What [`Manifest::unpack`](super::Manifest::unpack) reads again: the text of the file, or of all of them packed.
    #[must_use]
    pub fn packed(&self) -> String {
        match self.files.as_slice() {
            [_] => self.text.clone(),
            _ => Bundle::pack(self.files().map(|file| (file.path, file.text))),
        }
    }

    /// The files that it includes.
    pub fn included(&self) -> impl Iterator<Item = Source<'_>> {
        self.files().take(self.parts).skip(1)
    }

    /// The files that the manifest names and that are not parts of it: bodies of functions, rows of seeds.
    pub fn named(&self) -> impl Iterator<Item = Source<'_>> {
        self.files().skip(self.parts)
    }

    /// The file that an offset is in.
    #[must_use]
    pub fn at(&self, offset: usize) -> Source<'_> {
        self.file(self.files.partition_point(|(start, _)| *start <= offset).saturating_sub(1))
    }

    fn file(&self, index: usize) -> Source<'_> {
        let Some((start, path)) = self.files.get(index) else {
            return Source { path: "", text: "", start: 0 };
        };
        let end = self.files.get(index + 1).map_or(self.text.len(), |(next, _)| next - 1);
        Source { path, text: &self.text[*start..end], start: *start }
    }

    /// The way from offsets to lines.
    #[must_use]
    pub fn positions(&self) -> Positions<'_> {
        Positions { lines: self.files().map(|file| Lines::new(file.text)).collect(), sources: self }
    }
}

/// The way from offsets to lines, prepared once for many questions.
#[derive(Debug)]
pub struct Positions<'a> {
    sources: &'a Sources,
    lines: Vec<Lines<'a>>,
}

impl Positions<'_> {
    /// Where an offset is.
    #[must_use]
    pub fn place(&self, offset: usize) -> Place {
        let index = self.sources.files.partition_point(|(start, _)| *start <= offset).saturating_sub(1);
        let file = self.sources.file(index);
        let (line, column) =
            self.lines.get(index).map_or((1, 1), |lines| lines.position(offset.saturating_sub(file.start)));
        Place { file: file.path.to_owned(), line, column }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_in_the_file_that_it_was_added_with() {
        let mut sources = Sources::one("a.toml", "one\ntwo");
        assert_eq!(sources.push("b.toml", "\u{feff}three"), 8);
        assert_eq!(sources.push("c.toml", ""), 17);
        let place = |offset| {
            let Place { file, line, column } = sources.positions().place(offset);
            (file, line, column)
        };
        assert_eq!(place(0), ("a.toml".to_owned(), 1, 1));
        assert_eq!(place(7), ("a.toml".to_owned(), 2, 4), "the end of a file is in it");
        assert_eq!(place(12), ("b.toml".to_owned(), 1, 2));
        assert_eq!(place(99), ("c.toml".to_owned(), 1, 1));
        let texts: Vec<&str> = sources.files().map(|file| file.text).collect();
        assert_eq!(texts, ["one\ntwo", "\u{feff}three", ""]);
    }
}
