//! `freehold explain`: what a code means, an example, why, and what to do. The pages are those of `docs/errors`.

use serde::Serialize;

use super::args::{self, Format};
use super::columns::{Cell, columns};
use super::exit::Exit;
use super::failure::Failure;
use super::paint::{FAINT, STRONG, paint};
use super::plan::json::{FORMAT_VERSION, line_of};
use super::shell::Shell;
use super::{End, code};
use crate::manifest::nearest;

/// The formats of the answer.
pub(super) const FORMATS: &[Format] = &[Format::Human, Format::Json];

macro_rules! pages {
    ($($code:literal)*) => {
        /// Every code with its page.
        const PAGES: &[(&str, &str)] =
            &[$(($code, include_str!(concat!("../../../docs/errors/", $code, ".md")))),*];
    };
}

pages! {
    "FH100" "FH101" "FH102" "FH103" "FH104" "FH105" "FH106" "FH107" "FH108"
    "FH110" "FH111" "FH112" "FH113" "FH114" "FH115" "FH116"
    "FH120" "FH121" "FH122" "FH123" "FH124"
    "FH130" "FH131" "FH132" "FH133" "FH134" "FH135"
    "FH140" "FH141" "FH142"
    "FH150" "FH151" "FH152"
    "FH160" "FH161" "FH162" "FH163"
    "FH170" "FH171" "FH172"
    "FH180"
    "FH190" "FH191" "FH192" "FH193" "FH194" "FH195" "FH196"
    "FH201"
    "FH210" "FH211" "FH212" "FH213" "FH214" "FH215" "FH216" "FH217" "FH218" "FH219"
    "FH220" "FH221" "FH222" "FH223" "FH224" "FH225" "FH226" "FH227"
    "FH230" "FH231" "FH232" "FH233" "FH234"
    "FH240" "FH241" "FH242" "FH243"
    "FH260" "FH261" "FH262" "FH263" "FH265" "FH266" "FH267" "FH268"
    "FH290"
    "FH300" "FH301" "FH302"
    "FH310" "FH311" "FH312" "FH313" "FH314"
    "FH320"
    "FH330"
    "FH340" "FH341" "FH342" "FH343" "FH344" "FH345" "FH346" "FH347"
    "FH400" "FH401" "FH402" "FH403" "FH404" "FH405" "FH406" "FH407" "FH408"
    "FH410" "FH411" "FH412" "FH413" "FH414" "FH415" "FH416" "FH417" "FH418"
    "FH420" "FH421"
    "FH499"
}

/// One page, for programs.
#[derive(Serialize)]
struct Page {
    code: &'static str,
    /// What it means, in a line.
    title: &'static str,
    /// The rest, in Markdown.
    text: &'static str,
}

/// Explains a code, or lists all of them.
pub(super) fn run(shell: &Shell, args: &args::Explain) -> Result<Exit, End> {
    let found: Vec<Page> = match &args.code {
        None => PAGES.iter().map(|(code, text)| page(code, text)).collect(),
        Some(wanted) => vec![find(wanted)?],
    };
    shell.answer(|format| match (format, found.as_slice()) {
        (Format::Json, found) => line_of(&Answer { format_version: FORMAT_VERSION, codes: found }),
        (_, [page]) => human(page),
        (_, pages) => list(pages),
    })?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Answer<'a> {
    format_version: &'static str,
    codes: &'a [Page],
}

/// `# FH140: an unknown type` and the rest.
fn page(code: &'static str, text: &'static str) -> Page {
    let (head, text) = text.split_once('\n').unwrap_or((text, ""));
    Page { code, title: head.split_once(": ").map_or(head, |(_, title)| title), text: text.trim_start() }
}

fn find(wanted: &str) -> Result<Page, Failure> {
    let code = wanted.trim_matches(['[', ']']).to_uppercase();
    let code = if code.bytes().all(|byte| byte.is_ascii_digit()) { format!("FH{code}") } else { code };
    if let Some((code, text)) = PAGES.iter().find(|(known, _)| *known == code) {
        return Ok(page(code, text));
    }
    let failure = Failure::new(Exit::Usage, code::UNKNOWN, format!("there is no code `{wanted}`"));
    Err(match nearest(&code, PAGES.iter().map(|(known, _)| *known)) {
        Some(meant) => failure.help(format!("did you mean {meant}? `freehold explain` lists all of them")),
        None => failure.help("`freehold explain` lists all of them"),
    })
}

fn list(pages: &[Page]) -> String {
    let row = |page: &Page| vec![Cell::new(page.code).style(STRONG), Cell::new(page.title)];
    let mut out = columns(&pages.iter().map(row).collect::<Vec<_>>(), 0, 2);
    out.push_str("\nfreehold explain <CODE> says what one means, and what to do.\n");
    out
}

/// A page for a terminal: headings without their marks, what was fenced is moved in.
fn human(page: &Page) -> String {
    let mut out = format!("{}  {}\n\n", paint(STRONG, page.code), paint(STRONG, page.title));
    let mut fenced = false;
    for line in page.text.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            out.push_str(&format!("    {line}\n"));
        } else if let Some(heading) = line.strip_prefix("## ") {
            out.push_str(&format!("{}\n", paint(FAINT, heading)));
        } else {
            out.push_str(&wrapped(line));
        }
    }
    out
}

/// A paragraph in lines that fit a terminal.
fn wrapped(paragraph: &str) -> String {
    const WIDTH: usize = 100;
    let mut out = String::new();
    let mut width = 0;
    for word in paragraph.split(' ') {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > WIDTH {
            out.push('\n');
            width = 0;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::super::lint::{self, lint};
    use super::*;
    use crate::manifest::code::CODES;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// Every code that stands in a string of this crate.
    fn in_source(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                in_source(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.ends_with("explain.rs")
            {
                let text = std::fs::read_to_string(path).unwrap();
                found.extend(text.match_indices("\"FH").filter_map(|(at, _)| {
                    let code = text.get(at + 1..at + 6)?;
                    let whole = text[at + 6..].starts_with('"')
                        && code[2..].bytes().all(|byte| byte.is_ascii_digit());
                    whole.then(|| code.to_owned())
                }));
            }
        }
    }

    #[test]
    fn each_code_has_a_page_and_each_page_a_code() {
        let mut source = BTreeSet::new();
        in_source(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut source);
        let pages: BTreeSet<String> = PAGES.iter().map(|(code, _)| (*code).to_owned()).collect();
        assert_eq!(
            source.difference(&pages).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "write docs/errors/<CODE>.md and name it in cli/explain.rs"
        );
        assert_eq!(
            pages.difference(&source).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "pages of codes that are gone"
        );
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors");
        let files = std::fs::read_dir(folder).unwrap();
        let files: BTreeSet<String> = files
            .map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(files, pages, "files in docs/errors, and pages named here");
        assert!(PAGES.is_sorted_by(|one, next| one.0 < next.0));
    }

    #[test]
    fn every_page_has_its_parts() {
        for (code, text) in PAGES {
            assert!(text.starts_with(&format!("# {code}: ")), "{code}");
            for part in ["\n## Why\n\n", "\n## What to do\n\n", "\n```text\n"] {
                assert!(text.contains(part), "{code} lacks {part:?}");
            }
        }
        for (code, sentence) in CODES.iter().chain(code::CODES) {
            let (_, text) = PAGES.iter().find(|(known, _)| known == code).unwrap();
            assert!(text.starts_with(&format!("# {code}: {sentence}\n")), "{code}: {sentence}");
        }
    }

    /// The fenced blocks of a page in one language.
    fn fenced<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
        let fence = format!("\n```{language}\n");
        let fences = text.split(&fence).skip(1);
        fences.map(|block| &block[..block.find("```").unwrap()]).collect::<Vec<_>>()
    }

    #[test]
    fn an_example_of_a_manifest_says_what_its_page_says_it_says() {
        let mut examples = 0;
        for (code, text) in PAGES {
            let manifests = fenced(text, "toml");
            let file = |manifest: &&str| {
                let name =
                    manifest.split("name = \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
                let name = if name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') {
                    name
                } else {
                    "shop-service"
                };
                (format!("{name}.toml"), (*manifest).to_owned())
            };
            let files: Vec<_> = manifests.iter().map(file).collect();
            if files.is_empty() {
                continue;
            }
            examples += 1;
            let (said, _) = lint(&files, lint::Format::Human { colour: false });
            let wanted = fenced(text, "text");
            assert!(wanted[0].contains(&format!("[{code}]: ")), "{code}");
            assert!(
                said.contains(wanted[0].trim_end()),
                "{code}: the page says\n{}\nand lint says\n{said}",
                wanted[0]
            );
        }
        assert!(examples > 30, "{examples}");
    }

    #[test]
    fn a_code_is_found_however_it_is_written() {
        for written in ["FH140", "fh140", "140", "[FH140]"] {
            assert_eq!(find(written).ok().unwrap().title, "an unknown type");
        }
        let failure = find("FH149").err().unwrap().human();
        assert!(failure.contains("did you mean FH14"), "{failure}");
        let text = human(&find("FH140").ok().unwrap());
        assert!(
            text.contains("\n    note = \"string\"\n") && !text.contains("```") && !text.contains("##"),
            "{text}"
        );
    }
}
